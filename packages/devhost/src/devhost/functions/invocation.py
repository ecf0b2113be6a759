"""Runs the app's functions: coroutines on one event loop, the others in a pool, within the time limit."""

import asyncio
import concurrent.futures
import contextvars
import functools
import inspect
import logging
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from devhost.engine.functions import FunctionFailed, FunctionResult, FunctionTimedOut, OnResult
from devhost.functions.errors import HostStopping
from devhost.functions.failures import failure_of, is_outcome
from devhost.functions.function_threads import FunctionThreads
from devhost.functions.indexing import ORCHESTRATION_TRIGGER, IndexedFunction
from devhost.functions.invocation_context import FunctionContext, Invocation
from devhost.functions.invoker_protocol import Later
from devhost.functions.time_limits import TimeLimits
from devhost.functions.time_spans import format_time_span

log = logging.getLogger("devhost.host")


@dataclass(slots=True, eq=False)
class _Run:
    """An invocation under way; ``number`` is its number among those watched for the time limit."""

    function: IndexedFunction
    invocation: Invocation
    bound: dict[str, Any]
    on_result: OnResult[Any]
    log_level: int
    number: int = 0
    is_outcome: bool = False
    started: float = field(default_factory=time.monotonic)
    coroutine: concurrent.futures.Future[Any] | None = None


class FunctionInvoker:
    """Runs functions for the life of the process.

    All ``async`` functions share one event loop: the durable SDK keeps one HTTP session for the process, bound to
    the loop that used it first. Servers and the engine must not run on this loop, or they would wait for
    themselves.

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
        self._limits = TimeLimits(timeout.total_seconds() if timeout else None)
        self._threads = FunctionThreads(thread_count)
        self._loop = asyncio.new_event_loop()
        self._loop_thread = threading.Thread(target=self._loop.run_forever, name="function-loop", daemon=True)
        self._loop_thread.start()
        self._coroutines: set[concurrent.futures.Future[Any]] = set()
        # Runs that no thread has begun. Whoever removes a run from here decides its result.
        self._waiting: dict[_Run, bool] = {}
        self._is_closed = False

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
        return self._begin_with_future(function, arguments, invocation).result().unwrap()

    async def call_async(
        self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation
    ) -> Any:
        """Do the same as ``call``, for the event loop of a server."""
        return (await asyncio.wrap_future(self._begin_with_future(function, arguments, invocation))).unwrap()

    def begin(
        self,
        function: IndexedFunction,
        arguments: Mapping[str, Any],
        invocation: Invocation,
        on_result: OnResult[Any],
    ) -> None:
        """Do the same as ``call``, without waiting; `on_result` is called on the thread that ran the function.

        If it has exceeded its time or the host stops, it is called on another one.
        """
        # Orchestrators run once per episode; a line for each replay would flood the log.
        level = logging.DEBUG if function.trigger_type == ORCHESTRATION_TRIGGER else logging.INFO
        if log.isEnabledFor(level):
            text = "Executing 'Functions.%s' (Reason='%s', Id=%s)"
            log.log(level, text, function.name, invocation.reason, invocation.invocation_id)
        bound = {**arguments, **dict.fromkeys(function.client_parameters, self._client_binding)}
        if function.wants_context:
            bound["context"] = FunctionContext(invocation, function.directory)
        run = _Run(function, invocation, bound, on_result, level)
        run.number = self._limits.begin(functools.partial(self._expire, run))
        if function.is_async:
            self._begin_coroutine(run)
        else:
            self._waiting[run] = True
            context = contextvars.copy_context()
            self._threads.submit(functools.partial(context.run, self._run_sync, run))
        if self._is_closed:
            self._fail_waiting_runs()

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until no function runs; False if some still do after the timeout."""
        deadline = time.monotonic() + timeout_seconds
        running = concurrent.futures.wait(tuple(self._coroutines), timeout_seconds).not_done
        return self._threads.wait_idle(max(0.0, deadline - time.monotonic())) and not running

    def close(self) -> None:
        """Cancel the coroutines that still run, and release the loop and the idle threads."""
        self._is_closed = True
        self._fail_waiting_runs()
        self._limits.close()
        self._threads.close()
        closing = asyncio.run_coroutine_threadsafe(_close_loop_users(), self._loop)
        concurrent.futures.wait((closing,), timeout=2.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._loop_thread.join(timeout=2.0)
        if not self._loop_thread.is_alive():
            self._loop.close()

    def _begin_with_future(
        self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation
    ) -> concurrent.futures.Future[FunctionResult[Any]]:
        result: concurrent.futures.Future[FunctionResult[Any]] = concurrent.futures.Future()
        # Marked as running, so that a caller who goes away cannot cancel it while the function's thread uses it.
        result.set_running_or_notify_cancel()
        self.begin(function, arguments, invocation, result.set_result)
        return result

    def _begin_coroutine(self, run: _Run) -> None:
        coroutine = _run_async(run.function.call, run.bound, run.invocation)
        run.coroutine = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        self._coroutines.add(run.coroutine)
        run.coroutine.add_done_callback(self._coroutines.discard)
        run.coroutine.add_done_callback(lambda done: self._finish(run, _result_of(run, done)))

    def _fail_waiting_runs(self) -> None:
        """End the runs that no thread will begin any more."""
        for run in tuple(self._waiting):
            if self._waiting.pop(run, False):
                self._finish(run, FunctionResult(failure=_host_stopping(run)))

    def _run_sync(self, run: _Run) -> None:
        if not self._waiting.pop(run, False):
            return  # It exceeded its time limit before it began, or the host stops.
        run.invocation.enter()
        try:
            value = run.function.call(**_arguments(run.bound))
        except FunctionFailed as failure:
            self._finish(run, FunctionResult(failure=failure))
        except BaseException as error:
            # Whatever user code raises, SystemExit too, fails this invocation and nothing else.
            run.is_outcome = is_outcome(run.function, error)
            self._finish(run, FunctionResult(failure=failure_of(error)))
        else:
            self._finish(run, FunctionResult(value))

    def _expire(self, run: _Run) -> None:
        """Give up on a function that runs for too long; the watch has ended with this call."""
        assert self._timeout is not None
        self._waiting.pop(run, None)
        if run.coroutine is not None:
            run.coroutine.cancel()
        limit = format_time_span(self._timeout)
        text = f"Timeout value of {limit} was exceeded by function: Functions.{run.function.name}"
        self._report(run, FunctionResult(failure=FunctionTimedOut(text)))

    def _finish(self, run: _Run, result: FunctionResult[Any]) -> None:
        # The first to end the watch reports the result: the function, the time limit or the stop of the host.
        if self._limits.end(run.number):
            self._report(run, result)

    def _report(self, run: _Run, result: FunctionResult[Any]) -> None:
        if result.value is not None and not run.function.returns_a_result:
            text = f"function '{run.function.name}' without a $return binding returned a non-None value"
            result = FunctionResult(failure=FunctionFailed("RuntimeError", text))
        self._log_result(run, result.failure)
        run.on_result(result)

    def _log_result(self, run: _Run, failure: BaseException | None) -> None:
        if failure is None:
            if log.isEnabledFor(run.log_level):
                self._log_end(run, "Succeeded", run.log_level)
        elif not isinstance(failure, FunctionFailed):
            self._log_end(run, "Failed", logging.ERROR, f"\n{failure}")
        elif run.is_outcome:
            # The engine logs failed instances.
            self._log_end(run, "Failed", run.log_level, f": {failure}")
        else:
            self._log_end(run, "Failed", logging.ERROR, f"\n{failure.stack or failure}")

    @staticmethod
    def _log_end(run: _Run, outcome: str, level: int, detail: str = "") -> None:
        milliseconds = round((time.monotonic() - run.started) * 1000)
        text = "Executed 'Functions.%s' (%s, Id=%s, Duration=%dms)%s"
        log.log(level, text, run.function.name, outcome, run.invocation.invocation_id, milliseconds, detail)


def _result_of(run: _Run, done: concurrent.futures.Future[Any]) -> FunctionResult[Any]:
    try:
        return FunctionResult(done.result())
    except concurrent.futures.CancelledError:
        return FunctionResult(failure=_host_stopping(run))
    except BaseException as failure:
        return FunctionResult(failure=failure)


def _host_stopping(run: _Run) -> HostStopping:
    return HostStopping(f"The host stopped before {run.function.name} had ended; it starts again with the host.")


def _arguments(bound: Mapping[str, Any]) -> dict[str, Any]:
    """Make the arguments that were left for later. Raises FunctionFailed if the SDK refuses one."""
    return {name: value.make() if isinstance(value, Later) else value for name, value in bound.items()}


async def _run_async(call: Callable[..., Awaitable[Any]], bound: Mapping[str, Any], invocation: Invocation) -> Any:
    invocation.enter()
    try:
        return await call(**_arguments(bound))
    except FunctionFailed:
        raise
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        raise failure_of(error) from None


async def _close_loop_users() -> None:
    """Cancel what still runs on the loop, and close the durable SDK's session, which nobody else closes."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    sdk = sys.modules.get("azure.durable_functions.models.utils.http_utils")
    close_session = getattr(sdk, "_close_session", None)
    if inspect.iscoroutinefunction(close_session):
        await close_session()
