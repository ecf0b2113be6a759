"""The rows about Microsoft's durable extension, measured in turns with our engine."""

import os
import statistics
from pathlib import Path

from bench.engine import extension, measurements
from bench.engine.fresh_runs import FreshRuns
from bench.engine.table import print_row
from bench.engine.timing import Timing, medians
from devhost.testing import NO_EXTENSION, has_extension
from devhost.testing.azurite import azurite_command
from devhost.testing.errors import AzuriteUnavailable

_NAME = "Microsoft's durable extension on Azurite"
# It takes several times as long, so fewer workflows fill the same time.
_SHARE = 5


def print_extension(runs: FreshRuns, workflows: int, rounds: int) -> None:
    """Measure our engine and the extension in turns and print the medians, or what is missing for that."""
    missing = _missing()
    if missing:
        print_row(_NAME, "-", f"not measured; {missing}")
        return
    count = max(1, workflows // _SHARE)
    ours: list[Timing] = []
    theirs: list[extension.ExtensionRun] = []
    for _ in range(rounds):
        ours.append(runs.measure(measurements.throughput, count))
        theirs.append(runs.measure(extension.extension_run, count))
    our_rate, our_cpu_ms = medians(ours)
    rate, cpu_ms = medians(theirs)
    print_row(f"{count} workflows on our engine", f"{our_rate:.0f}/s", f"CPU each {our_cpu_ms:.2f} ms")
    print_row(_NAME, f"{rate:.0f}/s", f"ours does {our_rate / rate:.1f} x as many")
    program = statistics.median(run.program_cpu_ms_each for run in theirs)
    azurite = statistics.median(run.azurite_cpu_ms_each for run in theirs)
    print_row(
        "  CPU of one workflow there",
        f"{cpu_ms + program + azurite:.0f} ms",
        f"functions {cpu_ms:.0f} ms, extension {program:.0f} ms, Azurite {azurite:.0f} ms",
    )


def _missing() -> str | None:
    if not has_extension():
        return NO_EXTENSION
    try:
        azurite_command(os.environ, Path.cwd())
    except AzuriteUnavailable as reason:
        return str(reason)
    return None
