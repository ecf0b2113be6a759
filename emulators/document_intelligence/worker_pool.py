"""The worker processes of one kind: a few lanes, and one extra place for a document that takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.worker_process import WorkerProcess

# A document that takes longer moves to the extra place if that is free, and leaves its lane to the next document.
QUICK_SECONDS = 5.0
# If it is not free, the document is broken off after this, and starts again when the place is free.
LONGEST_SECONDS = 30.0


class WorkerPool:
    """Runs jobs in worker processes, one for each lane, first come, first served."""

    def __init__(
        self,
        make_worker: Callable[[], WorkerProcess],
        lanes: int,
        quick_seconds: float = QUICK_SECONDS,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        """Prepare `lanes` lanes. Processes start when there is work."""
        self._make_worker = make_worker
        self._lane_count = lanes
        self._lanes, self._beside = asyncio.Semaphore(lanes), asyncio.Semaphore(1)
        self._waiting = 0
        self._quick_seconds, self._longest_seconds = quick_seconds, longest_seconds
        self._idle: list[WorkerProcess] = []

    async def run(self, job: ExtractionJob) -> dict[str, Any]:
        """Run one job, when its turn has come, and return the worker's outcome.

        Raises:
            WorkerDied: there is no outcome.
        """
        outcome = await self._run_in_lane(job)
        if outcome is None:
            async with self._beside:
                return await self._work(job)
        return outcome

    async def stop(self) -> None:
        """End the idle processes. A cancelled `run` ends its own."""
        while self._idle:
            await self._idle.pop().stop()

    async def _run_in_lane(self, job: ExtractionJob) -> dict[str, Any] | None:
        """Return the outcome; None if the job took long and was broken off."""
        place = await self._free_lane()
        work = asyncio.create_task(self._work(job))
        began = asyncio.get_running_loop().time()
        try:
            while not (await asyncio.wait({work}, timeout=self._quick_seconds))[0]:
                if place is self._lanes and not self._beside.locked():
                    await self._beside.acquire()
                    place.release()
                    place = self._beside
                has_had_its_time = asyncio.get_running_loop().time() - began >= self._longest_seconds
                if place is self._lanes and has_had_its_time and self._waiting:
                    return None
            return work.result()
        finally:
            work.cancel()
            await asyncio.wait({work})  # The worker of a job that was broken off is being ended.
            place.release()

    async def _free_lane(self) -> asyncio.Semaphore:
        self._waiting += 1
        try:
            await self._lanes.acquire()
        finally:
            self._waiting -= 1
        return self._lanes

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
