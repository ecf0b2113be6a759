"""What runs right now: for the log, and for functions that ask for a ``context``."""

import contextvars
import logging
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import azure.functions as func

_current: contextvars.ContextVar["Invocation | None"] = contextvars.ContextVar("invocation", default=None)
_thread_local = threading.local()


@dataclass(frozen=True)
class Invocation:
    """One call of one function.

    Attributes:
        function_name: The function's name in the app.
        reason: Why it runs, for the log: a route, a timer, the instance of an activity.
        invocation_id: A GUID, new for every call.
        trace_parent: W3C ``traceparent`` of the caller, or empty.
        trace_state: W3C ``tracestate`` of the caller, or empty.
    """

    function_name: str
    reason: str
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    trace_parent: str = ""
    trace_state: str = ""

    def enter(self) -> None:
        """Make this the current invocation of the running thread or task."""
        _current.set(self)
        _thread_local.invocation_id = self.invocation_id


class TraceContext(func._abc.TraceContext):
    """The distributed trace an invocation belongs to."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    @property
    def trace_parent(self) -> str:
        """W3C ``traceparent``, or empty."""
        return self._invocation.trace_parent

    @property
    def trace_state(self) -> str:
        """W3C ``tracestate``, or empty."""
        return self._invocation.trace_state

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes which the worker would add; the local host has none."""
        return {}

    # The worker offers the capitalised spellings too, and apps use them.
    Traceparent = trace_parent
    Tracestate = trace_state
    Attributes = attributes


class RetryContext(func._abc.RetryContext):
    """Retry state of an invocation; the local host never retries by itself."""

    retry_count = 0
    max_retry_count = 0
    exception = None  # type: ignore[assignment]


class FunctionContext(func.Context):
    """What a function's unbound ``context`` parameter receives."""

    def __init__(self, invocation: Invocation, directory: Path) -> None:
        self._invocation = invocation
        self._directory = str(directory)

    @property
    def invocation_id(self) -> str:
        """GUID of this invocation."""
        return self._invocation.invocation_id

    @property
    def function_name(self) -> str:
        """Name of the function."""
        return self._invocation.function_name

    @property
    def function_directory(self) -> str:
        """Folder of the app."""
        return self._directory

    @property
    def thread_local_storage(self) -> threading.local:  # type: ignore[override]
        """Holds ``invocation_id`` in the thread that runs the function; user threads may set it for their logs."""
        return _thread_local

    @property
    def trace_context(self) -> TraceContext:
        """Distributed trace of this invocation."""
        return TraceContext(self._invocation)

    @property
    def retry_context(self) -> RetryContext:
        """Retry state of this invocation."""
        return RetryContext()


class InvocationFilter(logging.Filter):
    """Gives each log record ``invocation``: ``" [function id]"`` inside an invocation, empty elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attribute; never drops a record."""
        invocation = _current.get()
        record.invocation = f" [{invocation.function_name} {invocation.invocation_id}]" if invocation else ""
        return True


def trace_headers(headers: Mapping[str, str]) -> tuple[str, str]:
    """Take ``traceparent`` and ``tracestate`` from lower-cased request headers; empty texts if absent."""
    return headers.get("traceparent", ""), headers.get("tracestate", "")
