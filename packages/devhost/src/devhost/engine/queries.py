"""What a client may ask of the lists of instances and entities."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

PAGE_SIZE = 100
LARGEST_PAGE = 2**31 - 1


@dataclass(frozen=True)
class InstanceQuery:
    """A page of instances, ordered by id.

    Attributes:
        created_from: instances created at or after this moment; aware.
        created_to: instances created at or before this moment; aware.
        instance_id_prefix: instances whose id begins with this, case-sensitive.
        statuses: runtime status names, such as ``Running``; empty means all.
        top: the page's size.
        continuation_token: from the page before; None or empty for the first one.
        show_input: whether the status objects carry the input.
        name_prefix: instances whose orchestrator's name begins with this; case does not matter. Not on Azure.
        newest_first: whether the order is by creation, the newest first. Not on Azure.
        with_entities: whether entities count as instances, as they do on Azure.
    """

    created_from: datetime | None = None
    created_to: datetime | None = None
    instance_id_prefix: str = ""
    statuses: Collection[str] = ()
    top: int = PAGE_SIZE
    continuation_token: str | None = None
    show_input: bool = True
    name_prefix: str = ""
    newest_first: bool = False
    with_entities: bool = False


@dataclass(frozen=True)
class EntityQuery:
    """A page of existing entities, ordered by id.

    Attributes:
        name: entity name, case-insensitive; None for all.
        last_operation_from: entities whose last operation was at or after this moment; aware.
        last_operation_to: entities whose last operation was at or before this moment; aware.
        fetch_state: whether the answer carries the states.
        top: the page's size.
        continuation_token: from the page before; None or empty for the first one.
    """

    name: str | None = None
    last_operation_from: datetime | None = None
    last_operation_to: datetime | None = None
    fetch_state: bool = False
    top: int = PAGE_SIZE
    continuation_token: str | None = None
