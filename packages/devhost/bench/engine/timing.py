"""What every run of workflows is told in, whoever ran them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """How long workflows took that were submitted together.

    Attributes:
        workflows: How many there were.
        wall_seconds: From the first submission until the last had ended.
        cpu_seconds: User and system time, all threads, of the process that was measured.
    """

    workflows: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Workflows a second by the clock on the wall."""
        return self.workflows / self.wall_seconds

    @property
    def cpu_ms_each(self) -> float:
        """CPU milliseconds of one workflow."""
        return self.cpu_seconds / self.workflows * 1000
