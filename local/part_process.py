"""One local part as a process: started with a log, awaited until it is ready, stopped by its id."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from devhost.protection.private_files import private_file, private_folder
from local.errors import PartDied, PartNotReady

_TETHER = Path(__file__).with_name("tether.py")
_POLL_SECONDS = 0.05
_TAIL_LINES = 15

# The kernel ties a child to the *thread* that started it, so one thread, which never ends, starts all of them.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-parts-starter")
atexit.register(_starter.shutdown)


@dataclass(frozen=True)
class Part:
    """A part: its command, when it is ready, and how it is stopped.

    Attributes:
        name: used in the name of its log and in messages.
        command: the program and its arguments, run directly, without a shell.
        is_ready: whether the part works now. It is called often and must not block for long.
        ready_within_seconds: a part that is not ready by then has failed.
        stop_within_seconds: the time between SIGTERM and SIGKILL.
        death_signal: sent to it when the supervisor is killed and cannot stop it.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    ready_within_seconds: float = 60.0
    stop_within_seconds: float = 15.0
    death_signal: int = signal.SIGKILL


class PartProcess:
    """A part that runs, or ran. Not for use from several threads at once."""

    def __init__(self, part: Part, log: Path, environment: Mapping[str, str], folder: Path) -> None:
        self.part = part
        self.log = log
        self._environment = dict(environment)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process; None before the first start and after a stop."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process. Its output is appended to its log."""
        tether = [sys.executable, "-I", "-S", str(_TETHER), str(int(self.part.death_signal)), str(os.getpid())]
        command = [*tether, *self.part.command]
        private_folder(self.log.parent)
        with private_file(self.log).open("ab") as output:
            # In a session of its own, so that Ctrl-C reaches the supervisor only, which stops the parts in order.
            self._process = _starter.submit(
                subprocess.Popen,
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ).result()

    def wait_until_ready(self) -> None:
        """Wait until the part answers.

        Raises:
            PartDied: it ended instead.
            PartNotReady: it was not ready when its time was up.
        """
        deadline = time.monotonic() + self.part.ready_within_seconds
        while True:
            self.check_running()
            if self.part.is_ready():
                return
            if time.monotonic() >= deadline:
                raise PartNotReady(self.part.name, self.part.ready_within_seconds, self.log, self.last_lines())
            time.sleep(_POLL_SECONDS)

    def check_running(self) -> None:
        """Check that the process runs.

        Raises:
            PartDied: it does not. The message has the end of its log.
        """
        exit_code = self._process.poll() if self._process else 0
        if exit_code is not None:
            raise PartDied(self.part.name, exit_code, self.log, self.last_lines())

    def stop(self) -> None:
        """End the process with SIGTERM, then with SIGKILL when its time is up. Does nothing if it does not run."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=self.part.stop_within_seconds)
            except subprocess.TimeoutExpired:
                self._note(f"did not stop within {self.part.stop_within_seconds:.0f} s and was killed")
        self._end_session(process)
        self._process = None

    def kill(self) -> None:
        """End the process at once with SIGKILL, as a crash would. Does nothing when it does not run."""
        if self._process is not None:
            self._process.kill()
            self._end_session(self._process)
            self._process = None

    def last_lines(self) -> str:
        """The end of the log, indented, for messages."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"  | {line}" for line in lines[-_TAIL_LINES:]) or "  | (empty)"

    def _end_session(self, process: subprocess.Popen[bytes]) -> None:
        """End what is left of the part's session: processes that it started and did not stop."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _note(self, words: str) -> None:
        with self.log.open("a") as output:
            output.write(f"[local parts] {self.part.name} {words}\n")
