"""Rows of entities and the operations that wait for them. Every function is one part of a caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection, Row


@dataclass(frozen=True)
class EntityId:
    """Which entity; its name compares case-insensitively, its key does not."""

    name: str
    key: str

    @property
    def scheduler_id(self) -> str:
        """The id in history and storage: ``@name@key`` with the name in lower case."""
        return f"@{self.name.lower()}@{self.key}"

    @classmethod
    def parse(cls, scheduler_id: str) -> "EntityId":
        """Read ``@name@key``; the key may hold further ``@``."""
        _, name, key = scheduler_id.split("@", 2)
        return cls(name.lower(), key)


@dataclass(frozen=True)
class OperationRequest:
    """An operation to be applied.

    Attributes:
        operation: its name.
        input: JSON text of the raw input (itself a JSON-text string when the SDK sent it), or None.
        request_id: the caller waits for an event of this name; None for a signal.
        parent_instance_id: the caller.
        parent_execution_id: the caller's execution.
        sequence: the place in the queue; 0 until it is written.
    """

    operation: str
    input: str | None = None
    request_id: str | None = None
    parent_instance_id: str | None = None
    parent_execution_id: str | None = None
    sequence: int = 0


@dataclass(frozen=True)
class EntityRecord:
    """An entity that operations have reached; ``state`` is JSON text or None. It may have deleted itself since."""

    entity_id: EntityId
    state: str | None
    last_operation_at: str
    does_exist: bool


def add_request(tx: Connection, entity_id: str, request: OperationRequest) -> None:
    """Queue an operation at the entity."""
    tx.execute(
        "INSERT INTO entity_inbox"
        " (entity_id, operation, input, request_id, parent_instance_id, parent_execution_id)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            entity_id,
            request.operation,
            request.input,
            request.request_id,
            request.parent_instance_id,
            request.parent_execution_id,
        ),
    )


def waiting_requests(tx: Connection, entity_id: str, limit: int) -> list[OperationRequest]:
    """Return the oldest queued operations."""
    rows = tx.execute(
        "SELECT * FROM entity_inbox WHERE entity_id = ? ORDER BY sequence LIMIT ?", (entity_id, limit)
    )
    return [_request(row) for row in rows]


def with_requests(tx: Connection) -> set[str]:
    """Return the ids of all entities with queued operations."""
    return {row["entity_id"] for row in tx.execute("SELECT DISTINCT entity_id FROM entity_inbox")}


def remove_requests(tx: Connection, requests: Sequence[OperationRequest]) -> None:
    """Delete operations that were applied."""
    tx.executemany("DELETE FROM entity_inbox WHERE sequence = ?", [(request.sequence,) for request in requests])


def has_requests(tx: Connection, entity_id: str) -> bool:
    """Whether operations wait for the entity."""
    found = tx.execute("SELECT 1 FROM entity_inbox WHERE entity_id = ? LIMIT 1", (entity_id,)).fetchone()
    return found is not None


def find(tx: Connection, entity_id: str) -> EntityRecord | None:
    """Return the entity if it exists."""
    row = tx.execute("SELECT * FROM entities WHERE entity_id = ?", (entity_id,)).fetchone()
    return None if row is None else record(row)


def record(row: Row) -> EntityRecord:
    """Return the entity of a row."""
    return EntityRecord(
        EntityId(row["name"], row["key"]), row["state"], row["last_operation_at"], bool(row["does_exist"])
    )


def save(tx: Connection, entity_id: EntityId, does_exist: bool, state: str | None, now: str) -> None:
    """Write what an entity has become; one that has deleted itself stays, without a state."""
    ids = entity_id.scheduler_id, entity_id.name.lower(), entity_id.key
    tx.execute(
        "INSERT INTO entities (entity_id, name, key, state, last_operation_at, does_exist, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entity_id) DO UPDATE SET state = excluded.state,"
        " last_operation_at = excluded.last_operation_at, does_exist = excluded.does_exist",
        (*ids, state if does_exist else None, now, does_exist, now),
    )


def _request(row: Row) -> OperationRequest:
    return OperationRequest(
        row["operation"],
        row["input"],
        row["request_id"],
        row["parent_instance_id"],
        row["parent_execution_id"],
        row["sequence"],
    )
