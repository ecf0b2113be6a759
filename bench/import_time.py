"""Measure the CPU time that `import function_app` takes: `python -m bench.import_time [--app FOLDER]`.

A cold start takes this time before the first request. Each run is a new interpreter in the app's folder. Its
environment has the values of local.settings.json, as under the Functions host. The result is the median. Exits 1
when it is above the limit, and 2 when the app cannot be imported.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DEFAULT_LIMIT_SECONDS = 0.6
DEFAULT_RUNS = 7
SLOWEST_SHOWN = 10
RUN_TIMEOUT_SECONDS = 120
# process_time is the user and system time of all threads. The start of the interpreter itself is not counted.
# Only the last line is parsed: an app may print at import.
PROBE = "import time; begun = time.process_time(); import {module}; print(); print(time.process_time() - begun)"
IMPORT_LINE = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \|\s*(\S+)$", re.MULTILINE)


class ImportFailed(Exception):
    """The app could not be imported. The message has the end of Python's output."""


@dataclass(frozen=True)
class ImportedModule:
    """One line of -X importtime: wall-clock seconds of the module alone, and with all that it imports."""

    name: str
    own_seconds: float
    total_seconds: float


def cpu_seconds(app: Path, module: str) -> float:
    """Import the module in a fresh interpreter and return the CPU seconds it took. Raises ImportFailed."""
    return float(_python(app, "-c", PROBE.format(module=module)).stdout.split()[-1])


def slowest_imports(app: Path, module: str, count: int) -> list[ImportedModule]:
    """Return the modules whose import takes longest, including what they import. Raises ImportFailed."""
    imported = list(parse_import_times(_python(app, "-X", "importtime", "-c", f"import {module}").stderr))
    return sorted(imported, key=lambda entry: entry.total_seconds, reverse=True)[:count]


def parse_import_times(report: str) -> Iterator[ImportedModule]:
    """Yield the modules that a report of -X importtime names, in the order in which their imports ended."""
    for own_microseconds, total_microseconds, name in IMPORT_LINE.findall(report):
        yield ImportedModule(name, int(own_microseconds) / 1e6, int(total_microseconds) / 1e6)


def local_settings(app: Path) -> dict[str, str]:
    """Return the values of the app's local.settings.json, or nothing when it has none."""
    path = app / "local.settings.json"
    if not path.is_file():
        return {}
    return {name: str(value) for name, value in json.loads(path.read_text(encoding="utf-8"))["Values"].items()}


def _python(app: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = local_settings(app) | os.environ
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=app,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise ImportFailed(f"The app in {app} cannot be imported:\n" + "\n".join(done.stderr.splitlines()[-8:]))
    return done


def measure(app: Path, module: str, runs: int) -> list[float]:
    """Return the CPU seconds of each of ``runs`` imports, after one that is not counted. Raises ImportFailed."""
    # The first run compiles the modules. A deployed app has its bytecode already.
    cpu_seconds(app, module)
    return [cpu_seconds(app, module) for _ in range(runs)]


def show(module: str, seconds: list[float], limit_seconds: float, slowest: list[ImportedModule]) -> None:
    """Print the table of results."""
    print(f"CPU seconds of 'import {module}', {len(seconds)} fresh interpreters")
    print(f"  median {statistics.median(seconds):.3f}   limit {limit_seconds:.3f}")
    print(f"  lowest {min(seconds):.3f}   highest {max(seconds):.3f}")
    print(f"\nSlowest imports, wall-clock milliseconds\n  {'total':>8} {'own':>8}  module")
    for entry in slowest:
        print(f"  {entry.total_seconds * 1000:>8.1f} {entry.own_seconds * 1000:>8.1f}  {entry.name}")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.import_time", description=__doc__.split("\n")[0])
    parser.add_argument("--app", type=Path, default=Path.cwd(), help="folder of the app (default: this one)")
    parser.add_argument("--module", default="function_app", help="module to import (default function_app)")
    parser.add_argument(
        "--runs", type=int, default=DEFAULT_RUNS, help=f"imports to measure (default {DEFAULT_RUNS})"
    )
    parser.add_argument(
        "--limit", type=float, default=DEFAULT_LIMIT_SECONDS, help="most CPU seconds for the median"
    )
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs must be 1 or more")
    try:
        seconds = measure(options.app, options.module, options.runs)
        slowest = slowest_imports(options.app, options.module, SLOWEST_SHOWN)
    except ImportFailed as error:
        print(error, file=sys.stderr)
        return 2
    show(options.module, seconds, options.limit, slowest)
    if statistics.median(seconds) <= options.limit:
        return 0
    print(
        "\nAbove the limit: import slow modules where they are first used, not at the top of a module.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
