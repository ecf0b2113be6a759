"""What every invoker of functions offers, and the argument that is made on the thread of the function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from devhost.engine.functions import OnResult
from devhost.functions.indexing import IndexedFunction
from devhost.functions.invocation_context import Invocation


@dataclass(frozen=True)
class Later:
    """An argument that is made on the function's own thread, since making it runs code of the app."""

    make: Callable[[], Any]


class Invoker(Protocol):
    """Runs functions, in this process or in another.

    Attributes:
        takes_files: Whether a large request body may be given as the path of a file.
    """

    takes_files: bool

    def call(self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation) -> Any:
        """Run a function and return what it returned; blocks."""
        ...

    async def call_async(
        self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation
    ) -> Any:
        """Do the same as ``call``, for the event loop of a server."""
        ...

    def begin(
        self,
        function: IndexedFunction,
        arguments: Mapping[str, Any],
        invocation: Invocation,
        on_result: OnResult[Any],
    ) -> None:
        """Do the same as ``call``, without waiting.

        Args:
            function: What to run.
            arguments: As for ``call``.
            invocation: As for ``call``.
            on_result: Called once, on any thread, with what ``call`` would return or raise.
        """
        ...

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until no function runs; False if some still do after the timeout."""
        ...

    def close(self) -> None:
        """End what still runs."""
        ...
