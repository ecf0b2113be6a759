"""The measurements. Each function here is called in a fresh process, so that none warms up another."""

import sqlite3
import statistics
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.engine.reference_app import FAN_OUT, WORKFLOW
from bench.engine.running_engine import RunningEngine, Stopwatch, resident_mb, running_engine
from bench.engine.timing import Timing
from devhost.engine.options import EngineOptions

_WARM_UP = 50
_BATCH = 1000


@dataclass(frozen=True)
class Throughput(Timing):
    """The speed of workflows that were submitted together, and a sample of their episodes."""

    episodes: int
    resident_mb: float
    documents: list[list[str]]


@dataclass(frozen=True)
class FanOut:
    """One orchestrator that waits for many activities."""

    width: int
    wall_seconds: float
    cpu_seconds: float
    episodes: int


def throughput(folder: Path, workflows: int, finished_before: int = 0, sample_size: int = 0) -> Throughput:
    """Run workflows at once, after some to warm up.

    Args:
        folder: where the database goes.
        workflows: number of workflows submitted together.
        finished_before: number of finished instances already in the store.
        sample_size: number of workflows whose input documents for the SDK are kept.
    """
    with running_engine(folder, sample_size) as running:
        running.run(WORKFLOW, inputs(_WARM_UP))
        if finished_before:
            _multiply_finished(folder / "engine.db", finished_before)
        running.functions.documents.clear()
        episodes_before = running.functions.episodes
        watch = Stopwatch()
        running.run(WORKFLOW, inputs(workflows))
        return Throughput(
            workflows,
            watch.wall_seconds(),
            watch.cpu_seconds(),
            running.functions.episodes - episodes_before,
            resident_mb(),
            list(running.functions.documents.values()),
        )


def documents_one_by_one(folder: Path, workflows: int) -> list[list[str]]:
    """Return the SDK's input documents of workflows where every completion has its own episode."""
    one_at_a_time = EngineOptions(max_concurrent_activities=1, max_concurrent_orchestrators=1)
    with running_engine(folder, workflows, options=one_at_a_time) as running:
        for payload in inputs(workflows):
            running.run(WORKFLOW, [payload])
        return list(running.functions.documents.values())


def single_workflow_seconds(folder: Path, repetitions: int) -> float:
    """Return the median time of one workflow on a host that has nothing else to do."""
    with running_engine(folder) as running:
        running.run(WORKFLOW, inputs(_WARM_UP))
        return statistics.median(_seconds(running, number) for number in range(repetitions))


def fan_out(folder: Path, width: int) -> FanOut:
    """Run one orchestrator that calls `width` activities and waits for all."""
    with running_engine(folder) as running:
        running.run(FAN_OUT, [{"width": 10}])
        episodes_before = running.functions.episodes
        watch = Stopwatch()
        running.run(FAN_OUT, [{"width": width}])
        episodes = running.functions.episodes - episodes_before
        return FanOut(width, watch.wall_seconds(), watch.cpu_seconds(), episodes)


def memory_mb(folder: Path, workflows: int) -> float:
    """Return the resident memory after a number of workflows, submitted a thousand at a time."""
    with running_engine(folder) as running:
        for first in range(0, workflows, _BATCH):
            running.run(WORKFLOW, inputs(min(_BATCH, workflows - first)))
        return resident_mb()


def _seconds(running: RunningEngine, number: int) -> float:
    watch = Stopwatch()
    running.run(WORKFLOW, [{"number": number}])
    return watch.wall_seconds()


def inputs(count: int) -> list[dict[str, int]]:
    """One input for each reference workflow."""
    return [{"number": number} for number in range(count)]


def _multiply_finished(database: Path, count: int) -> None:
    """Write copies of a finished instance; running them would take minutes."""
    copies = "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < ?)"
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(instances)")]
        (original,) = connection.execute(
            "SELECT instance_id FROM instances WHERE status = 'Completed' LIMIT 1"
        ).fetchone()
        others = ", ".join(columns[1:])
        connection.execute(
            f"{copies} INSERT INTO instances (instance_id, {others})"
            f" SELECT 'copy-' || n, {others} FROM copies, instances WHERE instance_id = ?",
            (count, original),
        )
        connection.execute(
            f"{copies} INSERT INTO history (instance_id, position, event)"
            " SELECT 'copy-' || n, position, event FROM copies, history WHERE instance_id = ?",
            (count, original),
        )
        connection.commit()
