"""The SDK's answer after an episode: all actions so far, and whether the orchestrator returned or raised."""

import json
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Self

from devhost.engine import dotnet_json
from devhost.engine.functions import STATE_MARKER, FunctionFailed

_LARGEST_CUSTOM_STATUS_BYTES = 16 * 1024


class ActionType(IntEnum):
    """The numbers of the actions, from ``azure/durable_functions/models/actions/ActionType.py`` of the SDK 1.7."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CALL_SUB_ORCHESTRATOR = 2
    CALL_SUB_ORCHESTRATOR_WITH_RETRY = 3
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EXTERNAL_EVENT = 6
    CALL_ENTITY = 7
    CALL_HTTP = 8
    SIGNAL_ENTITY = 9
    WHEN_ANY = 11
    WHEN_ALL = 12


@dataclass(frozen=True)
class StateDocument:
    """What an episode's code came to.

    Attributes:
        actions: all actions since the execution began, in order.
        is_done: the orchestrator returned or continued as new.
        output: the returned value as JSON text; None when it returned nothing.
        custom_status: JSON text, or None.
        error: the text of the exception that the orchestrator raised, or None.
        stack: the traceback of that exception.
        refusal: why the document cannot be accepted, whatever else it says, or None.
    """

    actions: list[dict[str, Any]] = field(default_factory=list)
    is_done: bool = False
    output: str | None = None
    custom_status: str | None = None
    error: str | None = None
    stack: str = ""
    refusal: str | None = None

    @classmethod
    def parse(cls, text: str, stack: str = "") -> Self:
        """Read the SDK's JSON text. Raises ValueError when it is not a state document."""
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError(f"it is no object, but {type(document).__name__}")
        custom_status, refusal = _custom_status(document.get("customStatus"))
        output = _json_or_none(document.get("output"))
        try:
            output = None if output is None else dotnet_json.read_output(output)
        except dotnet_json.Unreadable as error:
            refusal = str(error)
        return cls(
            actions=[action for group in document.get("actions") or [] for action in group],
            is_done=bool(document.get("isDone")),
            output=output,
            custom_status=custom_status,
            error=document.get("error") or None,
            stack=stack,
            refusal=refusal,
        )

    @classmethod
    def from_failure(cls, failure: FunctionFailed) -> Self | None:
        """Read the state that the SDK hides in the text of an orchestrator's exception; None if there is none."""
        _, marker, state = failure.message.partition(STATE_MARKER)
        if not marker:
            return None
        try:
            return cls.parse(state, failure.stack)
        except ValueError:
            return None


def _custom_status(value: Any) -> tuple[str | None, str | None]:
    """Return the status as JSON text, or None and what is wrong with it. Azure stores it as UTF-16."""
    text = _json_or_none(value)
    # Escapes only ever make a text longer, so a short one needs no second look.
    if text is None or len(text) * 2 <= _LARGEST_CUSTOM_STATUS_BYTES:
        return text, None
    size = len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-16-le", "surrogatepass"))
    if size <= _LARGEST_CUSTOM_STATUS_BYTES:
        return text, None
    return None, (
        "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. The current payload size is "
        f"{size // 1024} KB."
    )


def _json_or_none(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
