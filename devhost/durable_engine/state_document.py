"""The SDK's answer after an episode: all actions so far, and whether the orchestrator returned or raised."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

from devhost.durable_engine.functions import STATE_MARKER, FunctionFailed


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
    """

    actions: list[dict[str, Any]] = field(default_factory=list)
    is_done: bool = False
    output: str | None = None
    custom_status: str | None = None
    error: str | None = None
    stack: str = ""

    @classmethod
    def parse(cls, text: str, stack: str = "") -> Self:
        """Read the SDK's JSON text. Raises ValueError when it is not a state document."""
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError(f"it is no object, but {type(document).__name__}")
        return cls(
            actions=[action for group in document.get("actions") or [] for action in group],
            is_done=bool(document.get("isDone")),
            output=_json_or_none(document.get("output")),
            custom_status=_json_or_none(document.get("customStatus")),
            error=document.get("error") or None,
            stack=stack,
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


def _json_or_none(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
