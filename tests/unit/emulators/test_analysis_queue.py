"""A worker that dies or hangs costs its document at most, and the queue goes on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest_asyncio

from emulators.database import Database
from emulators.document_intelligence.analysis_queue import AnalysisQueue
from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.operations import Operation, Operations
from emulators.document_intelligence.worker_pool import WorkerPool
from emulators.document_intelligence.worker_process import WorkerDied, WorkerProcess
from emulators.usage import UsageCounts
from tests.unit.emulators import sample_documents

ASKED = {"model_id": "prebuilt-read", "api_version": "2023-07-31", "pages": "", "features": ""}


class ScriptedWorker(WorkerProcess):
    """Answers each job with the next outcome of a script; an exception in the script is a death."""

    def __init__(self, *script: dict[str, Any] | WorkerDied) -> None:
        super().__init__()
        self.script = list(script)

    async def run(self, job: ExtractionJob) -> dict[str, Any]:
        outcome = self.script.pop(0)
        if isinstance(outcome, WorkerDied):
            raise outcome
        return outcome


@pytest_asyncio.fixture
async def operations(tmp_path: Path) -> AsyncIterator[Operations]:
    database = Database(tmp_path / "emulators.sqlite3")
    yield Operations(database, UsageCounts(database), tmp_path)
    database.close()


def in_one_lane(worker: WorkerProcess) -> WorkerPool:
    """A pool whose only worker is this one."""
    return WorkerPool(lambda: worker, lanes=1)


async def analyze(
    operations: Operations, text: WorkerProcess, ocr: WorkerProcess, *documents: bytes
) -> list[Operation]:
    """Submit documents, wait for their ends, and return them."""
    queue = AnalysisQueue(operations, in_one_lane(text), in_one_lane(ocr))
    await queue.start()
    for number, document in enumerate(documents):
        operations.document_path(str(number)).write_bytes(document)
        operations.add(str(number), ASKED, "sha", None)
        queue.submit(str(number))
    await until(lambda: not operations.unfinished())
    await queue.stop()
    return [ended for ended in map(operations.find, map(str, range(len(documents)))) if ended]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (the condition lies in another process)
            await asyncio.sleep(0.01)


async def test_document_is_tried_again_after_one_death(operations: Operations) -> None:
    worker = ScriptedWorker(WorkerDied("killed"), {"outcome": "succeeded", "pages": 1})

    [operation] = await analyze(operations, worker, ScriptedWorker(), b"x")

    assert (operation.status, operation.crashes) == ("succeeded", 1)


async def test_document_that_kills_two_workers_fails_and_the_next_one_succeeds(operations: Operations) -> None:
    # The second try lines up behind the other document.
    worker = ScriptedWorker(WorkerDied("1"), {"outcome": "succeeded", "pages": 1}, WorkerDied("2"))

    poisonous, harmless = await analyze(operations, worker, ScriptedWorker(), b"x", b"y")

    assert (poisonous.status, harmless.status) == ("failed", "succeeded")
    assert poisonous.error is not None
    assert poisonous.error["code"] == "InternalServerError"


async def test_document_without_text_layer_moves_to_the_ocr_worker(operations: Operations) -> None:
    text, ocr = ScriptedWorker({"outcome": "needsOcr"}), ScriptedWorker({"outcome": "succeeded", "pages": 2})

    [operation] = await analyze(operations, text, ocr, b"x")

    assert (operation.status, text.script, ocr.script) == ("succeeded", [], [])


async def test_killed_worker_process_is_replaced_by_a_new_one(operations: Operations) -> None:
    worker = WorkerProcess()
    operations.document_path("0").write_bytes(sample_documents.digital_pdf(page_count=400))
    operations.add("0", ASKED, "sha", None)
    queue = AnalysisQueue(operations, in_one_lane(worker), in_one_lane(ScriptedWorker()))
    await queue.start()
    await until(lambda: worker.pid is not None)
    killed = worker.pid
    psutil.Process(killed).kill()
    await until(lambda: not operations.unfinished())
    replaced_by = worker.pid
    await queue.stop()

    operation = operations.find("0")
    assert operation is not None
    assert (operation.status, operation.crashes) == ("succeeded", 1)
    assert replaced_by != killed


async def test_hanging_worker_is_ended(operations: Operations) -> None:
    worker = WorkerProcess(silence_seconds=0.05)
    worker._command = (sys.executable, "-c", "import time; time.sleep(600)")

    [operation] = await analyze(operations, worker, ScriptedWorker(), b"x")

    assert (operation.status, operation.crashes, worker.pid) == ("failed", 2, None)
