"""The thread that fires durable timers. It sleeps until one is due, a new one is set, or the clock jumps."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from devhost.engine import timestamps, work_store
from devhost.engine.clock import Clock
from devhost.engine.database import Database
from devhost.engine.errors import DatabaseClosed, DatabaseUnusable
from devhost.engine.lanes import Monitor
from devhost.engine.wakeups import Wakeups

log = logging.getLogger("devhost.durable")

# The system's clock may be set while we sleep.
_LONGEST_SLEEP_SECONDS = 60.0
_PAUSE_AFTER_FAILURE_SECONDS = 1.0


class TimerThread:
    """Fires timers when their time has come.

    Args:
        database: holds the timers.
        clock: where the time comes from.
        monitor: shared with the dispatcher's lanes, so that they can be looked at together.
        wake: called with the instances whose timers fired.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        monitor: Monitor,
        wake: Callable[[Wakeups], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._lock = monitor.lock
        self._changed = monitor.changed
        self._wake = wake
        self._must_look = monitor.condition()
        self._is_asked = True
        self._is_stopped = False
        self._next_due: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="durable-timers", daemon=True)
        clock.on_advance(self.look)

    def start(self) -> None:
        """Begin to fire timers, those that came due while the host was off first."""
        self._thread.start()

    def look(self) -> None:
        """Have the thread look at the timers again: one was set, or the time has jumped."""
        with self._lock:
            self._is_asked = True
            self._must_look.notify()

    def is_at_rest(self) -> bool:
        """Whether nothing is due or being fired. The caller holds the lock."""
        is_due = self._next_due is not None and self._next_due <= self._clock.now()
        return not self._is_asked and not is_due

    def stop(self) -> None:
        """Fire nothing more."""
        with self._lock:
            self._is_stopped = True
            self._must_look.notify()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._is_stopped:
                    return
            try:
                self._fire_all()
            except DatabaseClosed:
                return
            except DatabaseUnusable as failure:
                log.error("Timers could not be fired; it will be tried again. %s", failure)
                self._sleep(_PAUSE_AFTER_FAILURE_SECONDS)
            except Exception:
                log.exception("Timers could not be fired; it will be tried again.")
                self._sleep(_PAUSE_AFTER_FAILURE_SECONDS)

    def _fire_all(self) -> None:
        with self._lock:
            self._is_asked = False
            # Due by definition, until we know better: `is_at_rest` stays false meanwhile.
            self._next_due = datetime.min.replace(tzinfo=self._clock.now().tzinfo)
        next_due = self._fire_due()
        with self._lock:
            self._next_due = next_due
            self._changed.notify_all()
            if not self._is_asked and not self._is_stopped:
                self._must_look.wait(self._sleep_seconds(next_due))

    def _fire_due(self) -> datetime | None:
        """Fire what is due, and return when the next timer will be."""
        while True:
            with self._database.reading() as snapshot:
                due = work_store.next_due_time(snapshot)
            now = timestamps.to_text(self._clock.now())
            if due is None or due > now:
                return None if due is None else timestamps.from_text(due)
            woken = self._database.write(lambda tx, now=now: work_store.fire_due_timers(tx, now))  # type: ignore[misc]
            self._wake(Wakeups.of_instances(woken))

    def _sleep_seconds(self, next_due: datetime | None) -> float | None:
        seconds = None if next_due is None else self._clock.seconds_until(next_due)
        return None if seconds is None else min(seconds, _LONGEST_SLEEP_SECONDS)

    def _sleep(self, seconds: float) -> None:
        with self._lock:
            if not self._is_stopped:
                self._must_look.wait(seconds)
