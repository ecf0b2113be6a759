"""Histories of yesterday and code of today."""

from collections.abc import Callable, Generator
from typing import Any

import azure.durable_functions as df
import pytest

from devhost.testing import HistoryReplayer, OrchestrationTestHost

Steps = Generator[Any, Any, Any]


def app_with(order: Callable[[df.DurableOrchestrationContext], Steps]) -> df.DFApp:
    """An app with this orchestrator and one activity."""
    app = df.DFApp()
    app.orchestration_trigger(context_name="context", orchestration="order")(order)

    def pay(price: int) -> int:
        return price + 1

    app.activity_trigger(input_name="price", activity="pay")(pay)
    return app


def pays(context: df.DurableOrchestrationContext) -> Steps:
    """Pay, then return the sum."""
    context.set_custom_status({"at": "till"})
    total = yield context.call_activity("pay", 20)
    return {"total": total}


def waits_first(context: df.DurableOrchestrationContext) -> Steps:
    """What ``pays`` becomes when somebody changes it."""
    yield context.wait_for_external_event("approval")
    yield context.create_timer(context.current_utc_datetime)
    return (yield context.call_activity("pay", 20))


def changes_the_timer(context: df.DurableOrchestrationContext) -> Steps:
    """Sets a timer where ``pays`` called an activity."""
    yield context.create_timer(context.current_utc_datetime)


def fails(context: df.DurableOrchestrationContext) -> Steps:
    """Pay, then raise."""
    yield context.call_activity("pay", 20)
    raise ValueError("no lamps left")


def context_of(order: Callable[[df.DurableOrchestrationContext], Steps]) -> dict[str, Any]:
    """What the SDK was given in the last episode of a run."""
    with OrchestrationTestHost(app_with(order)) as host:
        host.start("order")
        host.wait_quiescent()
        return host.last_context()


def test_the_same_code_comes_to_the_same_end() -> None:
    with HistoryReplayer(app_with(pays)) as replayer:
        replayed = replayer.replay("order", context_of(pays))
    assert (replayed.runtime_status, replayed.failure, replayed.error) == ("Completed", None, None)
    assert (replayed.is_done, replayed.output, replayed.custom_status) == (True, {"total": 21}, {"at": "till"})
    assert [action["functionName"] for action in replayed.actions] == ["pay"]


def test_code_that_asks_for_something_else_fails_and_says_where() -> None:
    with HistoryReplayer(app_with(changes_the_timer)) as replayer:
        replayed = replayer.replay("order", context_of(pays))
    assert (replayed.runtime_status, replayed.error) == ("Failed", None)
    assert "an activity task with sequence number 0 named 'pay'" in str(replayed.failure)


def test_an_orchestrator_that_raises_is_no_fault_of_the_replay() -> None:
    with HistoryReplayer(app_with(fails)) as replayer:
        replayed = replayer.replay("order", context_of(fails))
    assert (replayed.runtime_status, replayed.error, replayed.failure) == (
        "Failed",
        "no lamps left",
        "no lamps left",
    )


def test_an_instance_that_waits_is_running() -> None:
    with HistoryReplayer(app_with(waits_first)) as replayer:
        replayed = replayer.replay("order", context_of(waits_first))
    assert (replayed.runtime_status, replayed.is_done, replayed.failure) == ("Running", False, None)


def test_a_host_on_which_nothing_ran_has_no_context_and_says_so() -> None:
    with (
        OrchestrationTestHost(app_with(pays)) as host,
        pytest.raises(LookupError, match=r"No orchestrator has run on this host\. Start one"),
    ):
        host.last_context()


def test_a_name_that_is_not_published_is_refused_as_in_any_module() -> None:
    import devhost.testing

    with pytest.raises(AttributeError, match="no attribute 'FunctionInvoker'"):
        devhost.testing.FunctionInvoker  # noqa: B018
