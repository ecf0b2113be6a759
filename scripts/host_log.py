"""How long requests and functions took, read from devhost's log."""

import re
import statistics
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

STAGES = (
    "submit_document",
    "extract_document_text",
    "validate_compliance",
    "store_processed_document",
    "send_completion_notification",
    "complete_document",
)
"""What a clean document goes through, in order; storing and notifying go side by side."""

_EXECUTED = re.compile(r"Executed 'Functions\.(\w+)' \(Succeeded, Id=[^,)]+, Duration=(\d+)ms\)")
_SUBMITTED = "Executing 'Functions.submit_document'"
_COMPLETED = "(document_processing_orchestrator) is Completed."


def median_milliseconds(log: str) -> dict[str, float]:
    """Return the median duration of each function's successful runs."""
    durations: defaultdict[str, list[int]] = defaultdict(list)
    for name, milliseconds in _EXECUTED.findall(log):
        durations[name].append(int(milliseconds))
    return {name: statistics.median(values) for name, values in durations.items()}


def document_seconds(log: str) -> Iterator[float]:
    """Yield, for documents that were sent one after the other, the time from request to completed instance."""
    begun = None
    for line in log.splitlines():
        if _SUBMITTED in line:
            begun = _time_of(line)
        elif _COMPLETED in line and begun is not None:
            yield (_time_of(line) - begun).total_seconds()
            begun = None


def _time_of(line: str) -> datetime:
    return datetime.fromisoformat(line[1 : line.index("]")])
