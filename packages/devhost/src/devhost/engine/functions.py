"""What the engine needs from the app: its durable functions, called by name with JSON text in and out."""

import functools
import re
from collections.abc import Callable, Collection
from concurrent.futures import Future
from typing import NoReturn, Protocol, TypeVar

# Gives the JSON text that a function returned, or raises what became of it instead.
Answer = Callable[[], str | None]
Ended = Callable[[Answer], None]

T = TypeVar("T")

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

    The ``begin_*`` methods do not wait for the function: they call `ended` once, on any thread, with a callable
    that returns the function's JSON text or raises. Names are compared case-insensitively. That callable raises
    FunctionFailed for errors of user code and FunctionTimedOut for exceeded limits; any other exception means that
    the host could not run the function, and the engine tries again later. ``begin_*`` may raise such a one too.
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

    def begin_orchestrator(self, name: str, context_json: str, ended: Ended) -> None:
        """Run one episode: the SDK's input document (complete history) in, its state document out."""
        ...

    def begin_activity(self, name: str, instance_id: str, input_json: str | None, ended: Ended) -> None:
        """Run an activity: JSON text in, JSON text of the result out; a null result is None."""
        ...

    def begin_entity(self, name: str, context_json: str, ended: Ended) -> None:
        """Run one batch of operations: the SDK's entity document in, its answer document out."""
        ...


def settled(compute: Callable[[], T]) -> Callable[[], T]:
    """Compute an answer now, on this thread; returns what gives it, or raises it, as often as asked."""
    try:
        value = compute()
    except BaseException as failure:
        return raising(failure)
    return lambda: value


def raising(failure: BaseException) -> Callable[[], NoReturn]:
    """Return an answer that raises."""
    return functools.partial(_raise, failure)


def _raise(failure: BaseException) -> NoReturn:
    raise failure


def wait_for(begin: Callable[[Ended], None]) -> str | None:
    """Begin a function and wait until it has ended; returns its JSON text, or raises as its answer does.

    Example:
        state = wait_for(lambda ended: functions.begin_orchestrator("order", document, ended))
    """
    answered: Future[Answer] = Future()
    begin(answered.set_result)
    return answered.result()()
