"""`python -m scripts.run_tests [options and paths for pytest]`: the tests of the pipeline, then those of devhost.

Each house has its own `tests` folder and its own configuration, and pytest runs in it as if the other one were not
there. Both run even if the first one fails. Options go to both (`-k counter -x`). A path goes to the house that
has it, and then only that house runs; it may begin at the root or in the house: `tests/unit/test_settings.py`,
`packages/devhost/tests/contract`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOUSES = (Path(), Path("packages", "devhost"))
"""Folders with tests of their own, from the root."""
AZURITE = Path("node_modules", "azurite", "dist", "src", "azurite.js")
"""Named to devhost's tests, which would skip a good part of themselves if they found none."""

_INTERRUPTED = 2
_NO_TESTS = 5
"""What pytest exits with."""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run the houses' tests. Returns the exit code."""
    codes = []
    environment = {"DEVHOST_AZURITE": str(root / AZURITE), **os.environ}
    for house, own_arguments in plan(arguments, root):
        print(f"tests: {(house / 'tests').as_posix()}", flush=True)
        command = [sys.executable, "-m", "pytest", *own_arguments]
        codes.append(subprocess.run(command, cwd=root / house, env=environment, check=False).returncode)
        if codes[-1] == _INTERRUPTED:
            break
    return verdict(codes)


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
    """The houses that have the path, and the path as pytest is given it there; empty for what is no path."""
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
