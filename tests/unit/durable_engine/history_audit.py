"""What must hold in an engine's database after every commit, whenever the process ends."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

STARTED, ENDED = 12, 1
SCHEDULED = {4: "activity", 7: "child", 10: "timer", 14: "operation"}
SETTLED = {5: "TaskScheduledId", 6: "TaskScheduledId", 8: "TaskScheduledId", 9: "TaskScheduledId", 11: "TimerId"}
Event = dict[str, Any]


def audit_database(path: Path, is_finished: bool = False) -> list[str]:
    """Everything that is wrong in the database of a host that does not run.

    Args:
        path: The database.
        is_finished: Whether all work has ended, so that nothing may be left in any queue.
    """
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        faults = [fault for row in database.execute("SELECT * FROM instances") for fault in _audit(database, row)]
        if is_finished:
            for table in ("inbox", "activities", "timers", "entity_inbox"):
                left = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                faults += [f"{left} rows are left in {table}"] if left else []
    return faults


def _audit(database: sqlite3.Connection, instance: sqlite3.Row) -> Iterator[str]:
    rows = database.execute(
        "SELECT position, event FROM history WHERE instance_id = ? ORDER BY position", (instance["instance_id"],)
    ).fetchall()
    history: list[Event] = [json.loads(row["event"]) for row in rows]
    inbox = [
        json.loads(row["event"])
        for row in database.execute(
            "SELECT event FROM inbox WHERE instance_id = ? AND coalesce(execution_id, ?) = ?",
            (instance["instance_id"], instance["execution_id"], instance["execution_id"]),
        )
    ]
    faults = [*_order_faults([row["position"] for row in rows], history), *_number_faults(history, inbox)]
    if instance["status"] in ("Pending", "Running"):
        faults += _lost(database, instance, history, inbox)
    elif history[-2]["EventType"] != ENDED:
        faults.append(f"is {instance['status']} but its history does not end")
    yield from (f"{instance['instance_id']}: {fault}" for fault in faults)


def _order_faults(positions: list[int], history: list[Event]) -> Iterator[str]:
    if positions != list(range(len(positions))):
        yield f"positions are {positions}"
    times = [event["Timestamp"] for event in history if event["EventType"] == STARTED]
    if times != sorted(times):
        yield "time runs backward"


def _number_faults(history: list[Event], inbox: list[Event]) -> Iterator[str]:
    numbers = [event["EventId"] for event in history if event["EventType"] in SCHEDULED]
    if sorted(numbers) != list(range(len(numbers))):
        yield f"task numbers are {numbers}"
    settled = Counter(
        event[SETTLED[event["EventType"]]] for event in history + inbox if event["EventType"] in SETTLED
    )
    twice = [number for number, times in settled.items() if times > 1]
    if twice:
        yield f"tasks {twice} have ended twice"


def _lost(
    database: sqlite3.Connection, instance: sqlite3.Row, history: list[Event], inbox: list[Event]
) -> Iterator[str]:
    """Every task that is scheduled has ended, or its work exists: never neither, never both."""
    known = history + inbox
    settled = {event[SETTLED[event["EventType"]]] for event in known if event["EventType"] in SETTLED}
    settled |= _answered_operations(known)
    for event in history:
        kind = SCHEDULED.get(event["EventType"])
        number = event.get("EventId")
        if kind is None or (kind == "operation" and json.loads(event["Input"]).get("signal")):
            continue
        exists = _exists(database, instance, kind, event)
        if number in settled and exists:
            yield f"{kind} {number} has ended and is still to be done"
        if number not in settled and not exists and kind != "timer":
            yield f"{kind} {number} is lost"


def _answered_operations(known: list[Event]) -> set[int]:
    answers = {event["Name"] for event in known if event["EventType"] == 15}
    sent = [event for event in known if event["EventType"] == 14]
    return {event["EventId"] for event in sent if json.loads(event["Input"])["id"] in answers}


def _exists(database: sqlite3.Connection, instance: sqlite3.Row, kind: str, event: Event) -> bool:
    if kind == "child":
        query = (
            "SELECT 1 FROM instances WHERE instance_id = ? AND status NOT IN ('Completed', 'Failed', 'Terminated')"
        )
        return database.execute(query, (event["InstanceId"],)).fetchone() is not None
    if kind == "operation":
        query = "SELECT 1 FROM entity_inbox WHERE request_id = ?"
        return database.execute(query, (json.loads(event["Input"])["id"],)).fetchone() is not None
    query = {
        "activity": "SELECT 1 FROM activities WHERE instance_id = ? AND execution_id = ? AND task_id = ?",
        "timer": "SELECT 1 FROM timers WHERE instance_id = ? AND execution_id = ? AND timer_id = ?",
    }[kind]
    key = (instance["instance_id"], instance["execution_id"], event["EventId"])
    return database.execute(query, key).fetchone() is not None
