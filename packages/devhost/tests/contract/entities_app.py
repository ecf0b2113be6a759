"""An entity that is watched, and orchestrators that call and signal it."""

import functools
import json
import threading
from typing import Any

import azure.durable_functions as df

from tests.contract.episodes import Steps


class Stamp:
    """A class of the app's own, as state."""

    def __init__(self, text: str) -> None:
        self.text = text

    @staticmethod
    def to_json(stamp: "Stamp") -> str:
        return stamp.text

    @staticmethod
    def from_json(text: str) -> "Stamp":
        return Stamp(text)


class Watched:
    """The batches of the entities, and a gate that holds them up.

    Attributes:
        batches: the raw documents.
        is_open: the operation ``wait`` waits for it.
    """

    def __init__(self) -> None:
        self.batches: list[dict[str, Any]] = []
        self.is_open = threading.Event()
        self.is_waiting = threading.Event()

    def make_app(self) -> list[df.Blueprint]:
        """An app whose entities are watched."""
        entities = self._entities()
        for builder in entities._function_builders:
            function = builder._function
            function._func = self._watching(function._func)
        return [entities, orchestrators()]

    def _watching(self, handle: Any) -> Any:
        @functools.wraps(handle)
        def watched(context: Any) -> str:
            self.batches.append(json.loads(context.body))
            return str(handle(context))

        return watched

    def _entities(self) -> df.Blueprint:
        bp = df.Blueprint()

        @bp.entity_trigger(context_name="context")
        def Ledger(context: df.DurableEntityContext) -> str:
            operation = context.operation_name
            if operation == "wait":
                self.is_waiting.set()
                assert self.is_open.wait(20)
            elif operation == "add":
                context.set_state(context.get_state(lambda: 0) + context.get_input())
                context.set_result(context.get_state())
            elif operation == "read":
                context.set_result(context.get_state(lambda: "nothing yet"))
            elif operation == "add_and_fail":
                context.set_state(context.get_state(lambda: 0) + context.get_input())
                raise ValueError("boom")
            elif operation == "stamp":
                context.set_state(Stamp("paid"))
            elif operation == "delete":
                context.destruct_on_exit()
            elif operation == "spoil":
                context.set_state(object())
            elif operation == "input":
                context.set_result([context.get_input(), context.entity_name, context.entity_key])
            return "ignored"

        return bp


def orchestrators() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def calls(context: df.DurableOrchestrationContext) -> Steps:
        key, operations = context.get_input()
        seen = []
        for operation, *payload in operations:
            try:
                seen.append((yield context.call_entity(df.EntityId("ledger", key), operation, *payload)))
            except Exception as error:
                seen.append([type(error).__name__, str(error)])
        context.set_custom_status(seen)
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def signals(context: df.DurableOrchestrationContext) -> Steps:
        key, operations = context.get_input()
        for operation, *payload in operations:
            context.signal_entity(df.EntityId("ledger", key), operation, *payload)
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def many_calls(context: df.DurableOrchestrationContext) -> Steps:
        key, operations = context.get_input()
        entity = df.EntityId("ledger", key)
        results = yield context.task_all([context.call_entity(entity, *operation) for operation in operations])
        return results

    return bp
