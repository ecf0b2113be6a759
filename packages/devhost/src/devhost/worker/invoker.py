"""Lets the host call functions as if they ran in its own process, while they run in workers."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from devhost.engine.functions import FunctionResult, FunctionTimedOut, OnResult
from devhost.functions.converters import encode
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.errors import HostStopping
from devhost.functions.indexing import ACTIVITY_TRIGGER, IndexedFunction
from devhost.functions.invocation_context import Invocation
from devhost.functions.time_limits import TimeLimits
from devhost.functions.time_spans import format_time_span
from devhost.worker.calls import pack_call
from devhost.worker.errors import NeighbourTimedOut, WorkerGone, WorkerReplaced, died
from devhost.worker.frames import Body, Frame
from devhost.worker.hosting import AppWorkers
from devhost.worker.payloads import unpack_answer
from devhost.worker.process import PendingAnswer, WorkerProcess
from devhost.worker.values import WireText

log = logging.getLogger("devhost.worker")

# How often in all a durable work item is run whose process dies. HTTP functions and timers are not run again,
# since it is not known how far they came.
DURABLE_ATTEMPTS = 3


class WorkerInvoker:
    """Runs functions in workers.

    Args:
        workers: The app's workers; closed with the invoker.
        timeout: How long one invocation may take; None is without limit. The process of a function that exceeds it
            is replaced, as in Azure, and what else ran in it is run again.
        durable_attempts: How often in all a durable function is run whose process dies.
    """

    takes_files = True

    def __init__(
        self, workers: AppWorkers, timeout: timedelta | None = None, durable_attempts: int = DURABLE_ATTEMPTS
    ) -> None:
        self._workers = workers
        self._durable_attempts = durable_attempts
        self._pool = workers.pool
        self._timeout = timeout
        self._timeout_seconds = timeout.total_seconds() if timeout else None
        self._limits = TimeLimits(self._timeout_seconds)
        self._changed = threading.Condition()
        self._under_way = 0

    def call(self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation) -> Any:
        """Run a function and return what it returned; blocks, so it is not for an event loop.

        An orchestrator, activity or entity that comes as the engine has it, as JSON text, is run up to three times
        if its process dies, the last time alone in a process of its own, so that none fails because of another.

        Raises:
            FunctionFailed: The function raised; WorkerProcessDied: it, or another, ended its process.
            FunctionTimedOut: The function took longer than the limit.
            HostStopping: The host stopped before the function had ended.
        """
        call = _Call.of(function, arguments, invocation, self._durable_attempts)
        return unpack_answer(self._run(call), call.arguments)

    def begin(
        self,
        function: IndexedFunction,
        arguments: Mapping[str, Any],
        invocation: Invocation,
        on_result: OnResult[Any],
    ) -> None:
        """Do the same as ``call``, without waiting; `on_result` is called on a thread of the worker's connection.

        If the worker dies or the function exceeds its time, it is called on another one.
        """
        call = _Call.of(function, arguments, invocation, self._durable_attempts)
        worker = self._pool.find()
        if worker is None:
            return self._begin_slowly(call, on_result)
        header, body = call.packed()
        self._count(1)
        # The first to end the watch reports the result: the worker's answer or the time limit.
        number = self._limits.begin(lambda: on_result(FunctionResult(failure=self._expired(function, worker))))

        def answered(done: PendingAnswer) -> None:
            self._count(-1)
            if not self._limits.end(number):
                return
            gone = done.exception()
            if isinstance(gone, WorkerGone):
                self._begin_slowly(call, on_result, gone)
            else:
                on_result(FunctionResult.of(lambda: unpack_answer(done.result(), call.arguments)))

        worker.begin(header, body, at_once=False).add_done_callback(answered)

    async def call_async(
        self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation
    ) -> Any:
        """Do the same as ``call``, for the event loop of a server."""
        header, body = pack_call(function, arguments, invocation)
        with self._counted():
            worker = self._pool.find()
            if worker is None:
                worker = await asyncio.to_thread(self._pool.wait_for_one)
            answer = worker.begin(header, body, at_once=False)
            wrapped = asyncio.wrap_future(answer)
            wrapped.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.wait((wrapped,), timeout=self._timeout_seconds)
            try:
                frame = self._frame_of(answer, function, worker)
            except WorkerGone as gone:
                raise self._final_failure(function, gone, attempts=1) from gone
            # Files are read in a thread, so that a large answer does not block other requests.
            is_file = isinstance(frame.body, Path)
            if is_file:
                return await asyncio.to_thread(unpack_answer, frame, arguments)
            return unpack_answer(frame, arguments)

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until no function runs; False if some still do after the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: self._under_way == 0, timeout_seconds)

    def close(self) -> None:
        """End the workers, and with them what still runs."""
        self._limits.close()
        self._workers.close()

    def _begin_slowly(self, call: "_Call", on_result: OnResult[Any], gone: WorkerGone | None = None) -> None:
        """Wait for a worker on a thread of its own: there is none, or the one that ran the function is gone."""

        def run() -> None:
            on_result(FunctionResult.of(lambda: unpack_answer(self._run(call, gone), call.arguments)))

        try:
            threading.Thread(target=run, name="worker-second-try", daemon=True).start()
        except RuntimeError as failure:
            # No thread can be started; the engine begins the function again after a pause.
            on_result(FunctionResult(failure=failure))

    def _run(self, call: "_Call", gone: WorkerGone | None = None) -> Frame:
        """Run a function, again if its process dies; `gone` is how a first attempt has ended."""
        function = call.function
        header, body = call.packed()
        deaths = 0
        with self._counted():
            while True:
                if gone is not None:
                    deaths += not isinstance(gone, WorkerReplaced)
                    if call.is_over(gone, deaths):
                        raise self._final_failure(function, gone, call.attempts) from gone
                    text = "%s runs again: %s. Its process has died %d times, and may %d times."
                    log.warning(text, function.name, gone, deaths, call.attempts)
                try:
                    return self._attempt(function, header, body, is_alone=0 < deaths == call.attempts - 1)
                except WorkerGone as ended:
                    gone = ended

    def _attempt(self, function: IndexedFunction, header: dict[str, Any], body: Body, is_alone: bool) -> Frame:
        with self._worker(is_alone) as worker:
            answer = worker.begin(header, body)
            # Not concurrent.futures.wait, which doubles the cost of a short call.
            with contextlib.suppress(TimeoutError):
                answer.exception(self._timeout_seconds)
            return self._frame_of(answer, function, worker)

    def _worker(self, is_alone: bool) -> contextlib.AbstractContextManager[WorkerProcess]:
        return self._pool.alone() if is_alone else contextlib.nullcontext(self._pool.wait_for_one())

    def _frame_of(self, answer: PendingAnswer, function: IndexedFunction, worker: WorkerProcess) -> Frame:
        if answer.done():
            return answer.result()
        raise self._expired(function, worker)

    def _expired(self, function: IndexedFunction, worker: WorkerProcess) -> FunctionTimedOut:
        """Replace the process of a function that runs for too long; returns the failure for its caller."""
        assert self._timeout is not None
        limit = format_time_span(self._timeout)
        text = f"Timeout value of {limit} was exceeded by function: Functions.{function.name}"
        log.error("%s. Its worker process (pid %d) is replaced.", text, worker.pid)
        worker.kill(NeighbourTimedOut(text))
        return FunctionTimedOut(text)

    def _final_failure(self, function: IndexedFunction, gone: WorkerGone, attempts: int) -> Exception:
        if self._pool.is_closing:
            return HostStopping(
                f"The host stopped before {function.name} had ended; it starts again with the host."
            )
        if isinstance(gone, NeighbourTimedOut) and function.trigger_type == ACTIVITY_TRIGGER:
            failure: Exception = FunctionTimedOut(str(gone))
        else:
            failure = died(gone, attempts)
        log.error("Executed 'Functions.%s' (Failed): %s", function.name, failure)
        return failure

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._under_way += change
            if not self._under_way:
                self._changed.notify_all()


@dataclass(frozen=True)
class _Call:
    """A function to run, at most `attempts` times if its process dies.

    A durable one comes from the engine, which waits for its answer however long that takes.
    """

    function: IndexedFunction
    arguments: Mapping[str, Any]
    invocation: Invocation
    attempts: int
    is_durable: bool

    @classmethod
    def of(
        cls,
        function: IndexedFunction,
        arguments: Mapping[str, Any],
        invocation: Invocation,
        durable_attempts: int,
    ) -> "_Call":
        """Bring the arguments into the form in which they travel."""
        value = arguments[function.trigger_parameter]
        is_durable = isinstance(value, WireText)
        if not is_durable and function.trigger_type == ACTIVITY_TRIGGER:
            # An activity that is run by hand has a decoded argument.
            arguments = {**arguments, function.trigger_parameter: WireText(encode(ACTIVITY_TRIGGER, value))}
        return cls(function, arguments, invocation, durable_attempts if is_durable else 1, is_durable)

    def is_over(self, gone: WorkerGone, deaths: int) -> bool:
        """Whether the function has failed, after so many deaths of its process, the last of which was `gone`."""
        if not isinstance(gone, WorkerReplaced):
            return deaths == self.attempts
        # With one attempt it goes as on the Functions host: a neighbour's timeout fails activities, but neither
        # orchestrators nor entities, and a restart for changed code fails nothing.
        is_lost = isinstance(gone, NeighbourTimedOut) and self.function.trigger_type == ACTIVITY_TRIGGER
        return not self.is_durable or (is_lost and self.attempts == 1)

    def packed(self) -> tuple[dict[str, Any], Body]:
        """Header and body of the call's frame. Raises TypeError for an argument that cannot be sent."""
        return pack_call(self.function, self.arguments, self.invocation)


class WorkerDurableFunctions(HostedDurableFunctions):
    """The engine's ``DurableFunctions`` over workers: the JSON text is passed on unchanged in both directions."""

    def _argument(self, trigger_type: str, text: str) -> WireText:
        return WireText(text)

    def _text_of(self, trigger_type: str, result: Any) -> str | None:
        return None if result is None else str(result)
