"""The host's side of one worker process: starts it, sends it calls, delivers its answers, detects its end."""

import concurrent.futures
import contextlib
import itertools
import logging
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import devhost
from devhost.functions.errors import AppLoadError
from devhost.worker.errors import WorkerGone, WorkerReplaced, exit_text
from devhost.worker.frames import Body, Frame, FrameStream, Message

log = logging.getLogger("devhost.worker")

PendingAnswer = concurrent.futures.Future[Frame]

_STOP_SECONDS = 3.0
# The kernel ends a worker with the thread that started it, so that thread must live as long as the host.
_starter = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="worker-starter")


@dataclass(frozen=True)
class WorkerSettings:
    """How every worker of a host is started.

    Attributes:
        script: The app's script.
        spool_folder: Where large bodies are stored during the transfer.
        is_strict: Whether a function that cannot run here is a fault of the app.
        thread_count: Size of a worker's thread pool; None is Python's default.
        client_binding: JSON text that durable client parameters receive.
    """

    script: Path
    spool_folder: Path
    is_strict: bool = False
    thread_count: int | None = None
    client_binding: str = "{}"


class WorkerProcess:
    """One worker process, from its start to its end.

    Args:
        label: Shown in each line that it logs; empty for none.
        settings: How it is started.
        on_end: Called once, on a thread of this object, when the worker has ended for any reason.
    """

    def __init__(self, label: str, settings: WorkerSettings, on_end: Callable[["WorkerProcess"], None]) -> None:
        self.label = label
        self._settings = settings
        self._on_end = on_end
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._answers: dict[int, tuple[str, PendingAnswer]] = {}
        self._outgoing: queue.SimpleQueue[tuple[dict[str, Any], Body] | None] = queue.SimpleQueue()
        self._gone: WorkerGone | None = None
        self._end_reason: WorkerReplaced | None = None
        self.loaded: concurrent.futures.Future[dict[str, Any]] = concurrent.futures.Future()
        self._process, self._stream = _starter.submit(self._start).result()
        threading.Thread(target=self._read, name=f"worker-reader-{label}", daemon=True).start()
        threading.Thread(target=self._write, name=f"worker-writer-{label}", daemon=True).start()

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    @property
    def call_count(self) -> int:
        """How many calls are under way."""
        return len(self._answers)

    @property
    def is_usable(self) -> bool:
        """Whether it runs, and the host has not begun to end it."""
        return self._gone is None and self._end_reason is None

    def begin(self, header: dict[str, Any], body: Body, at_once: bool = True) -> PendingAnswer:
        """Send a call; the future gets the answer's frame, or WorkerGone.

        Args:
            header: The call, without its id.
            body: The body of the call.
            at_once: Send on this thread, which may have to wait for the worker; else on the worker's own thread.
        """
        answer: PendingAnswer = concurrent.futures.Future()
        # Marked as running, so that a caller who goes away cannot cancel it while the reader uses it.
        answer.set_running_or_notify_cancel()
        with self._lock:
            if self._gone:
                answer.set_exception(self._gone)
                return answer
            call_id = next(self._ids)
            self._answers[call_id] = (header["call"], answer)
        message = ({**header, "id": call_id}, body)
        if at_once:
            self._send(*message)
        else:
            self._outgoing.put(message)
        return answer

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until no call is under way; False if some still are after the timeout."""
        with self._lock:
            answers = [answer for _, answer in self._answers.values()]
        return not concurrent.futures.wait(answers, timeout_seconds).not_done

    def configure(self, settings: WorkerSettings) -> None:
        """Send a loaded worker the settings for its functions; must come before the first call."""
        self._send({"configure": settings.client_binding, "threads": settings.thread_count}, b"")

    def kill(self, reason: WorkerReplaced) -> None:
        """End the process at once; its calls get the reason."""
        self._end_reason = self._end_reason or reason
        self._process.kill()

    def stop(self, reason: str) -> None:
        """Let the process end in order, or end it after a few seconds; its calls get WorkerReplaced."""
        self._end_reason = self._end_reason or WorkerReplaced(reason)
        # Sent by the writer: a worker that no longer reads would block this thread.
        self._outgoing.put(({"stop": True}, b""))
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> tuple[subprocess.Popen[bytes], FrameStream]:
        ours, theirs = socket.socketpair()
        settings = self._settings
        options = ["--socket", str(theirs.fileno()), "--parent", str(os.getpid()), "--label", self.label]
        options += ["--script", str(settings.script), "--spool", str(settings.spool_folder)]
        if settings.is_strict:
            options.append("--strict")
        if log.isEnabledFor(logging.DEBUG):
            options.append("--verbose")
        process = subprocess.Popen(
            [sys.executable, "-m", "devhost.worker", *options],
            # Where this package can be imported; the worker changes to the app's folder itself.
            cwd=Path(devhost.__file__).parents[1],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        return process, FrameStream(ours, settings.spool_folder)

    def _send(self, header: dict[str, Any], body: Body) -> None:
        self._send_all([(header, body)])

    def _send_all(self, messages: Sequence[Message]) -> None:
        frames = [frame for header, body in messages if (frame := self._packed(header, body))]
        try:
            self._stream.send_packed(frames)
        except OSError as error:
            # The reader detects the end too, and fails all pending calls.
            log.debug("Worker %s took no more: %s", self.label, error)

    def _packed(self, header: dict[str, Any], body: Body) -> bytes | None:
        """The frame of a message; None if it cannot be made, which fails only its own call."""
        try:
            return self._stream.pack(header, body)
        except Exception as error:
            log.error("A call could not be sent to worker %s: %s", self.label, error)
            with self._lock:
                _, answer = self._answers.pop(header.get("id", 0), ("", None))
            if answer is not None:
                answer.set_exception(error)
            return None

    def _write(self) -> None:
        """Send the queued messages; those that have gathered go out together."""
        while (message := self._outgoing.get()) is not None:
            messages = [message]
            with contextlib.suppress(queue.Empty):
                while (message := self._outgoing.get_nowait()) is not None:
                    messages.append(message)
            self._send_all(messages)
            if message is None:
                return

    def _read(self) -> None:
        try:
            while (frame := self._stream.receive()) is not None:
                if "id" in frame.header:
                    self._resolve(frame)
                else:
                    self._take_report(frame)
        except (OSError, ValueError) as error:
            log.debug("The connection to worker %s broke: %s", self.label, error)
        self._end()

    def _resolve(self, frame: Frame) -> None:
        with self._lock:
            _, answer = self._answers.pop(frame.header["id"])
        answer.set_result(frame)

    def _take_report(self, frame: Frame) -> None:
        if frame.header["loaded"]:
            self.loaded.set_result(frame.header["app"])
        else:
            # The worker ends by itself now, as it should.
            self._end_reason = self._end_reason or WorkerReplaced("the app could not be loaded")
            self.loaded.set_exception(AppLoadError(frame.header["error"]))

    def _end(self) -> None:
        if self._end_reason is None:
            # Perhaps only the connection is closed, but then the worker is useless. One that is ending by itself
            # gets the time to do so, so that its exit code is known.
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        text = exit_text(self._process.wait())
        self._outgoing.put(None)
        self._stream.close()
        gone = self._end_reason or WorkerGone(text)
        with self._lock:
            self._gone = gone
            lost, self._answers = list(self._answers.values()), {}
        if self._end_reason is None:
            names = ", ".join(name for name, _ in lost) or "nothing"
            log.error(
                "The %s (pid %d) is gone: %s while it ran %s.", self.label or "worker", self.pid, text, names
            )
        if not self.loaded.done():
            self.loaded.set_exception(AppLoadError(f"The worker process ended while it loaded the app: {text}."))
        for _, answer in lost:
            answer.set_exception(gone)
        self._on_end(self)
