"""The texts that go between orchestrations and entities, as the Durable extension writes them."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from devhost.engine import timestamps
from devhost.engine.events import Event, EventType

_ASSEMBLY = "Microsoft.Azure.WebJobs.Extensions.DurableTask"
_REQUEST = f"{_ASSEMBLY}.RequestMessage, {_ASSEMBLY}"
_RESPONSE = f"{_ASSEMBLY}.ResponseMessage, {_ASSEMBLY}"
_NEVER = "0001-01-01T00:00:00"


def sending_times(past: Iterable[Event]) -> dict[str, str]:
    """Return when an execution sent its last message to each entity, by the entity's id."""
    last = {one["InstanceId"]: one["Input"] for one in past if one["EventType"] == EventType.EVENT_SENT}
    return {entity_id: json.loads(text).get("Timestamp", _NEVER) for entity_id, text in last.items()}


def next_sending_time(now: str, last: str | None) -> str:
    """Return the time of the next message to one entity: no two have the same, so that they can be sorted."""
    if last is None or _ticks(now) > _ticks(last):
        return now
    seconds, fraction = _ticks(last)[:19], int(_ticks(last)[20:]) + 1
    if fraction == 10**7:
        later = datetime.fromisoformat(seconds) + timedelta(seconds=1)
        return f"{later.isoformat()}.0000001"
    return f"{seconds}.{fraction:07d}"


def request_text(
    operation: str,
    is_signal: bool,
    raw_input: str | None,
    request_id: str,
    sender: tuple[str, str],
    times: tuple[str, str | None],
) -> str:
    """Return the text of an operation.

    Args:
        operation: its name.
        is_signal: whether nobody waits for the answer.
        raw_input: JSON text or None.
        request_id: under which the answer comes.
        sender: ids of the instance and of its execution.
        times: of this message, and of the last one to the same entity.
    """
    message: dict[str, object] = {"$type": _REQUEST, "op": operation}
    if is_signal:
        message["signal"] = True
    if raw_input is not None:
        message["input"] = raw_input
    now, last = times
    message |= {"id": request_id, "parent": sender[0], "parentExecution": sender[1], "Timestamp": now}
    message |= {"Predecessor": last or _NEVER, "requestTime": timestamps.with_offset(now)}
    return json.dumps(message, separators=(",", ":"))


def response_text(result: str, is_error: bool) -> str:
    """Return the text of an answer; `result` is JSON text."""
    message = {"$type": _RESPONSE, "result": result}
    if is_error:
        message["exceptionType"] = "Error"
    return json.dumps(message, separators=(",", ":"))


def operation_of(sent: Event) -> str:
    """Return the name of the operation that an event in history sent."""
    return str(json.loads(sent["Input"]).get("op", ""))


def _ticks(time: str) -> str:
    """A time in one form, so that the texts sort."""
    return time.rstrip("Z").ljust(20, ".").ljust(27, "0")
