"""Takes submitted documents through the worker processes.

Every document goes to the text worker first. If a page has no text layer, that worker says so at once and the
document moves to the OCR worker, so that digital documents never wait behind OCR.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.operations import Operation, Operations
from emulators.document_intelligence.service_errors import internal_error
from emulators.document_intelligence.worker_process import WorkerDied, WorkerProcess

MOST_CRASHES = 2

log = logging.getLogger(__name__)


class AnalysisQueue:
    """Two lanes, each a queue of operation ids and the one worker that serves it."""

    def __init__(self, operations: Operations, text_worker: WorkerProcess, ocr_worker: WorkerProcess) -> None:
        """Serve `operations` with the two workers."""
        self._operations = operations
        self._lanes = {"text": text_worker, "ocr": ocr_worker}
        self._waiting: dict[str, asyncio.Queue[str]] = {lane: asyncio.Queue() for lane in self._lanes}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Go on with what an earlier process left unfinished, and wait for more."""
        for operation_id in self._operations.unfinished():
            self.submit(operation_id)
        self._tasks = [asyncio.create_task(self._serve(lane)) for lane in self._lanes]

    def submit(self, operation_id: str) -> None:
        """Line up an operation that is in the database."""
        self._waiting["text"].put_nowait(operation_id)

    async def stop(self) -> None:
        """Stop at once; what is unfinished goes on at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._lanes.values():
            await worker.stop()

    async def _serve(self, lane: str) -> None:
        while True:
            operation_id = await self._waiting[lane].get()
            operation = self._operations.find(operation_id)
            if operation is not None and operation.status == "running":
                await self._analyze(lane, operation)

    async def _analyze(self, lane: str, operation: Operation) -> None:
        try:
            outcome = await self._lanes[lane].run(self._job(operation))
        except WorkerDied as error:
            log.warning("Analysis of operation %s broke off: %s", operation.id, error)
            self._retry_or_fail(lane, operation.id)
            return
        self._apply(outcome, operation.id)

    def _apply(self, outcome: dict[str, Any], operation_id: str) -> None:
        match outcome["outcome"]:
            case "succeeded":
                self._operations.succeed(operation_id, outcome["pages"])
            case "failed":
                self._operations.fail(operation_id, outcome["error"])
            case "needsOcr":
                self._waiting["ocr"].put_nowait(operation_id)

    def _retry_or_fail(self, lane: str, operation_id: str) -> None:
        if self._operations.record_crash(operation_id) >= MOST_CRASHES:
            self._operations.fail(operation_id, internal_error().to_json())
        else:
            self._waiting[lane].put_nowait(operation_id)

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
