"""The figures of a run of workflows, for every engine alike."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """The time that workflows took that were submitted together.

    Attributes:
        workflows: Their number.
        wall_seconds: From the first submission to the last end.
        cpu_seconds: User and system time of all threads of the measured process.
    """

    workflows: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Workflows for each second of wall-clock time."""
        return self.workflows / self.wall_seconds

    @property
    def cpu_ms_each(self) -> float:
        """CPU milliseconds of one workflow."""
        return self.cpu_seconds / self.workflows * 1000


def medians(runs: Sequence[Timing]) -> tuple[float, float]:
    """Workflows a second, and CPU milliseconds of one."""
    return statistics.median(run.per_second for run in runs), statistics.median(run.cpu_ms_each for run in runs)
