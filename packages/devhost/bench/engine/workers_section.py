"""The rows about worker processes: the reference workflow, and the same with activities that compute."""

import os
from collections.abc import Sequence

from bench.engine import workers
from bench.engine.fresh_runs import FreshRuns
from bench.engine.reference_app import COMPUTING_WORKFLOW, WORKFLOW
from bench.engine.table import print_row
from bench.engine.workers import HostedRun, Summary

# Computing workflows take longer, so fewer of them fill the same time.
_COMPUTING_SHARE = 20


def print_workers(runs: FreshRuns, workflows: int, rounds: int) -> None:
    """Measure without a worker, with one and with two, in turns, and print the medians."""

    def measure(orchestrator: str, count: int) -> list[list[HostedRun]]:
        return workers.alternating(lambda n: runs.measure(workers.hosted_run, orchestrator, count, n), rounds)

    cores = os.cpu_count() or 1
    print_comparison("activities that return at once", measure(WORKFLOW, workflows), cores)
    activities = f"activities that compute for {runs.measure(workers.activity_ms):.0f} ms"
    print_comparison(activities, measure(COMPUTING_WORKFLOW, max(1, workflows // _COMPUTING_SHARE)), cores)


def print_comparison(activities: str, rounds: Sequence[Sequence[HostedRun]], cores: int) -> None:
    """Print the medians for none, one and two workers, and two against one."""
    print_row(f"{activities}:")
    in_host, one, two = workers.summaries(rounds)
    for summary, where in ((in_host, "in the host's process"), (one, "in 1 worker"), (two, "in 2 workers")):
        print_row(
            f"  {rounds[0][0].workflows} workflows {where}", f"{summary.per_second:.0f}/s", _cpu_cell(summary)
        )
    most = workers.most_by_cpu(one, two, cores)
    ratio = workers.two_against_one(rounds)
    print_row(
        "  two workers against one", f"{ratio:.2f} x", f"CPU times alone allow {most:.2f} x on {cores} cores"
    )


def _cpu_cell(summary: Summary) -> str:
    in_workers = f", workers {summary.worker_cpu_ms_each:.2f} ms" if summary.workers else ""
    return f"CPU each: host {summary.cpu_ms_each:.2f} ms{in_workers}"
