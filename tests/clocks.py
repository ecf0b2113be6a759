"""A clock that tests set."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Call it for the time; it stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        """Move it on."""
        self.now += by
