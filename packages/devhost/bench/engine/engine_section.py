"""The rows about the engine alone, beside its ceilings.

The plain ceiling is the CPU time that the unmodified SDK takes on one core to replay the engine's own episodes.
Engine and ceiling are measured in turns, and the best of each counts. The second ceiling is that of the same
workflow with an episode for every completion, as on a host that does not gather completions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.engine import ceilings, measurements
from bench.engine.fresh_runs import FreshRuns, in_fresh_process
from bench.engine.measurements import FanOut, Throughput
from bench.engine.table import print_row

_SAMPLE = 50


@dataclass(frozen=True)
class EngineLoad:
    """The size of each measurement: workflows at once, workflows one by one, widths, finished instances."""

    workflows: int
    singles: int
    widths: Sequence[int]
    finished: int
    memory: int
    rounds: int


class EngineSection:
    """Measures the engine and prints each row as soon as it is known."""

    def __init__(self, runs: FreshRuns, load: EngineLoad) -> None:
        self._runs = runs
        self._load = load

    def run(self) -> None:
        """Measure everything."""
        load, measure = self._load, self._runs.measure
        ceiling_ms, best = self._print_throughput(load.workflows)
        raw = measure(ceilings.raw_commits_per_second, load.workflows)
        print_row(
            "raw SQLite commits of the same steps", f"{raw:.0f}/s", f"{raw / best.per_second:.1f} x the engine"
        )
        single = measure(measurements.single_workflow_seconds, load.singles)
        print_row(
            "one workflow on an idle host, p50", f"{single * 1000:.1f} ms", f"replay alone {ceiling_ms:.1f} ms"
        )
        for width in load.widths:
            self._print_fan_out(measure(measurements.fan_out, width))
        self._print_crowded()
        memory = measure(measurements.memory_mb, load.memory)
        print_row(f"resident memory, {load.memory} finished", f"{memory:.0f} MB")

    def _print_throughput(self, workflows: int) -> tuple[float, Throughput]:
        """Measure engine and ceiling in turns, since other programs may come and go; return the best of each."""
        rounds = self._load.rounds
        sample = self._runs.measure(measurements.throughput, _SAMPLE, sample_size=_SAMPLE)
        apart = self._runs.measure(measurements.documents_one_by_one, _SAMPLE)
        runs, ceilings_ms = [], []
        for _ in range(rounds):
            ceilings_ms.append(in_fresh_process(ceilings.plain_replay_ms, sample.documents, rounds))
            runs.append(self._runs.measure(measurements.throughput, workflows))
        apart_ms = in_fresh_process(ceilings.plain_replay_ms, apart, rounds)
        ceiling_ms, best = min(ceilings_ms), max(runs, key=lambda run: run.per_second)
        cpu_ms = min(run.cpu_ms_each for run in runs)
        ratio = best.per_second * ceiling_ms / 1000
        print_row(
            "plain ceiling: the SDK's replay alone", f"{1000 / ceiling_ms:.0f}/s", f"{ceiling_ms:.2f} ms CPU each"
        )
        print_row(
            "the same, an episode for each completion", f"{1000 / apart_ms:.0f}/s", f"{apart_ms:.2f} ms CPU each"
        )
        print_row(
            f"{workflows} workflows submitted together",
            f"{best.per_second:.0f}/s",
            f"{ratio:.2f} x the ceiling, {best.per_second * apart_ms / 1000:.2f} x the second one",
        )
        print_row("CPU of one workflow", f"{cpu_ms:.2f} ms", f"{cpu_ms / ceiling_ms:.2f} x replay alone")
        print_row("episodes of one workflow", f"{best.episodes / workflows:.2f}")
        return ceiling_ms, best

    def _print_fan_out(self, run: FanOut) -> None:
        each = run.cpu_seconds / run.width * 1000
        print_row(
            f"fan-out to {run.width} activities",
            f"{run.wall_seconds:.2f} s",
            f"{each:.2f} ms CPU an activity, {run.episodes} episodes",
        )

    def _print_crowded(self) -> None:
        """Measure the two in turns, since the machine may be busier now than at the beginning."""
        workflows, finished = self._load.workflows, self._load.finished
        empty, crowded = [], []
        for _ in range(self._load.rounds):
            empty.append(self._runs.measure(measurements.throughput, workflows))
            crowded.append(self._runs.measure(measurements.throughput, workflows, finished_before=finished))
        fastest = max(run.per_second for run in crowded)
        ratio = fastest / max(run.per_second for run in empty)
        cpu = min(run.cpu_seconds for run in crowded) / min(run.cpu_seconds for run in empty)
        print_row(
            f"workflows with {finished} finished in the store",
            f"{fastest:.0f}/s",
            f"{ratio:.2f} x without, CPU {cpu:.2f} x",
        )
