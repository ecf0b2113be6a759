"""What the engine needs from the app: its durable functions, called by name with JSON text in and out."""

import re
from collections.abc import Collection
from typing import Protocol

STATE_MARKER = "\n\n$OutOfProcData$:"
# The state is JSON on one line, whatever its texts hold.
_STATE = re.compile(re.escape(STATE_MARKER) + ".*")


class FunctionFailed(Exception):
    """The user's function raised.

    Attributes:
        type_name: the exception's class name, such as ``ValueError``.
        message: ``str()`` of the exception, complete: an orchestrator's carries the SDK's state, inputs and all.
        stack: the formatted traceback, without that state; so is ``str()`` of this, and both may be logged.
    """

    def __init__(self, type_name: str, message: str, stack: str = "") -> None:
        super().__init__(f"{type_name}: {without_state(message)}")
        self.type_name = type_name
        self.message = message
        self.stack = without_state(stack)


def without_state(text: str) -> str:
    """Return the text without the states that the SDK put into it; they hold the payloads of all actions."""
    return _STATE.sub("", text)


class WorkerProcessDied(FunctionFailed):
    """The function's process ended while it ran, each time it was run; running it once more would end the same."""


class FunctionTimedOut(Exception):
    """The function ran longer than host.json's ``functionTimeout``; its text is shown to the orchestrator."""


class DurableFunctions(Protocol):
    """The app's registered durable functions.

    The ``run_*`` methods block, are thread-safe and are called on the engine's worker threads. Names are compared
    case-insensitively. They raise FunctionFailed for errors of user code and FunctionTimedOut for exceeded
    limits; any other exception means that the host could not run the function, and the engine tries again later.
    """

    @property
    def orchestrators(self) -> Collection[str]:
        """Registered orchestrator names, as the app spells them."""
        ...

    @property
    def activities(self) -> Collection[str]:
        """Registered activity names, as the app spells them."""
        ...

    @property
    def entities(self) -> Collection[str]:
        """Registered entity names, as the app spells them."""
        ...

    def run_orchestrator(self, name: str, context_json: str) -> str:
        """Run one episode: the SDK's input document (complete history) in, its state document out."""
        ...

    def run_activity(self, name: str, instance_id: str, input_json: str | None) -> str | None:
        """Run an activity: JSON text in, JSON text of the result out; a null result is None."""
        ...

    def run_entity(self, name: str, context_json: str) -> str:
        """Run one batch of operations: the SDK's entity document in, its answer document out."""
        ...
