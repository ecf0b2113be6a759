"""History events: their numbers, how they are built, what of them is stored, and what the SDK gets to see.

An event is a dict with the .NET names the SDK reads. Stored events leave out what can be filled in again on
reading (``EventId`` -1, ``IsPlayed``, null ``Result``), which keeps histories small.
"""

import json
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import orjson

Event = dict[str, Any]


class EventType(IntEnum):
    """The numbers of the history events."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    SUB_ORCHESTRATION_CREATED = 7
    SUB_ORCHESTRATION_COMPLETED = 8
    SUB_ORCHESTRATION_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_SENT = 14
    EVENT_RAISED = 15
    CONTINUE_AS_NEW = 16
    GENERIC = 17
    HISTORY_STATE = 18
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20


# Written by an episode for a command of the orchestrator; their EventId is the task's number.
SCHEDULED = frozenset(
    {
        EventType.TASK_SCHEDULED,
        EventType.SUB_ORCHESTRATION_CREATED,
        EventType.TIMER_CREATED,
        EventType.EVENT_SENT,
    }
)
STATUS_CODES = {
    "Running": 0,
    "Completed": 1,
    "ContinuedAsNew": 2,
    "Failed": 3,
    "Canceled": 4,
    "Terminated": 5,
    "Pending": 6,
    "Suspended": 7,
}
FINISHED = frozenset({"Completed", "Failed", "Terminated", "Canceled"})

# What an execution wrote itself counts as new for ever; only what came to it is told to be old.
_NEVER_PLAYED = SCHEDULED | {EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED}
_WITH_RESULT = frozenset({EventType.TASK_COMPLETED, EventType.SUB_ORCHESTRATION_COMPLETED})


def event(event_type: EventType, timestamp: str, **fields: Any) -> Event:
    """Build an event; fields that are None are left out."""
    present = {name: value for name, value in fields.items() if value is not None}
    return {"EventType": int(event_type), "Timestamp": timestamp, **present}


def execution_started(
    timestamp: str,
    name: str,
    raw_input: str | None,
    version: str | None,
    instance_id: str,
    execution_id: str,
    generation: int | None = 0,
) -> Event:
    """Build the first message of an execution. The SDK needs the key ``Version`` even when there is none.

    `generation` counts from 0 how often the instance has started anew; an execution of a child has none.
    """
    identity = {"InstanceId": instance_id, "ExecutionId": execution_id}
    started = event(
        EventType.EXECUTION_STARTED,
        timestamp,
        Name=name,
        Input=raw_input,
        OrchestrationInstance=identity,
        Generation=generation,
    )
    return {**started, "Version": version}


def entity_started(row: Mapping[str, Any]) -> Event:
    """Build the only event that clients see of an entity, from its row among the instances."""
    return execution_started(row["updated_at"], row["name"], row["input"], None, row["instance_id"], "", None)


def to_text(stored: Event) -> str:
    """Return the event as compact JSON."""
    try:
        return orjson.dumps(stored).decode()
    except TypeError:
        return storable(json.dumps(stored, separators=(",", ":"), ensure_ascii=False))


def storable(text: str) -> str:
    r"""Return the text as UTF-8 can carry it: lone surrogates, as in odd file names, become ``\udcff``.

    SQLite refuses them. In JSON this is the same text in other words.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def from_text(text: str) -> Event:
    """Return the event that ``to_text`` wrote."""
    try:
        parsed: Event = orjson.loads(text)
    except ValueError:  # Lone surrogates, which orjson refuses.
        parsed = json.loads(text)
    return parsed


def sdk_text(stored: Event, is_played: bool) -> str:
    """Return the event as JSON for the SDK, see ``for_sdk``."""
    return to_text(for_sdk(stored, is_played))


def for_sdk(stored: Event, is_played: bool) -> Event:
    """Return the event with all keys the SDK reads without asking whether they are there."""
    filled = {"EventId": -1, "IsPlayed": is_played and stored["EventType"] not in _NEVER_PLAYED, **stored}
    if filled["EventType"] in _WITH_RESULT:
        filled.setdefault("Result", None)
    return filled
