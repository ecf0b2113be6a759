"""What came of a load, compared with what must come of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.crashes.journal import read_journal
from tests.crashes.lives import PROMISES, RUNS, Ends


def differences(folder: Path, ends: Ends, wanted: Ends, least_runs: Counter[str]) -> list[str]:
    """Everything that is not as it must be.

    Args:
        folder: where the lives have left their journals.
        ends: what the last life returned.
        wanted: what a life that nothing disturbs returns, or would.
        least_runs: how often each activity must have run at least.
    """
    return [
        *_other_ends(ends, wanted),
        *_tally_faults(folder, ends, wanted),
        *_missing_runs(folder, least_runs),
    ]


def _other_ends(ends: Ends, wanted: Ends) -> Iterator[str]:
    for instance_id, end in wanted["instances"].items():
        if ends["instances"].get(instance_id) != end:
            yield f"{instance_id} ended as {ends['instances'].get(instance_id)}, not {end}"


def _tally_faults(folder: Path, ends: Ends, wanted: Ends) -> Iterator[str]:
    """Additions that are lost, that count twice, or that nobody has asked for."""
    promises = read_journal(folder / PROMISES)
    counted: Counter[str] = Counter(ends["tally"])
    must_count = {path for path in wanted["tally"] if not _is_of_client(path)}
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
