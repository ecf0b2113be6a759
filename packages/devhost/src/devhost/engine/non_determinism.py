"""The Durable Task framework's words for code that no longer fits its history, and what to do about it."""

import json
from collections.abc import Callable

from devhost.engine.commands import Command, CreateTimer, ScheduleActivity, SendOperation, StartSubOrchestration
from devhost.engine.events import Event, EventType

REMEDY = (
    "Was its code changed while the instance was running, or does it use clocks, random numbers or I/O? "
    "Start the instance again, or give the new code its own version."
)

_BEGIN = "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled "
_END = " Was a change made to the orchestrator code after this instance had already started running?"
_MISSING = ", but the current replay execution hasn't (yet?) scheduled this task."
_INSTEAD = ", but the current orchestration replay instead "
_ACTIONS: dict[type, str] = {
    ScheduleActivity: "ScheduleTaskOrchestratorAction",
    StartSubOrchestration: "CreateSubOrchestrationAction",
    CreateTimer: "CreateTimerOrchestratorAction",
    SendOperation: "SendEventOrchestratorAction",
}


def describe(kind: EventType, event: Event, command: Command | None) -> str:
    """Return how the framework words that the code asks for `command` where the history holds `event`.

    It never shows inputs: this text is logged and shown to clients.
    """
    return _BEGIN + _WORDS[kind](event, command) + _END


def _activity(event: Event, command: Command | None) -> str:
    number, name = event["EventId"], event["Name"]
    if command is None:
        return f"an activity task with sequence ID {number} and name '{name}' (version ''){_MISSING}"
    recorded = f"an activity task with sequence number {number} named '{name}'"
    if isinstance(command, ScheduleActivity):
        now = f"scheduled an activity task named '{command.name}' with this sequence number. "
        return f"{recorded}{_INSTEAD}{now}"
    return f"{recorded}{_INSTEAD}produced a {_ACTIONS[type(command)]} action with this sequence number."


def _child(event: Event, command: Command | None) -> str:
    recorded = f"a sub-orchestration task with sequence ID {event['EventId']} and name '{event['Name']}' "
    recorded += f"(version '{event.get('Version') or ''}', instance ID '{event['InstanceId']}')"
    if command is None:
        return recorded + _MISSING
    if isinstance(command, StartSubOrchestration):
        now = f"scheduled a sub-orchestration task with name {command.name} at this sequence number."
        return f"{recorded}{_INSTEAD}{now}"
    return f"{recorded}{_INSTEAD}produced a {_ACTIONS[type(command)]} action at this sequence number."


def _timer(event: Event, command: Command | None) -> str:
    recorded = f"a timer task with sequence number {event['EventId']}"
    if command is None:
        return recorded + _MISSING.removeprefix(",")
    now = f"produced a {_ACTIONS[type(command)]} action with this sequence number."
    return f"{recorded} named{_INSTEAD.removeprefix(',')}{now}"


def _operation(event: Event, command: Command | None) -> str:
    sent = json.loads(event["Input"]).get("op", "")
    # Which operation it was, and how it was sent, is ours: the framework calls all of them 'op'.
    how = "signal" if '"signal":true' in event["Input"] else "call"
    recorded = f"a send event task with sequence ID {event['EventId']}, type 'EventSent' name '{event['Name']}', "
    recorded += f"instance ID '{event['InstanceId']}' ({how} of '{sent}')"
    if command is None:
        return recorded + _MISSING
    if isinstance(command, SendOperation):
        how = "signal" if command.is_signal else "call"
        now = f"scheduled a {how} of '{command.operation}' of '{command.entity_id}' at this sequence number."
        return f"{recorded}{_INSTEAD}{now}"
    return f"{recorded}{_INSTEAD}scheduled a {_ACTIONS[type(command)]} task at this sequence number."


_WORDS: dict[EventType, Callable[[Event, Command | None], str]] = {
    EventType.TASK_SCHEDULED: _activity,
    EventType.SUB_ORCHESTRATION_CREATED: _child,
    EventType.TIMER_CREATED: _timer,
    EventType.EVENT_SENT: _operation,
}
