"""The worker processes of one kind: a few lanes, and a place beside them for a document that takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.worker_process import WorkerProcess

# A document that takes longer leaves its lane to the next one and goes on beside it, if no other has done so.
QUICK_SECONDS = 5.0


class WorkerPool:
    """Runs jobs in worker processes, as many at a time as there are lanes, first come, first served."""

    def __init__(
        self, make_worker: Callable[[], WorkerProcess], lanes: int, quick_seconds: float = QUICK_SECONDS
    ) -> None:
        """Prepare `lanes` lanes; processes start when there is work."""
        self._make_worker = make_worker
        self._lane_count = lanes
        self._lanes, self._beside = asyncio.Semaphore(lanes), asyncio.Semaphore(1)
        self._quick_seconds = quick_seconds
        self._idle: list[WorkerProcess] = []

    async def run(self, job: ExtractionJob) -> dict[str, Any]:
        """Run one job, when a lane is free, and return the worker's outcome.

        Raises:
            WorkerDied: there is no outcome.
        """
        place = self._lanes
        await place.acquire()
        work = asyncio.create_task(self._work(job))
        try:
            while not (await asyncio.wait({work}, timeout=self._quick_seconds))[0]:
                if place is self._lanes and not self._beside.locked():
                    await self._beside.acquire()
                    place.release()
                    place = self._beside
            return work.result()
        finally:
            work.cancel()
            await asyncio.wait({work})  # the worker of a cancelled job is being ended
            place.release()

    async def stop(self) -> None:
        """End the idle processes; a cancelled `run` ends its own."""
        while self._idle:
            await self._idle.pop().stop()

    async def _work(self, job: ExtractionJob) -> dict[str, Any]:
        worker = self._idle.pop() if self._idle else self._make_worker()
        try:
            outcome = await worker.run(job)
        except BaseException:
            await worker.stop()
            raise
        if len(self._idle) < self._lane_count:
            self._idle.append(worker)
        else:
            await worker.stop()
        return outcome
