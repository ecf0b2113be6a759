"""Gives the durable engine the app's durable functions, called through the SDK's own handles."""

import functools
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from devhost.engine.functions import FunctionResult, OnResult
from devhost.functions.converters import decode, encode
from devhost.functions.indexing import (
    ACTIVITY_TRIGGER,
    DURABLE_ALIASES,
    ENTITY_TRIGGER,
    ORCHESTRATION_TRIGGER,
    IndexedFunction,
)
from devhost.functions.invocation_context import Invocation
from devhost.functions.invoker_protocol import Invoker, Later


@dataclass(frozen=True)
class DurableNames:
    """Registered names of an app's durable functions, as the app spells them."""

    orchestrators: Collection[str]
    activities: Collection[str]
    entities: Collection[str]

    @classmethod
    def of(cls, functions: Iterable[IndexedFunction]) -> "DurableNames":
        """List them by kind; other functions are left out."""
        names: dict[str, list[str]] = {trigger: [] for trigger in DURABLE_ALIASES}
        for function in functions:
            if function.trigger_type in names:
                names[function.trigger_type].append(function.registered_name)
        return cls(names[ORCHESTRATION_TRIGGER], names[ACTIVITY_TRIGGER], names[ENTITY_TRIGGER])


class HostedDurableFunctions:
    """The engine's ``DurableFunctions`` over an indexed app. Names are looked up case-insensitively."""

    def __init__(self, functions: Iterable[IndexedFunction], invoker: Invoker) -> None:
        self._invoker = invoker
        self._by_name: dict[str, dict[str, IndexedFunction]] = {trigger: {} for trigger in DURABLE_ALIASES}
        for function in functions:
            if function.trigger_type in DURABLE_ALIASES:
                self._by_name[function.trigger_type][function.registered_name.lower()] = function
        self._names = DurableNames.of(
            function for by_name in self._by_name.values() for function in by_name.values()
        )

    @property
    def orchestrators(self) -> Collection[str]:
        """Registered names of the orchestrators."""
        return self._names.orchestrators

    @property
    def activities(self) -> Collection[str]:
        """Registered names of the activities."""
        return self._names.activities

    @property
    def entities(self) -> Collection[str]:
        """Registered names of the entities."""
        return self._names.entities

    def begin_orchestrator(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run one episode; JSON text in and out."""
        self._begin(ORCHESTRATION_TRIGGER, name, context_json, "an episode", on_result)

    def begin_activity(
        self, name: str, instance_id: str, input_json: str | None, on_result: OnResult[str]
    ) -> None:
        """Run an activity; JSON text in and out, None for null."""
        text = "null" if input_json is None else input_json
        self._begin(ACTIVITY_TRIGGER, name, text, f"an activity of {instance_id}", on_result)

    def begin_entity(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run a batch of entity operations; JSON text in and out."""
        self._begin(ENTITY_TRIGGER, name, context_json, "operations on an entity", on_result)

    def _begin(self, trigger_type: str, name: str, text: str, reason: str, on_result: OnResult[str]) -> None:
        function = self._by_name[trigger_type][name.lower()]
        invocation = Invocation(function.name, reason)

        def encoded(result: FunctionResult[Any]) -> None:
            # On the function's thread: encoding runs code of the app, as decoding does.
            on_result(result.map(functools.partial(self._text_of, trigger_type)))

        arguments = {function.trigger_parameter: self._argument(trigger_type, text)}
        self._invoker.begin(function, arguments, invocation, encoded)

    def _argument(self, trigger_type: str, text: str) -> Any:
        return Later(functools.partial(decode, trigger_type, text))

    def _text_of(self, trigger_type: str, result: Any) -> str | None:
        if result is None:
            return None
        return str(encode(ACTIVITY_TRIGGER, result) if trigger_type == ACTIVITY_TRIGGER else result)
