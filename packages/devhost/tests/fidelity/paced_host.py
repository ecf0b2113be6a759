"""``devhost start --clock virtual`` for the app of these tests, whose slow activities live in the host's time too.

An activity that takes a second would otherwise take it in real time, while the rest of the app's time stands
still.
"""

import importlib
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from devhost.cli.command_line import run_and_exit
from devhost.engine.clock import Clock
from devhost.engine.engine import DurableEngine
from devhost.host import durable_backend


class Pacer:
    """Holds slow activities until their time has come.

    Args:
        clock: the host's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._held: list[datetime] = []
        self._reached = clock.now()

    def pause(self, seconds: float) -> None:
        """Wait until the host's time has moved on by so many seconds."""
        due = self._clock.now() + timedelta(seconds=seconds)
        with self._changed:
            self._held.append(due)
            self._changed.wait_for(lambda: self._reached >= due)
            self._held.remove(due)
            self._changed.notify_all()

    def count(self) -> int:
        """Return how many activities are held."""
        with self._changed:
            return len(self._held)

    def next_due(self) -> datetime | None:
        """Return when the first of them goes on, or None."""
        with self._changed:
            return min(self._held, default=None)

    def release(self, moment: datetime) -> None:
        """Let go on what is due, and wait until it has."""
        with self._changed:
            self._reached = max(self._reached, moment)
            self._changed.notify_all()
            self._changed.wait_for(lambda: all(due > self._reached for due in self._held))


class PacedEngine(DurableEngine):
    """An engine whose time stops wherever an activity goes on."""

    pacer: Pacer

    def advance(self, duration: timedelta, *_: Any, **__: Any) -> None:
        """See ``DurableEngine.advance``."""
        super().advance(timedelta(), self.pacer.count)
        target = self._clock.now() + duration
        while (due := self.pacer.next_due()) is not None and due <= target:
            super().advance(max(timedelta(), due - self._clock.now()), self.pacer.count)
            self.pacer.release(due)
            super().advance(timedelta(), self.pacer.count)
        super().advance(max(timedelta(), target - self._clock.now()), self.pacer.count)


def paced_engine(functions: Any, options: Any, path: Path, clock: Clock) -> DurableEngine:
    """Make such an engine, and let the app's activities wait for its time."""
    engine = PacedEngine(functions, options, path, clock)
    engine.pacer = Pacer(clock)
    pacing: Any = importlib.import_module("pacing")
    pacing.pause = engine.pacer.pause
    return engine


if __name__ == "__main__":
    with mock.patch.object(durable_backend, "DurableEngine", paced_engine):
        run_and_exit()
