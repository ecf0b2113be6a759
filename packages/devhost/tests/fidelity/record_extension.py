"""Records what Microsoft's extension answers in our own cases: as often as asked, and only what agrees each time.

python -m tests.fidelity.record_extension FILE [--times 3] [case...]
"""

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.fidelity import own_cases, record
from tests.fidelity.comparing import differences
from tests.fidelity.driver import Driver
from tests.fidelity.hosts import extension_driver, versioned_app

_AT_ONCE = 6


def ask_once(names: Iterable[str]) -> dict[str, Any]:
    """Run cases on fresh hosts."""
    wanted = set(names)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        if wanted - own_cases.VERSIONED_CASES.keys():
            with extension_driver(Path(folder)) as driver:
                found |= record.answers(driver, wanted - own_cases.VERSIONED_CASES.keys(), _AT_ONCE, _what_comes)
        if wanted & own_cases.VERSIONED_CASES.keys():
            with extension_driver(Path(folder), versioned_app(Path(folder))) as driver:
                found |= record.answers(driver, wanted & own_cases.VERSIONED_CASES.keys(), _AT_ONCE, _what_comes)
    return found


def _what_comes(name: str, driver: Driver) -> Any:
    try:
        return record.answer(name, driver)
    except Exception as error:
        # One case that cannot be run must not cost the others.
        return {"failed": f"{type(error).__name__}: {error}"}


def agreed(runs: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return what all runs have answered alike, and where the others differ."""
    same: dict[str, Any] = {}
    apart: dict[str, list[str]] = {}
    for name, first in runs[0].items():
        found = [str(one) for run in runs[1:] for one in differences(first, run[name])]
        if found:
            apart[name] = found
        else:
            same[name] = first
    return same, apart


def main() -> None:
    """Record, and print what was different from time to time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path)
    parser.add_argument("case", nargs="*", default=[*record.OWN_CASES])
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_intermixed_args()
    same, apart = agreed([ask_once(given.case) for _ in range(given.times)])
    for name, found in apart.items():
        print(f"{name} differs from time to time:\n" + "\n".join(found[:5]))  # noqa: T201
    kept = record.read(given.file) if given.file.exists() else {}
    record.write({name: one for name, one in (kept | same).items() if name in record.OWN_CASES}, given.file)


if __name__ == "__main__":
    main()
