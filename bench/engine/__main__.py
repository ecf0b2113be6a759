"""``python -m bench.engine``: how fast the durable engine is, beside what it cannot be faster than.

Every measurement has a process and a database of its own. The plain ceiling is the CPU time of the unmodified
SDK's replay of the very episodes that the engine gave it, on one core. Engine and ceiling are measured in turns,
and the best of each counts. Other programs on the machine make the seconds longer, the ratios less so.
"""

import argparse
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from bench.engine import ceilings, measurements
from bench.engine.measurements import FanOut, Throughput
from bench.engine.running_engine import log_errors_only
from devhost import sdk_speedups

P = ParamSpec("P")
T = TypeVar("T")

_SAMPLE = 50
_ROUNDS = 3
_FULL = {"finished": 100_000, "memory": 10_000}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 0."""
    options = _parser().parse_args(arguments)
    if options.no_sdk_speedups:
        os.environ[sdk_speedups.SETTING] = "0"
    if options.full:
        vars(options).update(_FULL)
    with tempfile.TemporaryDirectory(prefix="bench-engine-", dir=options.folder) as folder:
        _Bench(Path(folder), options).run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description="Measure the durable engine.")
    parser.add_argument("--workflows", type=int, default=1000, help="submitted together (default: 1000)")
    parser.add_argument("--singles", type=int, default=50, help="workflows on an idle host (default: 50)")
    parser.add_argument("--fan-out", type=int, nargs="*", default=[100, 1000], help="widths (default: 100 1000)")
    parser.add_argument("--finished", type=int, default=10_000, help="in the store already (default: 10000)")
    parser.add_argument("--memory", type=int, default=2000, help="workflows before memory is read (default: 2000)")
    parser.add_argument("--full", action="store_true", help="100000 finished instances, memory after 10000")
    parser.add_argument("--no-sdk-speedups", action="store_true", help="with the SDK as it is shipped")
    parser.add_argument("--folder", type=Path, help="where the databases go (default: the temporary folder)")
    return parser


class _Bench:
    """One run of all measurements; prints each line as soon as it is known."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self._folder = folder
        self._options = options
        self._count = 0

    def run(self) -> None:
        """Measure everything."""
        workflows = self._options.workflows
        _row("measurement", "value", "against")
        ceiling_ms, best = self._print_throughput(workflows)
        raw = self._measure(ceilings.raw_commits_per_second, workflows)
        _row("raw SQLite commits of the same steps", f"{raw:.0f}/s", f"{raw / best.per_second:.1f} x the engine")
        single = self._measure(measurements.single_workflow_seconds, self._options.singles)
        _row("one workflow on an idle host, p50", f"{single * 1000:.1f} ms", f"replay alone {ceiling_ms:.1f} ms")
        for width in self._options.fan_out:
            self._print_fan_out(self._measure(measurements.fan_out, width))
        self._print_crowded()
        memory = self._measure(measurements.memory_mb, self._options.memory)
        _row(f"resident memory, {self._options.memory} finished", f"{memory:.0f} MB", "")

    def _print_throughput(self, workflows: int) -> tuple[float, Throughput]:
        """Alternates with the ceiling, since other programs may come and go; returns the best of each."""
        sample = self._measure(measurements.throughput, _SAMPLE, sample_size=_SAMPLE)
        runs, ceilings_ms = [], []
        for _ in range(_ROUNDS):
            ceilings_ms.append(_in_fresh_process(ceilings.plain_replay_ms, sample.documents, _ROUNDS))
            runs.append(self._measure(measurements.throughput, workflows))
        ceiling_ms, best = min(ceilings_ms), max(runs, key=lambda run: run.per_second)
        cpu_ms = min(run.cpu_ms_each for run in runs)
        ratio = best.per_second * ceiling_ms / 1000
        _row(
            "plain ceiling: the SDK's replay alone", f"{1000 / ceiling_ms:.0f}/s", f"{ceiling_ms:.2f} ms CPU each"
        )
        _row(f"{workflows} workflows submitted together", f"{best.per_second:.0f}/s", f"{ratio:.2f} x the ceiling")
        _row("CPU of one workflow", f"{cpu_ms:.2f} ms", f"{cpu_ms / ceiling_ms:.2f} x replay alone")
        _row("episodes of one workflow", f"{best.episodes / workflows:.2f}", "")
        return ceiling_ms, best

    def _print_fan_out(self, run: FanOut) -> None:
        each = run.cpu_seconds / run.width * 1000
        _row(
            f"fan-out to {run.width} activities",
            f"{run.wall_seconds:.2f} s",
            f"{each:.2f} ms CPU an activity, {run.episodes} episodes",
        )

    def _print_crowded(self) -> None:
        """Alternates the two, since the machine may be busier now than it was at the beginning."""
        workflows, finished = self._options.workflows, self._options.finished
        empty, crowded = [], []
        for _ in range(_ROUNDS):
            empty.append(self._measure(measurements.throughput, workflows))
            crowded.append(self._measure(measurements.throughput, workflows, finished_before=finished))
        fastest = max(run.per_second for run in crowded)
        ratio = fastest / max(run.per_second for run in empty)
        cpu = min(run.cpu_seconds for run in crowded) / min(run.cpu_seconds for run in empty)
        _row(
            f"workflows with {finished} finished in the store",
            f"{fastest:.0f}/s",
            f"{ratio:.2f} x without, CPU {cpu:.2f} x",
        )

    def _measure(self, measurement: Callable[..., T], *arguments: Any, **options: Any) -> T:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return _in_fresh_process(measurement, folder, *arguments, **options)


def _in_fresh_process(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawning, initializer=log_errors_only) as pool:
        return pool.submit(function, *arguments, **options).result()


def _row(*cells: str) -> None:
    print(f"{cells[0]:<44}{cells[1]:>12}  {cells[2]}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
