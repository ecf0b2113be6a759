"""The one source of time in devhost, so that tests can skip 48 hours without waiting.

Clock (Protocol)
├── SystemClock    real time
└── AdvanceableClock (Protocol)
    ├── OffsetClock    real time plus an offset that ``advance`` enlarges: a running host on which tests skip time
    └── VirtualClock   stands still; only ``advance`` moves it
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable


class Clock(Protocol):
    """Tells the time, and how long to really wait for a moment."""

    def now(self) -> datetime:
        """Return the time: aware, UTC, with microseconds."""
        ...

    def seconds_until(self, moment: datetime) -> float | None:
        """Return the real seconds until `moment`: 0.0 if it has come, None if only ``advance`` brings it."""
        ...

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after every jump of the time, on the thread that made the clock jump."""
        ...


@runtime_checkable
class AdvanceableClock(Clock, Protocol):
    """A clock that tests move forward."""

    def advance(self, duration: timedelta) -> None:
        """Move the time forward by `duration`. Raises ValueError for a negative one: time never runs backward."""
        ...


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """Return the system's time in UTC."""
        return datetime.now(UTC)

    def seconds_until(self, moment: datetime) -> float | None:
        """Return the real seconds until `moment`, never negative."""
        return max(0.0, (moment - self.now()).total_seconds())

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Accept the listener and never call it: this clock does not jump."""


class _JumpingClock:
    """What both advanceable clocks share: a guarded offset and the listeners."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta()
        self._listeners: list[Callable[[], None]] = []

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after every advance."""
        with self._lock:
            self._listeners.append(listener)

    def advance(self, duration: timedelta) -> None:
        """Move the time forward by `duration`. Raises ValueError for a negative one."""
        if duration < timedelta():
            raise ValueError(f"A clock only moves forward, but advance was asked for {duration}.")
        with self._lock:
            self._offset += duration
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()


class OffsetClock(_JumpingClock):
    """Real time plus an offset: goes on by itself, and ``advance`` skips time.

    Args:
        offset: how far it runs ahead from the beginning.
    """

    def __init__(self, offset: timedelta | None = None) -> None:
        super().__init__()
        self._offset = offset or timedelta()

    @property
    def offset(self) -> timedelta:
        """How far it runs ahead of real time."""
        with self._lock:
            return self._offset

    def now(self) -> datetime:
        """Return the system's time in UTC plus the offset."""
        with self._lock:
            return datetime.now(UTC) + self._offset

    def seconds_until(self, moment: datetime) -> float | None:
        """Return the real seconds until `moment`, if nobody advances the clock before."""
        return max(0.0, (moment - self.now()).total_seconds())


class VirtualClock(_JumpingClock):
    """Stands still at `start`; only ``advance`` moves it.

    Args:
        start: the first moment, aware. Default: 2024-01-01T00:00Z.
    """

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__()
        self._start = (start or datetime(2024, 1, 1, tzinfo=UTC)).astimezone(UTC)

    def now(self) -> datetime:
        """Return the start plus all that was advanced."""
        with self._lock:
            return self._start + self._offset

    def seconds_until(self, moment: datetime) -> float | None:
        """Return 0.0 when `moment` has come, else None: waiting does not bring it."""
        return 0.0 if moment <= self.now() else None
