"""A worker that dies or hangs costs its document at most, and the queue goes on."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
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

    def __init__(self, *script: dict[str, Any] | Exception) -> None:
        super().__init__()
        self.script = list(script)

    async def run(self, job: ExtractionJob) -> dict[str, Any]:
        outcome = self.script.pop(0)
        if isinstance(outcome, Exception):
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
    queue = AnalysisQueue(operations, in_one_lane(text), in_one_lane(ocr), pause_seconds=0.01)
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
    worker._command = (sys.executable, "-c", "import time; time.sleep(600)", "")

    [operation] = await analyze(operations, worker, ScriptedWorker(), b"x")

    assert (operation.status, operation.crashes, worker.pid) == ("failed", 2, None)


async def test_full_disk_ends_no_queue_and_the_end_is_recorded_when_there_is_room_again(tmp_path: Path) -> None:
    """Guards against an exception in the queue's loop that stopped all extraction until the next start."""
    operations = OperationsOnFullDisk(Database(tmp_path / "emulators.sqlite3"), tmp_path)
    operations.refusals = 2
    worker = ScriptedWorker(*[{"outcome": "succeeded", "pages": 1}] * 2)

    ended = await analyze(operations, worker, ScriptedWorker(), b"x", b"y")

    assert [operation.status for operation in ended] == ["succeeded", "succeeded"]
    assert operations.refusals == 0


class OperationsOnFullDisk(Operations):
    """Operations whose ends cannot be written at first."""

    refusals = 0

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database, UsageCounts(database), folder)

    def succeed(self, operation_id: str, page_count: int) -> None:
        if self.refusals:
            self.refusals -= 1
            raise sqlite3.OperationalError("database or disk is full")
        super().succeed(operation_id, page_count)


async def test_error_nobody_foresaw_ends_its_operation_alone(operations: Operations) -> None:
    """Guards against an exception in the queue's loop, as when no process can be started."""
    worker = ScriptedWorker(OSError("no more processes"), {"outcome": "succeeded", "pages": 1})

    struck, harmless = await analyze(operations, worker, ScriptedWorker(), b"x", b"y")

    assert (struck.status, harmless.status) == ("failed", "succeeded")
    assert struck.error is not None
    assert struck.error["code"] == "InternalServerError"


@pytest.mark.parametrize(
    ("deaths", "code"),
    [
        ([signal.SIGXCPU], "InvalidContentComplexity"),
        ([signal.SIGABRT], "InvalidContentComplexity"),
        ([signal.SIGSEGV, signal.SIGSEGV], "InvalidContentComplexity"),
        ([signal.SIGKILL, signal.SIGKILL], None),
    ],
)
async def test_way_a_worker_died_tells_whether_submitting_again_may_help(
    operations: Operations, deaths: list[signal.Signals], code: str | None
) -> None:
    """Guards against a document that is too much for any worker, reported as a passing fault of the service."""
    worker = ScriptedWorker(*[WorkerDied("ended", by_signal=number) for number in deaths])
    left_over = operations.result_path("0").with_suffix(".part")
    left_over.write_text("half an answer")

    [operation] = await analyze(operations, worker, ScriptedWorker(), b"x")

    assert operation.error is not None
    assert operation.error.get("innererror", {}).get("code") == code
    assert worker.script == []
    assert not left_over.exists()


class PatientWorker(WorkerProcess):
    """Ends a job when its gate is open, and at once if it has none; notes which jobs were begun."""

    def __init__(self, gates: dict[str, asyncio.Event], begun: list[str]) -> None:
        super().__init__()
        self.gates, self.begun = gates, begun

    async def run(self, job: ExtractionJob) -> dict[str, Any]:
        self.begun.append(job.document)
        if job.document in self.gates:
            await self.gates[job.document].wait()
        return {"outcome": "succeeded", "pages": 1}


def job_named(name: str) -> ExtractionJob:
    return ExtractionJob(name, "result", "prebuilt-read", "2023-07-31", "", False, "")


async def test_document_that_takes_long_leaves_its_lane_to_the_others() -> None:
    """Guards against a TIFF of 2,000 pages behind which every other scan waited."""
    gates, begun = {"long": asyncio.Event()}, list[str]()
    pool = WorkerPool(lambda: PatientWorker(gates, begun), lanes=1, quick_seconds=0.01)

    long = asyncio.create_task(pool.run(job_named("long")))
    await until(lambda: begun == ["long"])
    await pool.run(job_named("other"))
    gates["long"].set()
    await long

    assert begun == ["long", "other"]


async def test_second_document_that_takes_long_makes_way_and_is_read_after_the_first() -> None:
    """Guards against as many long documents as there are places, which together stopped everybody."""
    gates, begun = {"first": asyncio.Event(), "second": asyncio.Event()}, list[str]()
    pool = WorkerPool(lambda: PatientWorker(gates, begun), lanes=1, quick_seconds=0.01, longest_seconds=0.02)

    first, second = (asyncio.create_task(pool.run(job_named(name))) for name in gates)
    await until(lambda: begun == ["first", "second"])
    await pool.run(job_named("other"))
    gates["first"].set()
    await first
    gates["second"].set()
    await second

    assert begun == ["first", "second", "other", "second"]


def test_transaction_for_which_there_is_no_room_leaves_the_database_usable(tmp_path: Path) -> None:
    """Guards against a transaction left open by a full disk, after which no other one could begin."""
    database = Database(tmp_path / "emulators.sqlite3")
    database.execute("PRAGMA max_page_count = 20")

    with pytest.raises(sqlite3.OperationalError, match="full"), database.transaction():
        database.execute("INSERT INTO usage VALUES (?, 1)", ("x" * 1_000_000,))
    with database.transaction():
        database.execute("INSERT INTO usage VALUES ('counter', 1)")

    assert len(database.rows("SELECT * FROM usage")) == 1
    database.close()
