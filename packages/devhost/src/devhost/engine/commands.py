"""What an episode of an orchestrator leads to: things to schedule, and perhaps its end.

Commands are numbered by the SDK's own count of tasks (``task_id``); their events and messages carry it.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from devhost.engine.events import Event, EventType

HTTP_ACTIVITY = "BuiltIn::HttpActivity"


@dataclass(slots=True)
class ScheduleActivity:
    """Run an activity with ``input``, a JSON text."""

    task_id: int
    name: str
    input: str | None

    event_type: ClassVar[EventType] = EventType.TASK_SCHEDULED

    def matches(self, event: Event) -> bool:
        """Whether `event` in history records this very command."""
        return _same_name(event.get("Name"), self.name)


@dataclass(slots=True)
class StartSubOrchestration:
    """Start a child; without ``instance_id`` it gets the parent's execution id and the task's number."""

    task_id: int
    name: str
    input: str | None
    instance_id: str | None
    version: str | None

    event_type: ClassVar[EventType] = EventType.SUB_ORCHESTRATION_CREATED

    def matches(self, event: Event) -> bool:
        """Whether `event` in history records this very command."""
        return _same_name(event.get("Name"), self.name)


@dataclass(slots=True)
class CreateTimer:
    """Fire at ``fire_at``, an ISO 8601 text."""

    task_id: int
    fire_at: str

    event_type: ClassVar[EventType] = EventType.TIMER_CREATED

    def matches(self, event: Event) -> bool:
        """A timer is known by its number alone."""
        return True


@dataclass(slots=True)
class SendOperation:
    """Ask an entity to do something; a call waits for the answer, a signal does not."""

    task_id: int
    entity_id: str
    operation: str
    input: str | None
    is_signal: bool

    event_type: ClassVar[EventType] = EventType.EVENT_SENT

    def matches(self, event: Event) -> bool:
        """Whether `event` in history records this very command."""
        is_same = (
            event.get("InstanceId") == self.entity_id and f'"op":{json.dumps(self.operation)}' in event["Input"]
        )
        return is_same and is_signal(event) == self.is_signal


Command = ScheduleActivity | StartSubOrchestration | CreateTimer | SendOperation


@dataclass(slots=True)
class Completed:
    """The orchestrator returned; ``output`` is JSON text or None."""

    output: str | None


@dataclass(slots=True)
class Failed:
    """The orchestrator raised, or its code does not fit its history; ``reason`` is the instance's output."""

    reason: str
    error: str
    stack: str = ""


@dataclass(slots=True)
class ContinuedAsNew:
    """The orchestrator starts over with ``input`` (the action's JSON text) and takes unread events along."""

    input: Any
    carried_events: tuple[Event, ...]


Ending = Completed | Failed | ContinuedAsNew


@dataclass(slots=True)
class Decision:
    """What to write after an episode.

    Attributes:
        commands: to be scheduled now, in the order of their numbers.
        ending: how the execution ends now; None while it goes on.
        misfits: commands that do not fit the history; they are recorded all the same, and not carried out.
        unexpected_events: names of new events for which nothing waited; the SDK keeps only the last of a name.
        action_count: how many activities, children, timers and operations the execution has asked for so far.
    """

    commands: tuple[Command, ...] = ()
    ending: Ending | None = None
    misfits: tuple[Command, ...] = ()
    unexpected_events: tuple[str, ...] = ()
    action_count: int = 0


def is_signal(sent: Event) -> bool:
    """Whether an operation in history was a signal; the key is never inside a nested text, where it is escaped."""
    return '"signal":true' in sent["Input"]


def _same_name(recorded: Any, expected: str) -> bool:
    return isinstance(recorded, str) and recorded.lower() == expected.lower()
