"""`python -m scripts.run_tests [options and paths for pytest]`: the tests of the pipeline, then those of devhost.

Each house has its own `tests` folder and its own configuration, and pytest runs in it as if the other one were not
there. The second runs even if the first fails. Options go to both (`-k counter -x`). A path selects the house that
has it, and only that house runs. It is relative to the root (`packages/devhost/tests/contract`) or to the house
(`tests/unit/test_settings.py`).

A house's files are dealt out to several processes; `-n 0` runs them one after the other in one, for `-s` and for
reading what happens in which order. Nothing that a test started is left when its house has ended.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.process_family import run_family

ROOT = Path(__file__).resolve().parent.parent
HOUSES = (Path(), Path("packages", "devhost"))
"""Folders with tests of their own, from the root."""
AZURITE = Path("node_modules", "azurite", "dist", "src", "azurite.js")
"""Passed to devhost's tests: many of them skip themselves where there is no Azurite."""

IN_PARALLEL = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder", "--durations", "10")
"""A file stays in one process, for what its tests share. They come in their order: the longest tests are first."""

_INTERRUPTED = 2
_NO_TESTS = 5
"""Exit codes of pytest."""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run the houses' tests. Returns the exit code."""
    codes = []
    # Many tests wait for processes rather than compute, so one more than the cores keeps those busy.
    workers = str((os.cpu_count() or 1) + 1)
    environment = {
        "DEVHOST_AZURITE": str(root / AZURITE),
        "PYTEST_XDIST_AUTO_NUM_WORKERS": workers,
        **os.environ,
    }
    for house, own_arguments in plan(arguments, root):
        print(f"tests: {(house / 'tests').as_posix()}", flush=True)
        command = [sys.executable, "-m", "pytest", *how(own_arguments), *own_arguments]
        codes.append(run_family(command, root / house, environment))
        if codes[-1] == _INTERRUPTED:
            break
    return verdict(codes)


def how(arguments: Sequence[str]) -> Sequence[str]:
    """How a house runs: in parallel, unless a file is named, which would be in one process anyway."""
    return () if any(".py" in argument for argument in arguments) else IN_PARALLEL


def verdict(codes: Sequence[int]) -> int:
    """One exit code for all houses. An option such as -k may fit no test of one house, but not of both."""
    return next((code for code in codes if code not in (0, _NO_TESTS)), min(codes))


def plan(arguments: Sequence[str], root: Path) -> list[tuple[Path, list[str]]]:
    """Which houses run, in which order, each with its arguments for pytest."""
    owners = [_owners(argument, root) for argument in arguments]
    named = {house for paths in owners for house in paths}
    return [
        (
            house,
            [
                paths.get(house, argument)
                for argument, paths in zip(arguments, owners, strict=True)
                if not paths or house in paths
            ],
        )
        for house in HOUSES
        if house in named or not named
    ]


def _owners(argument: str, root: Path) -> dict[Path, str]:
    """The houses that have the path, each with the path relative to it. Empty when the argument is no path."""
    path, separator, name = argument.partition("::")
    found = {}
    for house in reversed(HOUSES):
        inside = Path(path)
        if house.parts and inside.is_relative_to(house):
            return {house: f"{inside.relative_to(house)}{separator}{name}"}
        if inside.parts[:1] == ("tests",) and (root / house / inside).exists():
            found[house] = argument
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
