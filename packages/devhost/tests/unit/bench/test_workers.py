"""The figures that compare two workers with one."""

import re
from pathlib import Path

import pytest

from bench.engine import workers
from bench.engine.fresh_runs import FreshRuns
from bench.engine.reference_app import WORKFLOW
from bench.engine.workers import HostedRun, Summary, hosted_run
from bench.engine.workers_section import print_comparison


def a_run(count: int, per_second: float, cpu_ms: float = 1.0, worker_cpu_ms: float = 0.0) -> HostedRun:
    """A run of 100 workflows with `count` workers."""
    return HostedRun(100, 100 / per_second, cpu_ms / 10, count, worker_cpu_ms / 10)


def test_workflows_take_cpu_in_the_workers_if_there_are_any(tmp_path: Path) -> None:
    runs = FreshRuns(tmp_path)
    none, one = (runs.measure(hosted_run, WORKFLOW, workflows=30, workers=count) for count in (0, 1))
    assert none.worker_cpu_seconds == 0
    assert one.worker_cpu_seconds > 0


def test_rounds_go_up_and_down_and_are_sorted_by_the_number_of_workers() -> None:
    counts = []

    def run(count: int) -> HostedRun:
        counts.append(count)
        return a_run(count, per_second=10)

    rounds = workers.alternating(run, rounds=2)
    assert counts == [0, 1, 2, 2, 1, 0]
    assert [[done.workers for done in each] for each in rounds] == [[0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize(
    ("host", "worker", "cores", "most"),
    [
        pytest.param(5, 40, 8, 2.0, id="the workers are the bottleneck, and there are cores for all"),
        pytest.param(5, 40, 2, 40 / 22.5, id="host and workers share two cores"),
        pytest.param(5, 3, 8, 1.0, id="the host is the bottleneck"),
    ],
)
def test_cpu_times_limit_what_a_second_worker_can_bring(
    host: float, worker: float, cores: int, most: float
) -> None:
    one, two = (Summary(count, 0, host, worker) for count in (1, 2))
    assert workers.most_by_cpu(one, two, cores) == pytest.approx(most)


def test_the_table_leaves_out_a_round_that_something_else_disturbed(capsys: pytest.CaptureFixture[str]) -> None:
    rounds = [
        [a_run(0, 50), a_run(1, 20, 5, 40), a_run(2, 36, 5, 40)],
        [a_run(0, 52), a_run(1, 5, 9, 90), a_run(2, 34, 9, 90)],
        [a_run(0, 51), a_run(1, 22, 5, 40), a_run(2, 33, 5, 40)],
    ]
    print_comparison("activities that wait", rounds, cores=2)
    assert [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()] == [
        ["activities that wait:"],
        ["100 workflows in the host's process", "51/s", "CPU each: host 1.00 ms"],
        ["100 workflows in 1 worker", "20/s", "CPU each: host 5.00 ms, workers 40.00 ms"],
        ["100 workflows in 2 workers", "34/s", "CPU each: host 5.00 ms, workers 40.00 ms"],
        ["two workers against one", "1.80 x", "CPU times alone allow 1.78 x on 2 cores"],
    ]
