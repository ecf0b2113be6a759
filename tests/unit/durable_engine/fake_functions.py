"""Durable functions that are plain callables, for what the SDK would never do."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field


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

    def run_orchestrator(self, name: str, context_json: str) -> str:
        """Run the orchestrator."""
        self.attempts.append(name)
        return self.orchestrator(name, context_json)

    def run_activity(self, name: str, instance_id: str, input_json: str | None) -> str | None:
        """Run the activity."""
        self.attempts.append(name)
        return self.activity(name, input_json)

    def run_entity(self, name: str, context_json: str) -> str:
        """Run the entity."""
        self.attempts.append(name)
        return self.entity(name, context_json)
