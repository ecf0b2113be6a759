"""Runs the app's functions: coroutines on one event loop, the others in a pool, within the time limit."""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import functools
import inspect
import logging
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from devhost.durable_engine.functions import FunctionFailed, FunctionTimedOut
from devhost.functions_host.errors import HostStopping
from devhost.functions_host.indexing import ORCHESTRATION_TRIGGER, IndexedFunction
from devhost.functions_host.invocation_context import FunctionContext, Invocation
from devhost.functions_host.time_spans import format_time_span

log = logging.getLogger("devhost.host")


@dataclass(frozen=True)
class _Run:
    """An invocation under way."""

    function: IndexedFunction
    invocation: Invocation
    future: concurrent.futures.Future[Any]
    started: float
    log_level: int


class Invoker(Protocol):
    """Runs functions, wherever that is.

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

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until no function runs; False if some still do after the timeout."""
        ...

    def close(self) -> None:
        """End what still runs."""
        ...


class FunctionInvoker:
    """Runs functions for the life of the process.

    All ``async`` functions share one event loop: the durable SDK keeps one HTTP session for the process, bound to
    the loop that used it first. Servers and the engine must never run on
    it, or they would wait for themselves.

    Args:
        timeout: How long one invocation may take; None is without limit. A coroutine that exceeds it is cancelled;
            a thread cannot be, so it goes on and its late result is ignored.
        thread_count: Size of the thread pool; None is Python's default.
        client_binding: JSON text that durable client parameters receive, whatever the trigger.
    """

    takes_files = False

    def __init__(
        self, timeout: timedelta | None = None, thread_count: int | None = None, client_binding: str = "{}"
    ) -> None:
        self._client_binding = client_binding
        self._timeout = timeout
        self._timeout_seconds = timeout.total_seconds() if timeout else None
        self._pool = concurrent.futures.ThreadPoolExecutor(thread_count, thread_name_prefix="function")
        self._loop = asyncio.new_event_loop()
        self._loop_thread = threading.Thread(target=self._loop.run_forever, name="function-loop", daemon=True)
        self._loop_thread.start()
        self._under_way: set[concurrent.futures.Future[Any]] = set()

    def call(self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation) -> Any:
        """Run a function and return what it returned; blocks, so it is not for an event loop.

        Args:
            function: What to run.
            arguments: The trigger's value by parameter name; durable clients and ``context`` are added here.
            invocation: Identifies this run in the log.

        Raises:
            FunctionFailed: The function raised, whatever it was.
            FunctionTimedOut: The function took longer than the limit.
            HostStopping: The host stopped before the function had ended.
        """
        run = self._begin(function, arguments, invocation)
        # Not concurrent.futures.wait: it is made for many, and doubles what a short call costs.
        with contextlib.suppress(TimeoutError, concurrent.futures.CancelledError):
            run.future.exception(self._timeout_seconds)
        return self._finish(run)

    async def call_async(
        self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation
    ) -> Any:
        """Do the same as ``call``, for the event loop of a server."""
        run = self._begin(function, arguments, invocation)
        wrapped = asyncio.wrap_future(run.future)
        wrapped.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait((wrapped,), timeout=self._timeout_seconds)
        return self._finish(run)

    def begin(
        self,
        function: IndexedFunction,
        arguments: Mapping[str, Any],
        invocation: Invocation,
        ended: Callable[[Callable[[], Any]], None],
    ) -> None:
        """Run a function without waiting for it, and without a time limit.

        Args:
            function: What to run.
            arguments: As for ``call``.
            invocation: As for ``call``.
            ended: Called when the function has ended, on the thread that ran it, with a callable that returns or
                raises what ``call`` would.
        """
        run = self._begin(function, arguments, invocation)
        run.future.add_done_callback(lambda _: ended(functools.partial(self._finish, run)))

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until no function runs; False if some still do after the timeout."""
        return not concurrent.futures.wait(tuple(self._under_way), timeout=timeout_seconds).not_done

    def close(self) -> None:
        """Cancel the coroutines that still run, and release the loop and the idle threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        closing = asyncio.run_coroutine_threadsafe(_close_loop_users(), self._loop)
        concurrent.futures.wait((closing,), timeout=2.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._loop_thread.join(timeout=2.0)
        if not self._loop_thread.is_alive():
            self._loop.close()

    def _begin(self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation) -> _Run:
        # Orchestrators run once per episode; their every replay would drown the log.
        level = logging.DEBUG if function.trigger_type == ORCHESTRATION_TRIGGER else logging.INFO
        log.log(
            level,
            "Executing 'Functions.%s' (Reason='%s', Id=%s)",
            function.name,
            invocation.reason,
            _id(invocation),
        )
        bound = {**arguments, **dict.fromkeys(function.client_parameters, self._client_binding)}
        if function.wants_context:
            bound["context"] = FunctionContext(invocation, function.directory)
        future: concurrent.futures.Future[Any]
        if function.is_async:
            future = asyncio.run_coroutine_threadsafe(_run_async(function.call, bound, invocation), self._loop)
        else:
            context = contextvars.copy_context()
            future = self._pool.submit(context.run, _run_sync, function.call, bound, invocation)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return _Run(function, invocation, future, time.monotonic(), level)

    def _finish(self, run: _Run) -> Any:
        try:
            result = self._result_of(run)
        except FunctionFailed as failure:
            self._log_end(run, "Failed", logging.ERROR, f"\n{failure.stack or failure}")
            raise
        except (FunctionTimedOut, HostStopping) as failure:
            self._log_end(run, "Failed", logging.ERROR, f"\n{failure}")
            raise
        self._log_end(run, "Succeeded", run.log_level)
        return result

    def _result_of(self, run: _Run) -> Any:
        name = run.function.name
        if not run.future.done():
            run.future.cancel()
            assert self._timeout is not None
            limit = format_time_span(self._timeout)
            raise FunctionTimedOut(f"Timeout value of {limit} was exceeded by function: Functions.{name}")
        try:
            result = run.future.result()
        except concurrent.futures.CancelledError:
            raise HostStopping(
                f"The host stopped before {name} had ended; it starts again with the host."
            ) from None
        if result is not None and not run.function.returns_a_result:
            raise FunctionFailed(
                "RuntimeError", f"function '{name}' without a $return binding returned a non-None value"
            )
        return result

    @staticmethod
    def _log_end(run: _Run, outcome: str, level: int, detail: str = "") -> None:
        milliseconds = round((time.monotonic() - run.started) * 1000)
        text = "Executed 'Functions.%s' (%s, Id=%s, Duration=%dms)%s"
        log.log(level, text, run.function.name, outcome, _id(run.invocation), milliseconds, detail)


def _id(invocation: Invocation) -> str:
    return invocation.invocation_id


def _run_sync(call: Callable[..., Any], bound: Mapping[str, Any], invocation: Invocation) -> Any:
    invocation.enter()
    try:
        return call(**bound)
    except BaseException as error:
        # Whatever user code raises, SystemExit too, fails this invocation and nothing else.
        raise _failure(error) from None


async def _run_async(call: Callable[..., Awaitable[Any]], bound: Mapping[str, Any], invocation: Invocation) -> Any:
    invocation.enter()
    try:
        return await call(**bound)
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        raise _failure(error) from None


def _failure(error: BaseException) -> FunctionFailed:
    # The first frame is this module's own call.
    user_frames = error.__traceback__.tb_next if error.__traceback__ else None
    stack = "".join(traceback.format_exception(type(error), error, user_frames)).rstrip()
    return FunctionFailed(type(error).__name__, str(error), stack)


async def _close_loop_users() -> None:
    """Cancel what still runs on the loop, and close the durable SDK's session, which has no owner to do it."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    sdk = sys.modules.get("azure.durable_functions.models.utils.http_utils")
    close_session = getattr(sdk, "_close_session", None)
    if inspect.iscoroutinefunction(close_session):
        await close_session()
