"""What the engine needs from the app: its durable functions, called by name with JSON text in and out."""

import re
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

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


@dataclass(frozen=True)
class FunctionResult(Generic[T]):
    """What came of one call of a function.

    Attributes:
        value: what it returned; None if that was nothing, or if it failed.
        failure: why it failed: FunctionFailed for errors of user code, FunctionTimedOut for exceeded limits, any
            other exception if the host could not run it. None if it did not fail.
    """

    value: T | None = None
    failure: BaseException | None = None

    @classmethod
    def of(cls, compute: Callable[[], T | None]) -> "FunctionResult[T]":
        """Return the result of `compute`, which is called now, on this thread."""
        try:
            return FunctionResult(compute())
        except BaseException as failure:
            return FunctionResult(failure=failure)

    def map(self, convert: Callable[[T | None], R | None]) -> "FunctionResult[R]":
        """Return the result with its value converted; a failure stays, and so does one of the conversion."""
        if self.failure is not None:
            return FunctionResult(failure=self.failure)
        try:
            return FunctionResult(convert(self.value))
        except BaseException as failure:
            return FunctionResult(failure=failure)

    def unwrap(self) -> T | None:
        """Return the value, or raise the failure."""
        if self.failure is not None:
            raise self.failure
        return self.value


# Called once, on any thread, when a function has ended; it must not raise.
OnResult = Callable[[FunctionResult[T]], None]


class DurableFunctions(Protocol):
    """The app's registered durable functions.

    The ``begin_*`` methods do not wait for the function: they call `on_result` with its JSON text. Names are
    compared case-insensitively. If the host could not run the function, the engine tries again later: then the
    failure is neither FunctionFailed nor FunctionTimedOut. ``begin_*`` may raise such a one too.
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

    def begin_orchestrator(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run one episode: the SDK's input document (complete history) in, its state document out."""
        ...

    def begin_activity(
        self, name: str, instance_id: str, input_json: str | None, on_result: OnResult[str]
    ) -> None:
        """Run an activity: JSON text in, JSON text of the result out; a null result is None."""
        ...

    def begin_entity(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run one batch of operations: the SDK's entity document in, its answer document out."""
        ...


def wait_for(begin: Callable[[OnResult[T]], None]) -> T | None:
    """Begin a function and wait until it has ended; returns its value, or raises its failure.

    Example:
        state = wait_for(lambda on_result: functions.begin_orchestrator("order", document, on_result))
    """
    ended: Future[FunctionResult[T]] = Future()
    begin(ended.set_result)
    return ended.result().unwrap()
