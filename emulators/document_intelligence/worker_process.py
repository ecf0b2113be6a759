"""The server's side of a worker process: starts it when there is work, notices when it dies or hangs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.errors import EmulatorError

REPOSITORY = Path(__file__).resolve().parents[2]
WORKER_MODULE = "emulators.document_intelligence.extraction_worker"
# A page of OCR takes about 3 s on two cores, the first one 5 s more.
LONGEST_SILENCE_SECONDS = 120.0


class WorkerDied(EmulatorError):
    """The worker process ended, or was ended because it hung, before it answered."""


class WorkerProcess:
    """One worker process, started at the first job and again after its end."""

    def __init__(self, arguments: Sequence[str] = (), silence_seconds: float = LONGEST_SILENCE_SECONDS) -> None:
        """Prepare a worker.

        Args:
            arguments: command line of the worker module, `--ocr` or nothing.
            silence_seconds: a worker that reports neither page nor outcome for so long is ended.
        """
        self._command = (sys.executable, "-m", WORKER_MODULE, *arguments)
        self._silence_seconds = silence_seconds
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The id of the running process, None while there is none."""
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
            return await self._outcome(process)
        except (ConnectionError, TimeoutError, ValueError) as error:
            await self.stop()
            raise WorkerDied(f"The extraction worker gave no outcome: {error!r}.") from error

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
                # Its own session: Ctrl-C goes to the server, which ends its workers itself.
                start_new_session=True,
            )
        return self._process

    async def _outcome(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None
        while True:
            line = await asyncio.wait_for(process.stdout.readline(), self._silence_seconds)
            if not line:
                raise ConnectionError("its output ended")
            message: dict[str, Any] = json.loads(line)
            if "outcome" in message:
                return message
