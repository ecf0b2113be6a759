"""Compares the outcome of a load with the expected one."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.crashes.journal import read_journal
from tests.crashes.lives import PROMISES, RUNS, Ends


def differences(folder: Path, ends: Ends, expected: Ends, least_runs: Counter[str]) -> list[str]:
    """All differences from the expected outcome.

    Args:
        folder: the journals of all lives.
        ends: outcome of the last life.
        expected: outcome of a life without a death.
        least_runs: least number of runs of each activity.
    """
    return [
        *_other_ends(ends, expected),
        *_tally_faults(folder, ends, expected),
        *_missing_runs(folder, least_runs),
    ]


def _other_ends(ends: Ends, expected: Ends) -> Iterator[str]:
    for instance_id, end in expected["instances"].items():
        if ends["instances"].get(instance_id) != end:
            yield f"{instance_id} ended as {ends['instances'].get(instance_id)}, not {end}"


def _tally_faults(folder: Path, ends: Ends, expected: Ends) -> Iterator[str]:
    """Additions that are lost, that count twice, or that were never requested."""
    promises = read_journal(folder / PROMISES)
    counted: Counter[str] = Counter(ends["tally"])
    must_count = {path for path in expected["tally"] if not _is_of_client(path)}
    must_count |= {line.removeprefix("added ") for line in promises if line.startswith("added ")}
    tried = {line.removeprefix("trying "): times for line, times in promises.items() if line.startswith("trying ")}
    may_count = {f"client/{text}/{number}" for text, times in tried.items() for number in range(1, times + 1)}
    yield from (f"the addition {text} is lost" for text in sorted(must_count - set(counted)))
    yield from (f"the addition {text} counts {times} times" for text, times in counted.items() if times > 1)
    yield from (f"the addition {text} was not asked for" for text in sorted(set(counted) - must_count - may_count))


def _is_of_client(text: str) -> bool:
    return text.startswith("client/")


def _missing_runs(folder: Path, least_runs: Counter[str]) -> Iterator[str]:
    runs = read_journal(folder / RUNS)
    for path, times in least_runs.items():
        if runs[path] < times:
            yield f"the activity of {path} ran {runs[path]} times, not {times}"
