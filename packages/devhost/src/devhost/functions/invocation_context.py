"""The running invocation, for the log and for functions that declare a ``context`` parameter."""

import contextvars
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import azure.functions as func

from devhost.engine.functions import FunctionFailed, FunctionTimedOut

_current: contextvars.ContextVar["Invocation | None"] = contextvars.ContextVar("invocation", default=None)
_thread_local = threading.local()


def new_guid() -> str:
    """Return a random GUID, version 4, in a third of the time of ``str(uuid.uuid4())``."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@dataclass(slots=True)
class Invocation:
    """One call of one function.

    Attributes:
        function_name: The function's name in the app.
        reason: Why it runs, for the log: a route, a timer, the instance of an activity.
        invocation_id: A GUID, new for every call.
        trace_parent: W3C ``traceparent`` for what the function causes, or empty.
        trace_state: W3C ``tracestate`` of the caller, or empty.
        retry_count: 0 for the first run, then the number of the retry.
        max_retry_count: How many retries the function's policy allows; -1 is without end.
        last_failure: Why the previous run failed, if this is a retry.
        binding_data: What the trigger offers to the ``{tokens}`` of the function's other bindings.
    """

    function_name: str
    reason: str
    invocation_id: str = field(default_factory=new_guid)
    trace_parent: str = ""
    trace_state: str = ""
    retry_count: int = 0
    max_retry_count: int = 0
    last_failure: FunctionFailed | FunctionTimedOut | None = None
    binding_data: Mapping[str, Any] = field(default_factory=dict)

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
        """Attributes that the worker would add; the local host has none."""
        return {}

    # The worker offers the capitalised spellings too, and apps use them.
    Traceparent = trace_parent
    Tracestate = trace_state
    Attributes = attributes


class LastFailure(func._abc.RpcException):
    """Why the run before a retry failed, in the form that the worker gives."""

    def __init__(self, failure: FunctionFailed | FunctionTimedOut) -> None:
        self._failure = failure

    @property
    def source(self) -> str:
        """Where it failed: always in the function."""
        return "Functions"

    @property
    def message(self) -> str:
        """Type and text of the exception."""
        return str(self._failure)

    @property
    def stack_trace(self) -> str:
        """The formatted traceback, or empty."""
        return str(getattr(self._failure, "stack", ""))


class RetryContext(func._abc.RetryContext):
    """Retry state of an invocation: all zero for a first run, and for triggers without retries."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    @property
    def retry_count(self) -> int:
        """Number of this retry; 0 for the first run."""
        return self._invocation.retry_count

    @property
    def max_retry_count(self) -> int:
        """How many retries there are at most; -1 is without end."""
        return self._invocation.max_retry_count

    @property
    def exception(self) -> LastFailure | None:  # type: ignore[override]
        """Why the run before failed; None for the first run."""
        failure = self._invocation.last_failure
        return LastFailure(failure) if failure else None


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
        return RetryContext(self._invocation)


class InvocationFilter(logging.Filter):
    """Gives each log record ``invocation``: ``" [function id]"`` inside an invocation, empty elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attribute; never drops a record."""
        invocation = _current.get()
        record.invocation = f" [{invocation.function_name} {invocation.invocation_id}]" if invocation else ""
        return True
