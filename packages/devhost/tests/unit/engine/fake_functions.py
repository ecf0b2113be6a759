"""Durable functions made of plain callables, for answers that the SDK never gives."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from devhost.engine.functions import FunctionResult, OnResult


def _nothing(_name: str, _text: str) -> str:
    raise NotImplementedError("This test does not expect the call.")


@dataclass
class FakeFunctions:
    """Implements ``DurableFunctions``: one orchestrator, one activity and one entity, as callables."""

    orchestrator: Callable[[str, str], str] = _nothing
    activity: Callable[[str, str | None], str | None] = lambda _name, text: text
    entity: Callable[[str, str], str] = _nothing
    orchestrators: Collection[str] = ("orchestrate",)
    activities: Collection[str] = ("act",)
    entities: Collection[str] = ("counter",)
    attempts: list[str] = field(default_factory=list)

    def begin_orchestrator(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run the orchestrator."""
        self._begin(name, lambda: self.orchestrator(name, context_json), on_result)

    def begin_activity(
        self, name: str, instance_id: str, input_json: str | None, on_result: OnResult[str]
    ) -> None:
        """Run the activity."""
        self._begin(name, lambda: self.activity(name, input_json), on_result)

    def begin_entity(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run the entity."""
        self._begin(name, lambda: self.entity(name, context_json), on_result)

    def _begin(self, name: str, run: Callable[[], str | None], on_result: OnResult[str]) -> None:
        self.attempts.append(name)
        threading.Thread(
            target=lambda: on_result(FunctionResult.of(run)), name="fake-function", daemon=True
        ).start()
