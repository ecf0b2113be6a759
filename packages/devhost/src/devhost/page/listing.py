"""Which instances and entities a list shows, read from its URL."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from devhost.engine.queries import EntityQuery, InstanceQuery
from devhost.page.rendering import HOME

PER_PAGE = 50


@dataclass(frozen=True)
class InstanceFilter:
    """What of all instances is listed.

    Attributes:
        status: A runtime status, or empty for all.
        name: Beginning of the orchestrator's name.
        id: Beginning of the instance's id.
        after: Token of the page before, or empty for the first.
    """

    status: str = ""
    name: str = ""
    id: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "InstanceFilter":
        """Read it from a query; spaces around a value do not count."""
        return cls(*(query.get(key, "").strip() for key in ("status", "name", "id", "after")))

    def query(self, top: int, show_input: bool) -> InstanceQuery:
        """The same for the engine, newest first."""
        return InstanceQuery(
            instance_id_prefix=self.id,
            name_prefix=self.name,
            statuses=(self.status,) if self.status else (),
            top=top,
            continuation_token=self.after,
            show_input=show_input,
            newest_first=True,
        )

    def link(self, after: str) -> str:
        """The URL of the same list after another token."""
        return _address(HOME, vars(replace(self, after=after)))


@dataclass(frozen=True)
class EntityFilter:
    """What of all entities is listed.

    Attributes:
        name: Name of the entities, or empty for all.
        after: Token of the page before, or empty for the first.
    """

    name: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "EntityFilter":
        """Read it from a query."""
        return cls(query.get("name", "").strip(), query.get("after", ""))

    def query(self) -> EntityQuery:
        """The same for the engine."""
        return EntityQuery(name=self.name or None, fetch_state=True, top=PER_PAGE, continuation_token=self.after)

    def link(self, after: str) -> str:
        """The URL of the same list after another token."""
        return _address(f"{HOME}/entities", vars(replace(self, after=after)))


def _address(path: str, values: Mapping[str, str]) -> str:
    return f"{path}?{urlencode({key: value for key, value in values.items() if value})}"
