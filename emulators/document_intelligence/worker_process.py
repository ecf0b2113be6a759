"""The server's side of a worker process: starts it when there is work, and notices when it ends or hangs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.worker_kinds import TEXT_WORKER, WorkerKind
from emulators.errors import EmulatorError

REPOSITORY = Path(__file__).resolve().parents[2]
WORKER_MODULE = "emulators.document_intelligence.extraction_worker"
# CPU time limits the work. This limit is for a worker that uses no CPU time and still does not answer.
LONGEST_SILENCE_SECONDS = 300.0
# A process whose output has ended is about to end.
SECONDS_TO_EXIT = 5.0
# The signals that end a process when its CPU time is used up, or when PDFium gets no memory.
LIMIT_SIGNALS = frozenset({signal.SIGXCPU, signal.SIGABRT, signal.SIGTRAP, signal.SIGILL})
# The signals that end it at a bug of the reader, or at a limit that the reader does not check.
CRASH_SIGNALS = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE})


class WorkerDied(EmulatorError):
    """The worker process ended, or was ended because it hung, before it answered.

    Attributes:
        by_signal: the number of the signal that ended it, 0 if none did.
    """

    def __init__(self, message: str, by_signal: int = 0) -> None:
        """Say what happened."""
        super().__init__(message)
        self.by_signal = by_signal


class WorkerProcess:
    """One worker process, started at the first job and again after its end."""

    def __init__(self, kind: WorkerKind = TEXT_WORKER, silence_seconds: float = LONGEST_SILENCE_SECONDS) -> None:
        """Prepare a worker.

        Args:
            kind: what it does, and within which limits.
            silence_seconds: a worker that reports neither page, part nor outcome for this time is ended.
        """
        self._command = (sys.executable, "-m", WORKER_MODULE, json.dumps(kind.to_json()))
        self._silence_seconds = silence_seconds
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The id of the running process; None while there is none."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self, job: ExtractionJob) -> dict[str, Any]:
        """Run one job and return the worker's outcome; one job at a time.

        Raises:
            WorkerDied: there is no outcome.
        """
        process = await self._running_process()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(job.to_json()).encode() + b"\n")
            await process.stdin.drain()
            outcome = await self._outcome(process)
        except TimeoutError as error:
            await self.stop()
            raise WorkerDied("The extraction worker hung and was ended.") from error
        except (ConnectionError, ValueError) as error:
            exit_code = await self._exit_code(process)
            await self.stop()
            message = f"The extraction worker ended with {exit_code} ({error!r})."
            raise WorkerDied(message, by_signal=max(-exit_code, 0)) from error
        if outcome.get("isLast"):
            await self.stop()
        return outcome

    async def stop(self) -> None:
        """End the process, if it runs, and wait for its end."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def _running_process(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
                # In its own session: Ctrl-C goes to the server only, which ends its workers.
                start_new_session=True,
            )
        return self._process

    async def _exit_code(self, process: asyncio.subprocess.Process) -> int:
        # Not after a kill: a second wait could take the exit code from the first.
        try:
            return await asyncio.wait_for(process.wait(), SECONDS_TO_EXIT)
        except TimeoutError:
            return 0

    async def _outcome(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None
        while True:
            line = await asyncio.wait_for(process.stdout.readline(), self._silence_seconds)
            if not line:
                raise ConnectionError("its output ended")
            message: dict[str, Any] = json.loads(line)
            if "outcome" in message:
                return message
