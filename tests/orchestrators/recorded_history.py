"""A run of the orchestrator, recorded: what the SDK was given last, and what it answered then."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import azure.durable_functions as df
from azure.durable_functions.models.actions.ActionType import ActionType

import orchestrators
from devhost.engine.functions import FunctionFailed, wait_for
from devhost.engine.replay import replay
from devhost.engine.state_document import StateDocument
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from tests.orchestrators.pipeline import ORCHESTRATOR

FOLDER = Path(__file__).parent / "histories"


@dataclass(frozen=True)
class RecordedHistory:
    """One run's last episode.

    Attributes:
        shows: what happened in this run, in a sentence.
        context: the SDK's input document: all events of the execution, those of the last episode not yet played.
        answer: what the orchestrator said to that, as `answer_to` gives it.
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


@contextmanager
def durable_functions() -> Iterator[HostedDurableFunctions]:
    """The orchestrators as the host calls them: through the SDK's own handle."""
    app, invoker = df.DFApp(), FunctionInvoker()
    for blueprint in orchestrators.blueprints:
        app.register_functions(blueprint)
    try:
        yield HostedDurableFunctions(index_functions(app, Path.cwd()), invoker)
    finally:
        invoker.close()


def state_after(functions: HostedDurableFunctions, context: dict[str, Any]) -> StateDocument:
    """The SDK's state document after replaying a history."""
    try:
        text = wait_for(partial(functions.begin_orchestrator, ORCHESTRATOR, json.dumps(context)))
        return StateDocument.parse(text or "")
    except FunctionFailed as failure:
        state = StateDocument.from_failure(failure)
        if state is None:
            raise
        return state


def answer_to(functions: HostedDurableFunctions, context: dict[str, Any]) -> dict[str, Any]:
    """What the orchestrator makes of a history: its end, and all it asked for on the way there, in words."""
    state = state_after(functions, context)
    return {
        "isDone": state.is_done,
        "output": state.output and json.loads(state.output),
        "error": state.error,
        "customStatus": state.custom_status and json.loads(state.custom_status),
        "actions": [in_words(action) for action in state.actions],
    }


def ending_of(functions: HostedDurableFunctions, context: dict[str, Any]) -> object:
    """How the engine sees a history end: it compares the tasks that were recorded with those asked for now."""
    history = context["history"]
    return replay(ORCHESTRATOR, history, len(history), state_after(functions, context)).ending


def in_words(action: dict[str, Any]) -> str:
    """An action's type with the name of what it calls: `CALL_ACTIVITY validate_compliance`."""
    kind = ActionType(action["actionType"]).name
    if "compoundActions" in action:
        return f"{kind} ({', '.join(in_words(child) for child in action['compoundActions'])})"
    called = action.get("functionName") or action.get("externalEventName") or action.get("operation")
    return f"{kind} {called}" if called else kind
