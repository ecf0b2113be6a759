"""Rows of activities and timers. Every function is one part of a caller's transaction."""

from dataclasses import dataclass
from sqlite3 import Connection

from devhost.engine import instance_store
from devhost.engine.events import Event, EventType, event
from devhost.engine.transactions import Transaction
from devhost.engine.wakeups import ActivityWork

_TIMERS_PER_COMMIT = 500


def add_activity(
    tx: Connection, instance_id: str, execution_id: str, task_id: int, name: str, input_json: str | None
) -> ActivityWork:
    """Write a work item and return it."""
    cursor = tx.execute(
        "INSERT INTO activities (instance_id, execution_id, task_id, name, input) VALUES (?, ?, ?, ?, ?)",
        (instance_id, execution_id, task_id, name, input_json),
    )
    return ActivityWork(int(cursor.lastrowid or 0), instance_id, execution_id, task_id, name, input_json)


def find_activity(tx: Connection, work_id: int) -> ActivityWork | None:
    """Return a work item that has no result yet, or None."""
    row = tx.execute("SELECT * FROM activities WHERE work_id = ?", (work_id,)).fetchone()
    return None if row is None else ActivityWork(**dict(row))


def open_activities(tx: Connection) -> list[int]:
    """Return the ids of all work items without a result, oldest first."""
    return [row["work_id"] for row in tx.execute("SELECT work_id FROM activities ORDER BY work_id")]


def finish_activity(tx: Transaction, work: ActivityWork, answer: Event) -> bool:
    """Trade the work item for its answer in the instance's inbox; False if nobody wants the answer any more."""
    deleted = tx.execute("DELETE FROM activities WHERE work_id = ?", (work.work_id,)).rowcount
    return deleted > 0 and instance_store.deliver(tx, work.instance_id, work.execution_id, answer)


@dataclass(frozen=True, slots=True)
class NewTimer:
    """A timer to be set; times are exact stored ones.

    Attributes:
        timer_id: its number.
        fire_at: the moment that the orchestrator asked for.
        due_at: when it fires, which may be up to a second earlier.
        set_at: when it was set.
    """

    timer_id: int
    fire_at: str
    due_at: str
    set_at: str


def add_timer(tx: Connection, instance_id: str, execution_id: str, timer: NewTimer) -> None:
    """Write a timer."""
    tx.execute(
        "INSERT INTO timers (instance_id, execution_id, timer_id, fire_at, due_at, set_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (instance_id, execution_id, timer.timer_id, timer.fire_at, timer.due_at, timer.set_at),
    )


def next_due_time(tx: Connection) -> str | None:
    """Return when the next timer fires, or None if none is set."""
    row = tx.execute("SELECT due_at FROM timers ORDER BY due_at LIMIT 1").fetchone()
    return None if row is None else str(row["due_at"])


def fire_due_timers(tx: Transaction, now: str) -> set[str]:
    """Trade the timers that are due for messages, in the order of their times; returns the instances to wake."""
    due = tx.execute(
        "SELECT * FROM timers WHERE due_at <= ? ORDER BY due_at, fire_at, instance_id, timer_id LIMIT ?",
        (now, _TIMERS_PER_COMMIT),
    ).fetchall()
    woken = set()
    for timer in due:
        instance_id, execution_id = timer["instance_id"], timer["execution_id"]
        tx.execute(
            "DELETE FROM timers WHERE instance_id = ? AND execution_id = ? AND timer_id = ?",
            (instance_id, execution_id, timer["timer_id"]),
        )
        # Its time is that of its making, as on Azure.
        fired = event(EventType.TIMER_FIRED, timer["set_at"], TimerId=timer["timer_id"], FireAt=timer["fire_at"])
        if instance_store.deliver(tx, instance_id, execution_id, fired):
            woken.add(instance_id)
    return woken
