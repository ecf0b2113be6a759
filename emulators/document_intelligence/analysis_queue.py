"""Has worker processes analyze the submitted documents.

Every document goes to a text worker first. If a page has no text layer, that worker says so at once and the
document goes to an OCR worker, so that digital documents never wait for OCR. Each operation has its own task, so
that a failure ends that operation only.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import Any

from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.operations import Operation, Operations
from emulators.document_intelligence.service_errors import ServiceError, internal_error, too_complex
from emulators.document_intelligence.worker_pool import WorkerPool
from emulators.document_intelligence.worker_process import CRASH_SIGNALS, LIMIT_SIGNALS, WorkerDied

MOST_CRASHES = 2
LONGEST_PAUSE_SECONDS = 30.0

log = logging.getLogger(__name__)


class AnalysisQueue:
    """Brings every operation to its end. The pools bound how many run at a time."""

    def __init__(
        self, operations: Operations, text_workers: WorkerPool, ocr_workers: WorkerPool, pause_seconds: float = 1.0
    ) -> None:
        """Serve `operations` with the workers.

        Args:
            operations: where operations are found, and their ends recorded.
            text_workers: read digital documents.
            ocr_workers: read the others.
            pause_seconds: the first pause after the end of an operation could not be recorded.
        """
        self._operations = operations
        self._text_workers, self._ocr_workers = text_workers, ocr_workers
        self._pause_seconds = pause_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Continue the operations that an earlier process did not finish."""
        for operation_id in self._operations.unfinished():
            self.submit(operation_id)

    def submit(self, operation_id: str) -> None:
        """Queue an operation that is in the database."""
        task = asyncio.create_task(self._bring_to_end(operation_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Stop at once. Unfinished operations continue at the next start."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for workers in (self._text_workers, self._ocr_workers):
            await workers.stop()

    async def _bring_to_end(self, operation_id: str) -> None:
        try:
            outcome = await self._analyze(operation_id)
        except Exception:
            log.exception("Operation %s broke off and fails.", operation_id)
            outcome = _failed(internal_error().to_json())
        await self._record(operation_id, outcome)

    async def _analyze(self, operation_id: str) -> dict[str, Any] | None:
        operation = self._operations.find(operation_id)
        if operation is None or operation.status != "running":
            return None
        outcome = await self._try(self._text_workers, operation)
        if outcome["outcome"] == "needsOcr":
            outcome = await self._try(self._ocr_workers, operation)
        return outcome

    async def _try(self, workers: WorkerPool, operation: Operation) -> dict[str, Any]:
        """Run the operation until there is an outcome. Before each try it is queued again."""
        while True:
            try:
                return await workers.run(self._job(operation))
            except WorkerDied as death:
                log.warning("Analysis of operation %s broke off: %s", operation.id, death)
                failure = self._failure_by(death, self._operations.record_crash(operation.id))
                if failure is not None:
                    return _failed(failure.to_json())

    def _failure_by(self, death: WorkerDied, crashes: int) -> ServiceError | None:
        """Return the error with which the operation fails; None if it is tried again."""
        if death.by_signal in LIMIT_SIGNALS:
            return too_complex()
        if crashes < MOST_CRASHES:
            return None
        # The document has ended the worker twice: a third try would end like that, too.
        return too_complex() if death.by_signal in CRASH_SIGNALS else internal_error()

    async def _record(self, operation_id: str, outcome: dict[str, Any] | None) -> None:
        """Record the end of an operation, with as many tries as it takes: its client waits for it."""
        pause_seconds = self._pause_seconds
        while True:
            try:
                return self._apply(operation_id, outcome)
            except sqlite3.Error as error:
                log.warning("The end of operation %s cannot be recorded yet: %s", operation_id, error)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)

    def _apply(self, operation_id: str, outcome: dict[str, Any] | None) -> None:
        if outcome is None:
            return
        if outcome["outcome"] == "succeeded":
            self._operations.succeed(operation_id, outcome["pages"])
        else:
            self._operations.fail(operation_id, outcome["error"])

    def _job(self, operation: Operation) -> ExtractionJob:
        return ExtractionJob(
            document=str(self._operations.document_path(operation.id)),
            result=str(self._operations.result_path(operation.id)),
            model_id=operation.model_id,
            api_version=operation.api_version,
            pages=operation.pages,
            with_languages=operation.asks_for_languages,
            created_at=operation.created_at,
        )


def _failed(error: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": "failed", "error": error}
