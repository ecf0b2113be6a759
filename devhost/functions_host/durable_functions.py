"""Gives the durable engine the app's durable functions, called through the SDK's own handles."""

from collections.abc import Collection, Iterable

from devhost.functions_host.converters import decode, encode
from devhost.functions_host.indexing import (
    ACTIVITY_TRIGGER,
    DURABLE_ALIASES,
    ENTITY_TRIGGER,
    ORCHESTRATION_TRIGGER,
    IndexedFunction,
)
from devhost.functions_host.invocation import Invoker
from devhost.functions_host.invocation_context import Invocation


class HostedDurableFunctions:
    """The engine's ``DurableFunctions`` over an indexed app. Names are looked up case-insensitively."""

    def __init__(self, functions: Iterable[IndexedFunction], invoker: Invoker) -> None:
        self._invoker = invoker
        self._by_name: dict[str, dict[str, IndexedFunction]] = {trigger: {} for trigger in DURABLE_ALIASES}
        for function in functions:
            if function.trigger_type in DURABLE_ALIASES:
                self._by_name[function.trigger_type][function.registered_name.lower()] = function

    @property
    def orchestrators(self) -> Collection[str]:
        """Registered names of the orchestrators."""
        return self._names(ORCHESTRATION_TRIGGER)

    @property
    def activities(self) -> Collection[str]:
        """Registered names of the activities."""
        return self._names(ACTIVITY_TRIGGER)

    @property
    def entities(self) -> Collection[str]:
        """Registered names of the entities."""
        return self._names(ENTITY_TRIGGER)

    def run_orchestrator(self, name: str, context_json: str) -> str:
        """Run one episode; JSON text in and out. Raises FunctionFailed, FunctionTimedOut."""
        return str(self._run(ORCHESTRATION_TRIGGER, name, context_json, "an episode"))

    def run_activity(self, name: str, instance_id: str, input_json: str | None) -> str | None:
        """Run an activity; JSON text in and out, None for null. Raises FunctionFailed, FunctionTimedOut."""
        text = "null" if input_json is None else input_json
        result = self._run(ACTIVITY_TRIGGER, name, text, f"an activity of {instance_id}")
        return None if result is None else str(encode(ACTIVITY_TRIGGER, result))

    def run_entity(self, name: str, context_json: str) -> str:
        """Run a batch of entity operations; JSON text in and out. Raises FunctionFailed, FunctionTimedOut."""
        return str(self._run(ENTITY_TRIGGER, name, context_json, "operations on an entity"))

    def _run(self, trigger_type: str, name: str, text: str, reason: str) -> object:
        function = self._by_name[trigger_type][name.lower()]
        arguments = {function.trigger_parameter: decode(trigger_type, text)}
        result: object = self._invoker.call(function, arguments, Invocation(function.name, reason))
        return result

    def _names(self, trigger_type: str) -> Collection[str]:
        return [function.registered_name for function in self._by_name[trigger_type].values()]
