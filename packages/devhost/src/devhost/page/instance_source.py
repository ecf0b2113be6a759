"""What the page needs of the engine that runs the instances."""

from collections.abc import Sequence
from typing import Any, Protocol

from devhost.engine.queries import EntityQuery, InstanceQuery

Page = tuple[list[dict[str, Any]], str | None]


class InstanceSource(Protocol):
    """Instances and entities. Refusals are ``RequestRefused`` errors; every method blocks, and is thread-safe."""

    def status(
        self,
        instance_id: str,
        show_input: bool = True,
        show_history: bool = False,
        show_history_output: bool = False,
    ) -> dict[str, Any] | None:
        """Return an instance's status object; None if it does not exist."""
        ...

    def relatives(self, instance_id: str) -> tuple[str | None, Sequence[str]]:
        """Return the ids of the instance's parent, or None, and of its children."""
        ...

    def list(self, query: InstanceQuery) -> Page:
        """Return a page of status objects and the next page's token, None at the end."""
        ...

    def list_entities(self, query: EntityQuery) -> Page:
        """Return a page of entities and the next page's token, None at the end."""
        ...

    def raise_event(self, instance_id: str, name: str, raw_json: str | None) -> None:
        """Raise an external event."""
        ...

    def terminate(self, instance_id: str, reason: str | None = None) -> None:
        """End an instance."""
        ...

    def suspend(self, instance_id: str, reason: str | None = None) -> None:
        """Let an instance do nothing for now."""
        ...

    def resume(self, instance_id: str, reason: str | None = None) -> None:
        """Let a suspended instance go on."""
        ...

    def rewind(self, instance_id: str, reason: str | None = None) -> None:
        """Run the failed parts of an instance again."""
        ...
