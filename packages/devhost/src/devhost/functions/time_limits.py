"""Detects functions that exceed the time limit, with one thread however many functions run."""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger("devhost.host")


@dataclass(frozen=True, slots=True)
class _Watched:
    deadline: float
    expired: Callable[[], None]


class TimeLimits:
    """Watches runs for one limit, the same for all, so that the oldest run is always the next one to exceed it.

    Args:
        seconds: The limit; None watches nothing.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._watched: dict[int, _Watched] = {}
        self._numbers = itertools.count()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, expired: Callable[[], None]) -> int:
        """Watch a run from now on; returns its number.

        Args:
            expired: Called on the watching thread if the run exceeds the limit before it has ended.
        """
        number = next(self._numbers)
        deadline = time.monotonic() + (self._seconds or 0)
        with self._lock:
            self._watched[number] = _Watched(deadline, expired)
            if self._thread is None and self._seconds is not None:
                self._thread = threading.Thread(target=self._watch, name="time-limits", daemon=True)
                self._thread.start()
        return number

    def end(self, number: int) -> bool:
        """Note that a run has ended; False if it has exceeded the limit, or has been ended already."""
        with self._lock:
            return self._watched.pop(number, None) is not None

    def close(self) -> None:
        """Stop watching."""
        self._closing.set()

    def _watch(self) -> None:
        assert self._seconds is not None
        pause = self._seconds
        while not self._closing.wait(pause):
            for watched in self._take_expired():
                try:
                    watched.expired()
                except Exception:
                    log.exception("The timeout of a function could not be reported")
            with self._lock:
                oldest = next(iter(self._watched.values()), None)
            # A run that begins meanwhile cannot exceed the limit any earlier.
            pause = self._seconds if oldest is None else max(0.0, oldest.deadline - time.monotonic())

    def _take_expired(self) -> list[_Watched]:
        now, expired = time.monotonic(), []
        with self._lock:
            for number, watched in list(self._watched.items()):
                if watched.deadline > now:
                    break
                expired.append(self._watched.pop(number))
        return expired
