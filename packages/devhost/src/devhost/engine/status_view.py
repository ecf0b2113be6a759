"""What clients see of an instance: the status object and its history, as the Durable extension shows them."""

import json
from collections.abc import Sequence
from sqlite3 import Row
from typing import Any

from devhost.engine import timestamps
from devhost.engine.events import STATUS_CODES, Event, EventType

_STATUS_NAMES = {code: name for name, code in STATUS_CODES.items()}
_NAMES = {
    EventType.EXECUTION_STARTED: "ExecutionStarted",
    EventType.EXECUTION_COMPLETED: "ExecutionCompleted",
    EventType.EXECUTION_TERMINATED: "ExecutionTerminated",
    EventType.TASK_SCHEDULED: "TaskScheduled",
    EventType.TASK_COMPLETED: "TaskCompleted",
    EventType.TASK_FAILED: "TaskFailed",
    EventType.SUB_ORCHESTRATION_CREATED: "SubOrchestrationInstanceCreated",
    EventType.SUB_ORCHESTRATION_COMPLETED: "SubOrchestrationInstanceCompleted",
    EventType.SUB_ORCHESTRATION_FAILED: "SubOrchestrationInstanceFailed",
    EventType.TIMER_CREATED: "TimerCreated",
    EventType.TIMER_FIRED: "TimerFired",
    EventType.EVENT_SENT: "EventSent",
    EventType.EVENT_RAISED: "EventRaised",
    EventType.CONTINUE_AS_NEW: "ContinueAsNew",
    EventType.GENERIC: "GenericEvent",
    EventType.HISTORY_STATE: "HistoryState",
    EventType.EXECUTION_SUSPENDED: "ExecutionSuspended",
    EventType.EXECUTION_RESUMED: "ExecutionResumed",
}
_EPISODE_MARKS = {EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED}
_ANSWERS = {
    EventType.TASK_COMPLETED,
    EventType.TASK_FAILED,
    EventType.SUB_ORCHESTRATION_COMPLETED,
    EventType.SUB_ORCHESTRATION_FAILED,
}
_QUESTIONS = {EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_CREATED}
# What is between EventType and Timestamp, and what stands there when the event has no such field.
_TRACED, _FAILED = {"ParentTraceContext": None}, {"FailureDetails": None}
_CONTENTS: dict[EventType, dict[str, Any]] = {
    EventType.EXECUTION_STARTED: {
        "Input": None,
        "Correlation": None,
        "ParentTraceContext": None,
        "ScheduledStartTime": None,
        "Generation": None,
        "GenerateNewTrace": False,
    },
    EventType.EXECUTION_COMPLETED: {"OrchestrationStatus": None, "Result": None, **_FAILED},
    EventType.EXECUTION_TERMINATED: {"Input": None},
    EventType.TASK_SCHEDULED: {"Name": None, "Input": None, **_TRACED, "Tags": None},
    EventType.TASK_COMPLETED: {"Result": None},
    EventType.TASK_FAILED: {"Reason": None, "Details": None, **_FAILED},
    EventType.SUB_ORCHESTRATION_CREATED: {
        "Name": None,
        "InstanceId": None,
        "Input": None,
        "ClientSpanId": None,
        "Tags": None,
    },
    EventType.SUB_ORCHESTRATION_COMPLETED: {"Result": None},
    EventType.SUB_ORCHESTRATION_FAILED: {"Reason": None, "Details": None, **_FAILED},
    EventType.TIMER_CREATED: {"FireAt": None},
    EventType.TIMER_FIRED: {"FireAt": None},
    EventType.EVENT_SENT: {"InstanceId": None, "Name": None, "Input": None},
    EventType.EVENT_RAISED: {"Name": None, "Input": None, **_TRACED},
    EventType.EXECUTION_SUSPENDED: {"Reason": None},
    EventType.EXECUTION_RESUMED: {"Reason": None},
}


def status_object(row: Row, show_input: bool) -> dict[str, Any]:
    """Return the status object of an instance's row, without history."""
    version, parent_id = row["version"], row["parent_instance_id"]
    return {
        "name": row["name"],
        **({"version": version} if version else {}),
        "instanceId": row["instance_id"],
        **({"parentInstanceId": parent_id} if parent_id else {}),
        "runtimeStatus": row["status"],
        "input": parsed(row["input"]) if show_input else None,
        "customStatus": parsed(row["custom_status"]),
        "output": parsed(row["output"]),
        "createdTime": timestamps.to_seconds(row["created_at"]),
        "lastUpdatedTime": timestamps.to_seconds(row["updated_at"]),
    }


def history_events(history: Sequence[Event], show_input: bool, show_output: bool) -> list[dict[str, Any]]:
    """Return the history as clients see it: each answer merged with its question, episode marks left out."""
    questions = {event["EventId"]: event for event in history if event["EventType"] in _QUESTIONS}
    answered = {event["TaskScheduledId"] for event in history if event["EventType"] in _ANSWERS}
    shown = []
    for event in history:
        kind = event["EventType"]
        if kind in _EPISODE_MARKS or (kind in _QUESTIONS and event["EventId"] in answered):
            continue
        question = questions.get(event["TaskScheduledId"]) if kind in _ANSWERS else None
        shown.append(_shown(event, question, show_input, show_output))
    return shown


def parsed(text: str | None) -> Any:
    """Return the value of a stored JSON text; what is not JSON, such as a failure's message, stays as it is."""
    if not text:
        return text
    try:
        # Python's constants for what is no number are no JSON, so they go out as texts.
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text


def _shown(event: Event, question: Event | None, show_input: bool, show_output: bool) -> dict[str, Any]:
    kind = event["EventType"]
    if kind == EventType.GENERIC:
        return {"Data": event.get("Data"), "EventType": _NAMES[kind], "Timestamp": event["Timestamp"]}
    contents = {name: event.get(name, absent) for name, absent in _CONTENTS.get(kind, {}).items()}
    shown = {"EventType": _NAMES[kind], **contents, "Timestamp": event["Timestamp"]}
    if question is not None:
        shown |= _asked(question)
    if kind == EventType.EXECUTION_STARTED:
        shown |= {"Generation": event.get("Generation"), "FunctionName": event["Name"]}
    if kind == EventType.EXECUTION_COMPLETED:
        shown["OrchestrationStatus"] = _STATUS_NAMES[event["OrchestrationStatus"]]
    return _without_payloads(shown, show_input, show_output)


def _asked(question: Event) -> dict[str, Any]:
    """What an answer tells of its question; its time is written in another way than all others."""
    asked = {"ScheduledTime": timestamps.with_offset(question["Timestamp"]), "FunctionName": question["Name"]}
    if "InstanceId" in question:
        asked["InstanceId"] = question["InstanceId"]
    return {**asked, "Input": question.get("Input")}


def _without_payloads(shown: dict[str, Any], show_input: bool, show_output: bool) -> dict[str, Any]:
    if not show_output:
        shown.pop("Result", None)
    elif "Result" in shown:
        shown["Result"] = parsed(shown["Result"])
    if not show_input:
        shown.pop("Input", None)
    return shown
