"""An app whose orchestrations do everything that a timeline has to show."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from devhost.testing import OrchestrationTestHost

ORDER_ID = "order-17"
Steps = Generator[Any, Any, Any]
MARKUP = "<script>alert('shipped')</script>"


def order_functions() -> df.Blueprint:
    """New functions for each test host."""
    bp = df.Blueprint()
    bp.orchestration_trigger(context_name="context")(order)
    bp.orchestration_trigger(context_name="context")(packing)
    bp.orchestration_trigger(context_name="context")(misspelt)
    bp.orchestration_trigger(context_name="context")(repeat)
    bp.entity_trigger(context_name="context")(stock)
    bp.entity_trigger(context_name="context")(echo)
    for activity in (reserve, charge, wrap):
        bp.activity_trigger(input_name="payload")(activity)
    return bp


def order(context: df.DurableOrchestrationContext) -> Steps:
    """Reserve, charge with retries, ask a person, pack, count; one activity fails on the way."""
    context.set_custom_status("reserving")
    yield context.call_activity("reserve", context.get_input())
    retry = df.RetryOptions(5_000, 3)
    yield context.call_activity_with_retry("charge", retry, {"amount": 12})
    approval = context.wait_for_external_event("Approval")
    deadline = context.create_timer(context.current_utc_datetime + timedelta(hours=48))
    yield context.task_any([approval, deadline])
    if not deadline.is_completed:
        deadline.cancel()
    yield context.call_sub_orchestrator("packing", MARKUP)
    count = yield context.call_entity(df.EntityId("stock", "pens"), "take", 2)
    context.signal_entity(df.EntityId("stock", "pencils"), "take", 1)
    return {"left": count, "note": MARKUP}


def packing(context: df.DurableOrchestrationContext) -> Steps:
    """A child."""
    return (yield context.call_activity("wrap", context.get_input()))


def misspelt(context: df.DurableOrchestrationContext) -> Steps:
    """Call the activity that the input names."""
    return (yield context.call_activity(context.get_input(), None))


def repeat(context: df.DurableOrchestrationContext) -> Steps:
    """Say the input wherever an app can say something."""
    words = context.get_input()
    context.set_custom_status({words: words})
    context.signal_entity(df.EntityId("echo", "one"), "keep", words)
    yield context.call_activity("wrap", words)
    raise ValueError(words)


def echo(context: df.DurableEntityContext) -> None:
    """Keep the last input."""
    context.set_state({"kept": context.get_input()})


def stock(context: df.DurableEntityContext) -> None:
    """Count down from a hundred."""
    left = context.get_state(lambda: 100) - context.get_input()
    context.set_state(left)
    context.set_result(left)


_charges: list[int] = []


def reserve(payload: dict) -> dict:
    """Succeed with a long result."""
    return {"lines": [f"{number} pens" for number in range(200)]}


def charge(payload: dict) -> str:
    """Fail at the first try of each order."""
    _charges.append(payload["amount"])
    if len(_charges) % 2:
        raise ValueError(f"the bank is busy {MARKUP}")
    return "charged"


def wrap(payload: str) -> str:
    """Give the text back."""
    return payload


def run_order(host: OrchestrationTestHost, instance_id: str = ORDER_ID) -> str:
    """Run one order to its end, with a retry after 5 s and an approval after 20 h."""
    begin_order(host, instance_id)
    host.advance(hours=20)
    host.raise_event(instance_id, "Approval", {"approved": True})
    host.wait_quiescent()
    return instance_id


def begin_order(host: OrchestrationTestHost, instance_id: str = ORDER_ID) -> str:
    """Run one order until it waits for its approval."""
    host.start("order", {"pens": 2}, instance_id)
    host.wait_quiescent()
    host.advance(seconds=5)
    host.wait_quiescent()
    return instance_id
