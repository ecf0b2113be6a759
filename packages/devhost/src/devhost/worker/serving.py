"""The worker's side: loads the app, reports its functions to the host, and runs the calls of the host."""

import concurrent.futures
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devhost.engine.functions import FunctionFailed, FunctionResult
from devhost.functions.app_loader import LoadedApp, enter_app_root, load_app
from devhost.functions.errors import HostError, HostStopping
from devhost.functions.indexing import IndexedFunction
from devhost.functions.invocation import FunctionInvoker
from devhost.worker.calls import unpack_call
from devhost.worker.frames import Frame, FrameStream
from devhost.worker.payloads import pack_failure, pack_results
from devhost.worker.report import describe_app

log = logging.getLogger("devhost.worker")

_BROKEN_EXIT_CODE = 70


class WorkerServer:
    """Serves one host on one connection, many calls at once.

    Args:
        stream: The connection to the host.
        script: The app's script.
        is_strict: Whether a function that cannot run here is a fault of the app.
    """

    def __init__(self, stream: FrameStream, script: Path, is_strict: bool) -> None:
        self._stream = stream
        self._script = script
        self._is_strict = is_strict
        self._functions: dict[str, IndexedFunction] = {}
        self._invoker = FunctionInvoker()
        # For work that would block the reader or the app's event loop: reading files, encoding coroutine results.
        self._helpers = concurrent.futures.ThreadPoolExecutor(4, thread_name_prefix="worker-helper")

    def serve(self) -> bool:
        """Load the app and serve calls until the host sends a stop (True) or is gone (False)."""
        if not self._load():
            return True
        while (frame := self._stream.receive()) is not None:
            if "call" in frame.header:
                self._take(frame)
            elif "configure" in frame.header:
                self._configure(frame)
            elif "stop" in frame.header:
                self._invoker.close()
                return True
        return False

    def _load(self) -> bool:
        enter_app_root(self._script)
        try:
            app: LoadedApp = load_app(self._script, self._is_strict)
        except HostError as error:
            self._stream.send({"loaded": False, "error": str(error)})
            return False
        self._functions = {function.name: function for function in app.functions}
        self._stream.send({"loaded": True, "app": describe_app(app)})
        return True

    def _configure(self, frame: Frame) -> None:
        self._invoker.close()
        threads = frame.header["threads"]
        self._invoker = FunctionInvoker(None, threads, frame.header["configure"])

    def _take(self, frame: Frame) -> None:
        if isinstance(frame.body, Path):
            self._helpers.submit(self._guarded, self._begin, frame)
        else:
            self._guarded(self._begin, frame)

    def _begin(self, frame: Frame) -> None:
        call_id = frame.header["id"]
        try:
            function, arguments, invocation = unpack_call(self._functions, frame)
        except FunctionFailed as failure:
            return self._fail(call_id, failure)

        def on_result(result: FunctionResult[Any]) -> None:
            if function.is_async:
                self._helpers.submit(self._guarded, self._finish, call_id, function, arguments, result)
            else:
                self._guarded(self._finish, call_id, function, arguments, result)

        self._invoker.begin(function, arguments, invocation, on_result)

    def _finish(
        self,
        call_id: int,
        function: IndexedFunction,
        arguments: Mapping[str, Any],
        result: FunctionResult[Any],
    ) -> None:
        try:
            returned = result.unwrap()
        except FunctionFailed as failure:
            return self._fail(call_id, failure)
        except HostStopping:
            return None
        try:
            results, body = pack_results(function, returned, arguments)
        except FunctionFailed as failure:
            # The function itself succeeded, so nothing has been logged yet.
            log.error("Functions.%s (Failed): %s", function.name, failure.message)
            return self._fail(call_id, failure)
        return self._stream.send({"id": call_id, "results": results}, body)

    def _fail(self, call_id: int, failure: FunctionFailed) -> None:
        self._stream.send({"id": call_id, "failed": True}, pack_failure(failure))

    def _guarded(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do work of the worker itself; if that fails, end the process, and the host starts another.

        A worker that goes on after running out of memory or threads may leave calls unanswered for ever.
        """
        try:
            work(*arguments)
        except OSError as error:
            log.debug("The host does not listen any more: %s", error)
            os._exit(_BROKEN_EXIT_CODE)
        except BaseException:
            try:
                log.exception("The worker process cannot go on")
            finally:
                os._exit(_BROKEN_EXIT_CODE)
