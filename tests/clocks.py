"""A clock that tests set."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """A clock that returns the same time until a test moves it."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self.now += by
