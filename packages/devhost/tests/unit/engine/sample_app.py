"""Small orchestrators, activities and entities, one per rule of the engine, for the real SDK to run."""

import threading
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func

RETRY_THREE_TIMES = df.RetryOptions(first_retry_interval_in_milliseconds=5000, max_number_of_attempts=3)
Steps = Generator[Any, Any, Any]


class SampleApp:
    """An app, with the inputs and the settings of its activities.

    Attributes:
        calls: the inputs of all activity runs, in order.
        failures_left: how often ``flaky`` still fails.
        gate: ``blocked`` waits for it.
    """

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.failures_left = 0
        self.gate = threading.Event()
        self.app = func.FunctionApp()
        for blueprint in (
            self._activities(),
            _orchestrators(),
            _waiting_orchestrators(),
            _composed(),
            _entities(),
        ):
            self.app.register_functions(blueprint)

    def _activities(self) -> df.Blueprint:
        bp = df.Blueprint()

        @bp.activity_trigger(input_name="payload")
        def echo(payload: Any) -> Any:
            self.calls.append(payload)
            return payload

        @bp.activity_trigger(input_name="payload")
        def flaky(payload: Any) -> Any:
            self.calls.append(payload)
            if self.failures_left > 0:
                self.failures_left -= 1
                raise ValueError("boom")
            return payload

        @bp.activity_trigger(input_name="payload")
        async def echo_async(payload: Any) -> Any:
            return payload

        @bp.activity_trigger(input_name="payload")
        def blocked(payload: Any) -> Any:
            self.calls.append(payload)
            self.gate.wait(timeout=60)
            return payload

        return bp


def _orchestrators() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def sequence(context: df.DurableOrchestrationContext) -> Steps:
        context.set_custom_status("first")
        first = yield context.call_activity("echo", context.get_input())
        context.set_custom_status({"stage": "second"})
        second = yield context.call_activity("echo_async", [first, first])
        return second

    @bp.orchestration_trigger(context_name="context")
    def retried(context: df.DurableOrchestrationContext) -> Steps:
        result = yield context.call_activity_with_retry("flaky", RETRY_THREE_TIMES, 1)
        after = yield context.call_activity("echo", "after")
        return [result, after]

    @bp.orchestration_trigger(context_name="context")
    def failing(context: df.DurableOrchestrationContext) -> Steps:
        context.set_custom_status("trying")
        yield context.call_activity("flaky", 1)

    @bp.orchestration_trigger(context_name="context")
    def compensating(context: df.DurableOrchestrationContext) -> Steps:
        try:
            yield context.call_activity("flaky", 1)
        except Exception as error:
            yield context.call_activity("echo", "compensate")
            return str(error)

    @bp.orchestration_trigger(context_name="context")
    def unknown_activity(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("nowhere", 1)

    @bp.orchestration_trigger(context_name="context")
    def not_a_generator(context: df.DurableOrchestrationContext) -> Any:
        raise LookupError("no map")

    return bp


def _waiting_orchestrators() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def event_or_timeout(context: df.DurableOrchestrationContext) -> Steps:
        hours = context.get_input()
        timer = context.create_timer(context.current_utc_datetime + timedelta(hours=hours))
        event = context.wait_for_external_event("go")
        winner = yield context.task_any([event, timer])
        if winner == event:
            timer.cancel()
            return ["event", event.result]
        return ["timeout", context.current_utc_datetime.isoformat()]

    @bp.orchestration_trigger(context_name="context")
    def work_or_timeout(context: df.DurableOrchestrationContext) -> Steps:
        work = context.call_activity("blocked", "work")
        timer = context.create_timer(context.current_utc_datetime + timedelta(minutes=10))
        winner = yield context.task_any([work, timer])
        if winner == work:
            timer.cancel()
        return "work" if winner == work else "timeout"

    @bp.orchestration_trigger(context_name="context")
    def two_events(context: df.DurableOrchestrationContext) -> Steps:
        first = yield context.wait_for_external_event("go")
        yield context.call_activity("echo", first)
        second = yield context.wait_for_external_event("go")
        return [first, second]

    @bp.orchestration_trigger(context_name="context")
    def eternal(context: df.DurableOrchestrationContext) -> Steps:
        count = context.get_input()
        yield context.call_activity("echo", count)
        yield context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        if count < 3:
            context.signal_entity(df.EntityId("counter", "rounds"), "add", 1)
            context.continue_as_new(count + 1)
            return None
        return count

    @bp.orchestration_trigger(context_name="context")
    def collector(context: df.DurableOrchestrationContext) -> Steps:
        seen = context.get_input()
        item = yield context.wait_for_external_event("item")
        seen.append(item)
        if len(seen) < 4:
            context.continue_as_new(seen)
            return None
        return seen

    return bp


def _composed() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def fan_out(context: df.DurableOrchestrationContext) -> Steps:
        numbers = yield context.task_all([context.call_activity("echo", n) for n in range(5)])
        last = yield context.call_activity("echo", sum(numbers))
        return [numbers, last]

    @bp.orchestration_trigger(context_name="context")
    def retries_side_by_side(context: df.DurableOrchestrationContext) -> Steps:
        tasks = [context.call_activity_with_retry("flaky", RETRY_THREE_TIMES, n) for n in range(3)]
        results = yield context.task_all(tasks)
        after = yield context.call_activity("echo", "after")
        return [results, after]

    @bp.orchestration_trigger(context_name="context")
    def parent(context: df.DurableOrchestrationContext) -> Steps:
        try:
            result = yield context.call_sub_orchestrator(context.get_input(), "input", "the-child")
        except Exception as error:
            return f"child failed: {error}"
        return result

    @bp.orchestration_trigger(context_name="context")
    def strict_parent(context: df.DurableOrchestrationContext) -> Steps:
        result = yield context.call_sub_orchestrator(context.get_input(), "input", "the-child")
        return result

    @bp.orchestration_trigger(context_name="context")
    def counting(context: df.DurableOrchestrationContext) -> Steps:
        counter = df.EntityId("counter", "a")
        context.signal_entity(counter, "add", 2)
        total = yield context.call_entity(counter, "add", 3)
        try:
            yield context.call_entity(counter, "explode")
        except Exception as error:
            return [total, str(error)]

    @bp.orchestration_trigger(context_name="context")
    def document(context: df.DurableOrchestrationContext) -> Steps:
        shard = df.EntityId("counter", context.instance_id[-1])
        context.signal_entity(shard, "add", 1)
        results = yield context.task_all([context.call_activity("echo", n) for n in range(3)])
        total = yield context.call_entity(df.EntityId("counter", "all"), "add", 1)
        return [results, total > 0]

    return bp


def _entities() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.entity_trigger(context_name="context")
    def counter(context: df.DurableEntityContext) -> None:
        total = context.get_state(lambda: 0)
        if context.operation_name == "explode":
            raise ValueError("boom")
        if context.operation_name == "delete":
            context.destruct_on_exit()
            return
        total += context.get_input()
        context.set_state(total)
        context.set_result(total)

    return bp
