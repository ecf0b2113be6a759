"""Runs the cases on a host, and keeps what it answers.

python -m tests.fidelity.record http://127.0.0.1:PORT FILE [case...]
"""

import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.fidelity import cases_requests, cases_steered, cases_values, own_cases
from tests.fidelity.answers import settled
from tests.fidelity.driver import Driver
from tests.fidelity.scripts import Case

RECORD = Path(__file__).parent / "recorded.json"
OWN_RECORD = Path(__file__).parent / "recorded_own.json"
GIVEN_CASES: dict[str, Case] = {
    **cases_values.CASES,
    **cases_steered.CASES,
    **cases_requests.CASES,
    **cases_requests.LATE_CASES,
}
OWN_CASES: dict[str, Case] = {**own_cases.CASES, **own_cases.LATE_CASES, **own_cases.VERSIONED_CASES}
LATE_CASES: dict[str, Case] = cases_requests.LATE_CASES | own_cases.LATE_CASES
CASES: dict[str, Case] = GIVEN_CASES | OWN_CASES


def answer(name: str, driver: Driver) -> Any:
    """Return what a host answers in a case, in the form in which answers are compared."""
    # Through JSON: that is the form of the record.
    return json.loads(json.dumps(settled(CASES[name](driver), driver.run)))


def answers(
    driver: Driver, names: Iterable[str], at_once: int, ask: Callable[[str, Driver], Any] = answer
) -> dict[str, Any]:
    """Run cases, so many at once; those that look at what the others have left come last, one by one."""
    wanted = set(names)
    early = [name for name in CASES if name in wanted - LATE_CASES.keys()]
    with ThreadPoolExecutor(at_once) as threads:
        found = dict(zip(early, threads.map(lambda name: ask(name, driver), early), strict=True))
    return found | {name: ask(name, driver) for name in LATE_CASES if name in wanted}


def recorded() -> dict[str, Any]:
    """Return what Microsoft's extension answered."""
    return read(RECORD) | read(OWN_RECORD)


def read(file: Path) -> dict[str, Any]:
    """Read answers that were written."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def write(found: dict[str, Any], file: Path) -> None:
    """Write answers, each case on a line of its own."""
    lines = [f"{json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in found.items()]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    origin, file, *chosen = sys.argv[1:]
    write(answers(Driver(origin), chosen or CASES, 6), Path(file))
