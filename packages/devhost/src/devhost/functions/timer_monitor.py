"""Remembers across restarts when a timer was due next, so that a missed occurrence is caught up on."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from devhost.protection.private_files import write_private

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class TimerStatus:
    """Where a timer stands on its schedule; all moments are aware and in UTC."""

    last: datetime
    next: datetime
    last_updated: datetime

    def to_payload(self) -> dict[str, str]:
        """The ``ScheduleStatus`` that a timer function receives."""
        return {
            "Last": self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }

    @classmethod
    def from_payload(cls, payload: dict[str, str]) -> "TimerStatus":
        """Read what ``to_payload`` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        last, following, updated = (
            datetime.fromisoformat(payload[key]) for key in ("Last", "Next", "LastUpdated")
        )
        return cls(last, following, updated)


class TimerMonitor:
    """Keeps one small file per timer.

    Args:
        folder: Where the files lie; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, timer_name: str, schedule: str) -> TimerStatus | None:
        """Read a timer's status; None if there is none, or if it was for another schedule."""
        try:
            stored = json.loads(self._path(timer_name).read_text(encoding="utf-8"))
            return TimerStatus.from_payload(stored["status"]) if stored["schedule"] == schedule else None
        except (OSError, ValueError, KeyError, TypeError):
            # A file cut short by a crash counts as missing: the timer starts afresh.
            return None

    def save(self, timer_name: str, schedule: str, status: TimerStatus) -> None:
        """Write a timer's status; a reader sees the old or the new one, never a part."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._path(timer_name), json.dumps({"schedule": schedule, "status": status.to_payload()}))

    def _path(self, timer_name: str) -> Path:
        return self._folder / f"{timer_name}.json"
