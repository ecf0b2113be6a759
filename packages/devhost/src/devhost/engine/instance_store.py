"""Rows of instances and their inboxes. Every function is one part of a caller's transaction."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from sqlite3 import Connection, Row

from devhost.engine import events
from devhost.engine.errors import InstanceExists, InstanceFinished, InstanceNotFound
from devhost.engine.events import FINISHED, Event
from devhost.engine.transactions import Delivery, Transaction

_FINISHED_SQL = "('Completed', 'Failed', 'Terminated', 'Canceled')"


@dataclass(frozen=True)
class Parent:
    """The execution that started a sub-orchestration, and the number of the task that waits for it."""

    instance_id: str
    execution_id: str
    task_id: int


@dataclass(frozen=True)
class NewInstance:
    """What an instance is started with; ``raw_input`` is JSON text or None."""

    instance_id: str
    name: str
    raw_input: str | None
    version: str | None
    parent: Parent | None = None


def create(tx: Transaction, new: NewInstance, now: str, may_replace_live: bool) -> str:
    """Write a pending instance and its first message; returns the execution id.

    A finished instance of the same id makes room for it.

    Raises:
        InstanceExists: an instance of this id lives, and live ones may not be replaced.
    """
    existing = find(tx, new.instance_id)
    if existing is not None and existing["status"] not in FINISHED and not may_replace_live:
        status = existing["status"]
        raise InstanceExists(f"An Orchestration instance with the status {status} already exists.")
    if existing is not None:
        # Work of the old execution finds no row any more, so its late results go nowhere.
        delete(tx, new.instance_id)
    execution_id = uuid.uuid4().hex
    parent = new.parent
    # How many instances had the id before; clients see no more of it than that there was one.
    generation = None if parent else int(existing is not None)
    tx.execute(
        "INSERT INTO instances (instance_id, execution_id, name, version, status, input, created_at, updated_at,"
        " parent_instance_id, parent_execution_id, parent_task_id)"
        " VALUES (?, ?, ?, ?, 'Pending', ?, ?, ?, ?, ?, ?)",
        (new.instance_id, execution_id, new.name, new.version, new.raw_input, now, now)
        + ((parent.instance_id, parent.execution_id, parent.task_id) if parent else (None, None, None)),
    )
    started = events.execution_started(
        now, new.name, new.raw_input, new.version, new.instance_id, execution_id, generation
    )
    deliver(tx, new.instance_id, execution_id, started)
    return execution_id


def find(tx: Connection, instance_id: str) -> Row | None:
    """Return the instance's row, or None."""
    row: Row | None = tx.execute("SELECT * FROM instances WHERE instance_id = ?", (instance_id,)).fetchone()
    return row


def find_or_entity(tx: Connection, instance_id: str) -> Row | None:
    """Return what clients see of an instance, or of the entity ``@name@key``; None if there is neither."""
    if not instance_id.startswith("@"):
        return find(tx, instance_id)
    row: Row | None = tx.execute(
        "SELECT * FROM instances_and_entities WHERE instance_id = ?", (instance_id,)
    ).fetchone()
    return row


def find_live(tx: Connection, instance_id: str) -> Row:
    """Return the row of an instance that takes messages. Raises InstanceNotFound, InstanceFinished."""
    row = find(tx, instance_id)
    if row is None:
        raise InstanceNotFound(instance_id)
    if row["status"] in FINISHED:
        raise InstanceFinished(instance_id, row["status"])
    return row


def deliver(tx: Transaction, instance_id: str, execution_id: str | None, message: Event, lane: int = 1) -> bool:
    """Put a message in the inbox; False if the instance is gone, has ended or is in another execution by now.

    Args:
        tx: the transaction.
        instance_id: whose inbox.
        execution_id: the only execution the message is for; None for whichever is current.
        message: the event it will be in history.
        lane: 0 for what must come before everything else.
    """
    cursor = tx.execute(
        "INSERT INTO inbox (lane, instance_id, execution_id, event)"
        f" SELECT ?, instance_id, ?, ? FROM instances WHERE instance_id = ? AND status NOT IN {_FINISHED_SQL}"
        " AND (? IS NULL OR execution_id = ?)",
        (lane, execution_id, events.to_text(message), instance_id, execution_id, execution_id),
    )
    if cursor.rowcount == 0:
        return False
    tx.deliveries.append(Delivery(instance_id, execution_id, cursor.lastrowid or 0, message))
    return True


def delete(tx: Connection, instance_id: str) -> int:
    """Delete the instance with all its rows; returns 1, or 0 if it did not exist."""
    return tx.execute("DELETE FROM instances WHERE instance_id = ?", (instance_id,)).rowcount


def delete_created(
    tx: Connection, created_from: str, created_to: str | None, statuses: Collection[str], limit: int
) -> int:
    """Delete instances and entities created in a window of time; returns how many, at most `limit`.

    Args:
        tx: the transaction.
        created_from: the window's start.
        created_to: its end; None for none.
        statuses: only these; empty for all.
        limit: the most to delete.
    """
    marks = f" AND status IN ({', '.join('?' * len(statuses))})" if statuses else ""
    rows: Sequence[Row] = tx.execute(
        "SELECT instance_id FROM instances_and_entities"
        f" WHERE created_at >= ? AND (? IS NULL OR created_at <= ?){marks} LIMIT ?",
        (created_from, created_to, created_to, *statuses, limit),
    ).fetchall()
    return sum(delete(tx, row["instance_id"]) or delete_entity(tx, row["instance_id"]) for row in rows)


def delete_entity(tx: Connection, entity_id: str) -> int:
    """Delete an entity; returns 1, or 0 if it did not exist."""
    return tx.execute("DELETE FROM entities WHERE entity_id = ?", (entity_id,)).rowcount


def with_messages(tx: Connection) -> set[str]:
    """Return the ids of all instances whose inbox is not empty."""
    return {row["instance_id"] for row in tx.execute("SELECT DISTINCT instance_id FROM inbox")}
