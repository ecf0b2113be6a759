"""Orchestrators that show what passes between the engine and the SDK."""

from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df

from tests.contract.episodes import Steps


class Money:
    """A class of the app's own, as payload."""

    def __init__(self, amount: int) -> None:
        self.amount = amount

    @staticmethod
    def to_json(money: "Money") -> str:
        return str(money.amount)

    @staticmethod
    def from_json(text: str) -> "Money":
        return Money(int(text))


def make_app() -> list[df.Blueprint]:
    return [plain_orchestrators(), ending_orchestrators(), activities()]


def plain_orchestrators() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def waiting(context: df.DurableOrchestrationContext) -> Steps:
        yield context.wait_for_external_event("end")
        return context.get_input()

    @bp.orchestration_trigger(context_name="context")
    def two_steps(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("echo", 1)
        yield context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def parent(context: df.DurableOrchestrationContext) -> Steps:
        return (yield context.call_sub_orchestrator("waiting", {"a": 1}, "the-child"))

    @bp.orchestration_trigger(context_name="context")
    def identities(context: df.DurableOrchestrationContext) -> Steps:
        seen = [context.new_uuid(), str(context.new_guid()), context.new_uuid()]
        times = [context.current_utc_datetime.isoformat()]
        for _ in range(3):
            yield context.wait_for_external_event("next")
            seen.append(context.new_uuid())
            times.append(context.current_utc_datetime.isoformat())
            context.set_custom_status([seen, times])

    @bp.orchestration_trigger(context_name="context")
    def replays(context: df.DurableOrchestrationContext) -> Steps:
        seen = [context.is_replaying]
        yield context.call_activity("echo", 1)
        seen.append(context.is_replaying)
        yield context.wait_for_external_event("next")
        seen.append(context.is_replaying)
        context.set_custom_status(seen)
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def naive_timer(context: df.DurableOrchestrationContext) -> Steps:
        yield context.create_timer(datetime(2030, 1, 1))

    @bp.orchestration_trigger(context_name="context")
    def statuses(context: df.DurableOrchestrationContext) -> Steps:
        for status in context.get_input():
            context.set_custom_status(status)
            yield context.wait_for_external_event("next")

    @bp.orchestration_trigger(context_name="context")
    def status_of_size(context: df.DurableOrchestrationContext) -> Steps:
        character, length = context.get_input()
        yield context.call_activity("echo", 1)
        context.set_custom_status(character * length)
        yield context.call_activity("echo", 2)

    return bp


def ending_orchestrators() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def returning(context: df.DurableOrchestrationContext) -> Steps:
        yield context.task_all([])
        return context.get_input()

    @bp.orchestration_trigger(context_name="context")
    def raising(context: df.DurableOrchestrationContext) -> Steps:
        context.set_custom_status("last words")
        context.signal_entity(df.EntityId("counter", context.instance_id), "add", 1)
        yield context.task_any([context.call_activity("echo", 1), context.wait_for_external_event("never")])
        raise ValueError(*context.get_input())

    @bp.orchestration_trigger(context_name="context")
    def returning_an_object(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("echo", 1)
        return object()

    @bp.orchestration_trigger(context_name="context")
    def yielding_a_number(context: df.DurableOrchestrationContext) -> Steps:
        yield 1

    @bp.orchestration_trigger(context_name="context")
    def money(context: df.DurableOrchestrationContext) -> Steps:
        result = yield context.call_activity("doubled", context.get_input(), expected_type=Money)
        return result.amount

    @bp.orchestration_trigger(context_name="context")
    def catching_a_child(context: df.DurableOrchestrationContext) -> Steps:
        try:
            yield context.call_sub_orchestrator("raising", ["boom"], "raising-child")
        except Exception as error:
            return [type(error).__name__, str(error)]

    @bp.orchestration_trigger(context_name="context")
    def unused_tasks(context: df.DurableOrchestrationContext) -> Steps:
        context.call_activity("echo", "never yielded")
        nothing = yield context.task_all([])
        return nothing

    return bp


def activities() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.activity_trigger(input_name="payload")
    def echo(payload: Any) -> Any:
        return payload

    @bp.activity_trigger(input_name="payload")
    def doubled(payload: int) -> Money:
        return Money(2 * payload)

    @bp.entity_trigger(context_name="context")
    def counter(context: df.DurableEntityContext) -> None:
        context.set_state(context.get_state(lambda: 0) + context.get_input())

    return bp
