"""A recorded run of the orchestrator: the SDK's last input, and its answer."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from azure.durable_functions.models.actions.ActionType import ActionType

from devhost.testing import ReplayedHistory

FOLDER = Path(__file__).parent / "histories"


@dataclass(frozen=True)
class RecordedHistory:
    """The last episode of a run.

    Attributes:
        shows: what happened in this run, in a sentence.
        context: the SDK's input document: all events of the execution, those of the last episode not yet played.
        answer: the orchestrator's answer, as `answer_of` returns it.
    """

    shows: str
    context: dict[str, Any]
    answer: dict[str, Any]

    @classmethod
    def load(cls, name: str) -> Self:
        """Read a recorded history by its name."""
        return cls(**json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))

    def save(self, name: str) -> None:
        """Write it, in a form that shows changes line by line."""
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def answer_of(replayed: ReplayedHistory) -> dict[str, Any]:
    """The orchestrator's answer to a history: its end, and all its actions, in words."""
    return {
        "isDone": replayed.is_done,
        "output": replayed.output,
        "error": replayed.error,
        "customStatus": replayed.custom_status,
        "actions": [in_words(action) for action in replayed.actions],
    }


def in_words(action: dict[str, Any]) -> str:
    """An action's type with the name of what it calls: `CALL_ACTIVITY validate_compliance`."""
    kind = ActionType(action["actionType"]).name
    if "compoundActions" in action:
        return f"{kind} ({', '.join(in_words(child) for child in action['compoundActions'])})"
    called = action.get("functionName") or action.get("externalEventName") or action.get("operation")
    return f"{kind} {called}" if called else kind
