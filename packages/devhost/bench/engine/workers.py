"""Workflows whose functions run in the engine's process, or in worker processes as on a host."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.engine.measurements import inputs
from bench.engine.reference_app import parse_page
from bench.engine.running_engine import Stopwatch, running_engine
from bench.engine.timing import Timing

WORKER_COUNTS = (0, 1, 2)
_WARM_UP = 20


@dataclass(frozen=True)
class HostedRun(Timing):
    """One run; ``cpu_seconds`` are the host's only, without the workers'."""

    workers: int
    worker_cpu_seconds: float

    @property
    def worker_cpu_ms_each(self) -> float:
        """CPU milliseconds that one workflow takes in all workers together."""
        return self.worker_cpu_seconds / self.workflows * 1000


@dataclass(frozen=True)
class Summary:
    """The medians of all rounds with one number of workers."""

    workers: int
    per_second: float
    cpu_ms_each: float
    worker_cpu_ms_each: float


def hosted_run(folder: Path, orchestrator: str, workflows: int, workers: int) -> HostedRun:
    """Run workflows at once, after some to warm up, with functions in `workers` processes."""
    with running_engine(folder, workers=workers) as running:
        running.run(orchestrator, inputs(_WARM_UP))
        cpu_before = _workers_cpu_seconds()
        watch = Stopwatch()
        running.run(orchestrator, inputs(workflows))
        wall, cpu = watch.wall_seconds(), watch.cpu_seconds()
        return HostedRun(workflows, wall, cpu, workers, _workers_cpu_seconds() - cpu_before)


def alternating(run: Callable[[int], HostedRun], rounds: int) -> list[list[HostedRun]]:
    """Run every number of workers in each round, upwards and downwards in turn, so that none is always last."""
    there_and_back = [WORKER_COUNTS, WORKER_COUNTS[::-1]]
    return [
        sorted((run(count) for count in there_and_back[number % 2]), key=lambda done: done.workers)
        for number in range(rounds)
    ]


def summaries(rounds: Sequence[Sequence[HostedRun]]) -> list[Summary]:
    """The medians for each number of workers."""
    return [
        Summary(
            runs[0].workers,
            statistics.median(run.per_second for run in runs),
            statistics.median(run.cpu_ms_each for run in runs),
            statistics.median(run.worker_cpu_ms_each for run in runs),
        )
        for runs in zip(*rounds, strict=True)
    ]


def two_against_one(rounds: Sequence[Sequence[HostedRun]]) -> float:
    """The speed of two workers relative to one: the median of the rounds."""
    by_count = ({run.workers: run.per_second for run in runs} for runs in rounds)
    return statistics.median(per_second[2] / per_second[1] for per_second in by_count)


def most_by_cpu(one: Summary, two: Summary, cores: int) -> float:
    """The speed of two workers relative to one that CPU times allow, if each process takes at most one core."""
    return _least_ms(one, cores) / _least_ms(two, cores)


def activity_ms(_folder: Path, repetitions: int = 20) -> float:
    """CPU milliseconds of the activity that computes: the median."""
    return statistics.median(_parse_page_seconds() for _ in range(repetitions)) * 1000


def _least_ms(summary: Summary, cores: int) -> float:
    host, workers = summary.cpu_ms_each, summary.worker_cpu_ms_each
    return max(host, workers / summary.workers, (host + workers) / cores)


def _parse_page_seconds() -> float:
    begun = time.thread_time()
    parse_page()
    return time.thread_time() - begun


def _workers_cpu_seconds() -> float:
    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return sum(each.user + each.system for each in times)
