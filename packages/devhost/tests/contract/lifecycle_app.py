"""Orchestrators that start over, are suspended, fail and have children, and the state that they share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import azure.durable_functions as df

from tests.contract.episodes import RecordedHost, Steps

COUNTER = df.EntityId("counter", "k")


class World:
    """The state that the app's activities depend on.

    Attributes:
        broken: while set, ``fragile`` fails.
        is_open: ``slow`` and the second generation of ``slow_to_begin`` wait for it.
        runs: the inputs of all activities.
    """

    def __init__(self) -> None:
        self.broken = False
        self.is_open = threading.Event()
        self.is_open.set()
        self.runs: list[Any] = []

    def make_app(self) -> list[df.Blueprint]:
        """A new app in this world."""
        return [self._generations(), self._trees(), self._activities()]

    @contextmanager
    def for_one_test(self, app: RecordedHost) -> Iterator["World"]:
        """This world, which the test leaves as it was."""
        self.runs.clear()
        yield self
        self.broken = False
        self.is_open.set()
        app.host.wait_quiescent(ignoring_running_activities=0)

    def _generations(self) -> df.Blueprint:
        bp = df.Blueprint()

        @bp.orchestration_trigger(context_name="context")
        def generations(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() == "last":
                yield context.wait_for_external_event("end")
                return "ended"
            yield context.wait_for_external_event("next")
            yield context.call_activity("echo", 1)
            context.signal_entity(COUNTER, "add", 1)
            context.continue_as_new(context.get_input())
            context.continue_as_new("too late")
            return "ignored"

        @bp.orchestration_trigger(context_name="context")
        def slow_to_begin(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() == "second":
                self.is_open.wait(20)
                yield context.wait_for_external_event("end")
            context.set_custom_status("of the first")
            yield context.wait_for_external_event("next")
            context.continue_as_new("second")

        @bp.orchestration_trigger(context_name="context")
        def collector(context: df.DurableOrchestrationContext) -> Steps:
            seen = context.get_input()
            seen.append((yield context.wait_for_external_event("item")))
            if len(seen) < 3:
                context.continue_as_new(seen)
                return
            return seen

        @bp.orchestration_trigger(context_name="context")
        def leaves_an_event(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() == "second":
                return (yield context.wait_for_external_event("unread"))
            yield context.wait_for_external_event("next")
            context.continue_as_new("second")

        @bp.orchestration_trigger(context_name="context")
        def leaves_a_call(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() == "second":
                return (yield context.wait_for_external_event("end"))
            call = context.call_entity(df.EntityId("sleeper", "k"), "sleep")
            yield context.task_any([call, context.wait_for_external_event("next")])
            context.continue_as_new("second")

        return bp

    def _trees(self) -> df.Blueprint:
        bp = df.Blueprint()

        @bp.orchestration_trigger(context_name="context")
        def parent(context: df.DurableOrchestrationContext) -> Steps:
            child, child_id = context.get_input()
            try:
                return (yield context.call_sub_orchestrator(child, context.instance_id, child_id))
            except Exception as error:
                return str(error)

        @bp.orchestration_trigger(context_name="context")
        def trusting_parent(context: df.DurableOrchestrationContext) -> Steps:
            before = yield context.call_activity("echo", "before")
            child, child_id = context.get_input()
            result = yield context.call_sub_orchestrator(child, [before], child_id)
            return [before, result]

        @bp.orchestration_trigger(context_name="context")
        def patient(context: df.DurableOrchestrationContext) -> Steps:
            yield context.wait_for_external_event("end")
            yield context.call_activity("echo", context.instance_id)
            return "done"

        @bp.orchestration_trigger(context_name="context")
        def fragile_steps(context: df.DurableOrchestrationContext) -> Steps:
            first = yield context.call_activity("echo", "first")
            second = yield context.call_activity("fragile", "second")
            third = yield context.call_activity("echo", "third")
            return [first, second, third]

        @bp.orchestration_trigger(context_name="context")
        def slow_step(context: df.DurableOrchestrationContext) -> Steps:
            yield context.call_activity("slow", context.instance_id)
            yield context.wait_for_external_event("end")

        @bp.orchestration_trigger(context_name="context")
        def versions(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() is None:
                context.set_custom_status(context.version)
                yield context.wait_for_external_event("next")
                context.continue_as_new(["second", context.version])
                return None
            if context.get_input()[0] == "child":
                return context.version
            own = yield context.call_sub_orchestrator("versions", ["child"], version="0.5")
            default = yield context.call_sub_orchestrator("versions", ["child"])
            return [context.version, own, default]

        return bp

    def _activities(self) -> df.Blueprint:
        bp = df.Blueprint()

        @bp.activity_trigger(input_name="payload")
        def echo(payload: Any) -> Any:
            self.runs.append(payload)
            return payload

        @bp.activity_trigger(input_name="payload")
        def fragile(payload: Any) -> Any:
            self.runs.append(payload)
            if self.broken:
                raise ValueError("boom")
            return payload

        @bp.activity_trigger(input_name="payload")
        def slow(payload: Any) -> Any:
            self.runs.append(payload)
            assert self.is_open.wait(20)
            return payload

        @bp.entity_trigger(context_name="context")
        def counter(context: df.DurableEntityContext) -> None:
            context.set_state(context.get_state(lambda: 0) + context.get_input())

        @bp.entity_trigger(context_name="context")
        def sleeper(context: df.DurableEntityContext) -> None:
            assert self.is_open.wait(20)
            context.set_result("slept")

        return bp


def types(app: RecordedHost, instance: str) -> list[str]:
    return [event["EventType"] for event in app.status(instance)["historyEvents"]]


def state(app: RecordedHost, instance: str) -> tuple[str, Any]:
    status = app.status(instance)
    return status["runtimeStatus"], status["output"]


def execution_of(app: RecordedHost, instance: str) -> str:
    return str(app.of(instance)[-1].history[1]["OrchestrationInstance"]["ExecutionId"])
