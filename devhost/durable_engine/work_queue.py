"""Hands keys of ready work to worker threads: each key on one thread at a time, and no more threads than allowed.

A key that becomes ready while it is being worked on is worked on once more afterwards, so no wake-up gets lost.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from devhost.durable_engine.errors import DatabaseClosed, DatabaseUnusable

K = TypeVar("K", bound=Hashable)
log = logging.getLogger("devhost.durable")

_PAUSE_AFTER_FAILURE_SECONDS = 1.0


class Monitor:
    """One lock with several conditions.

    Attributes:
        lock: guards all that is waited for.
        changed: notified whenever some work has ended.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.changed = self.condition()

    def condition(self) -> threading.Condition:
        """Return one more condition under the same lock."""
        return threading.Condition(self.lock)


class WorkQueue(Generic[K]):
    """Ready keys of one kind of work, and the threads that work on them; threads come as they are needed.

    Args:
        name: for the threads and the log.
        work: does the work of one key. If it raises, the key is worked on again after a pause.
        thread_limit: the largest number of threads.
        monitor: shared by all queues of a dispatcher, so that they can be looked at together.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[K], None],
        thread_limit: int,
        monitor: Monitor,
    ) -> None:
        self.name = name
        self._work = work
        self._thread_limit = thread_limit
        self._lock = monitor.lock
        self._changed = monitor.changed
        self._has_work = monitor.condition()
        self._ready: deque[K] = deque()
        self._queued: set[K] = set()
        self._running: set[K] = set()
        self._again: set[K] = set()
        self._threads = 0
        self._idle_threads = 0
        self._is_stopped = True

    def start(self) -> None:
        """Begin to work on what is ready."""
        with self._lock:
            self._is_stopped = False
            for _ in range(len(self._ready)):
                self._call_thread()

    def add(self, key: K) -> None:
        """Have the work of `key` done soon, once more if it is being done just now."""
        with self._lock:
            if key in self._running:
                self._again.add(key)
            elif key not in self._queued:
                self._ready.append(key)
                self._queued.add(key)
                self._call_thread()

    @property
    def running_count(self) -> int:
        """How many keys are being worked on. The caller holds the lock."""
        return len(self._running)

    @property
    def running_keys(self) -> frozenset[K]:
        """What is being worked on. The caller holds the lock."""
        return frozenset(self._running)

    @property
    def has_ready(self) -> bool:
        """Whether keys wait for a thread. The caller holds the lock."""
        return bool(self._ready)

    def pending_keys(self) -> list[K]:
        """Return what is being worked on and what waits. The caller holds the lock."""
        return [*self._running, *self._ready]

    def stop(self) -> None:
        """Take no further key; what runs, runs on."""
        with self._lock:
            self._is_stopped = True
            self._has_work.notify_all()

    def _call_thread(self) -> None:
        if self._is_stopped:
            return
        if self._idle_threads >= len(self._ready):
            self._has_work.notify()
        elif self._threads < self._thread_limit:
            self._threads += 1
            name = f"durable-{self.name}-{self._threads}"
            # Daemons: an activity that never returns must not keep the process from ending.
            threading.Thread(target=self._run, name=name, daemon=True).start()
        else:
            self._has_work.notify()

    def _run(self) -> None:
        while True:
            key = self._next_key()
            if key is None:
                return
            is_done = self._try(key)
            self._finish(key, must_repeat=not is_done)

    def _next_key(self) -> K | None:
        with self._lock:
            while not self._ready and not self._is_stopped:
                self._idle_threads += 1
                self._has_work.wait()
                self._idle_threads -= 1
            if self._is_stopped:
                self._threads -= 1
                return None
            key = self._ready.popleft()
            self._queued.discard(key)
            self._running.add(key)
            return key

    def _try(self, key: K) -> bool:
        try:
            self._work(key)
        except DatabaseClosed:
            log.debug("The %s '%s' ended after the engine; it will be done again.", self.name, key)
        except Exception as failure:
            with self._lock:
                is_stopped = self._is_stopped
            if not is_stopped:
                self._log_failure(key, failure)
                self._pause()
            return False
        return True

    def _log_failure(self, key: K, failure: Exception) -> None:
        text = "The %s '%s' could not be done; it will be tried again."
        if isinstance(failure, DatabaseUnusable):
            # Its text says it all, and while the disk is full this comes once a second.
            log.error(f"{text} %s", self.name, key, failure)
        else:
            log.exception(text, self.name, key)

    def _pause(self) -> None:
        deadline = time.monotonic() + _PAUSE_AFTER_FAILURE_SECONDS
        with self._lock:
            while not self._is_stopped and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def _finish(self, key: K, must_repeat: bool) -> None:
        with self._lock:
            self._running.discard(key)
            if must_repeat or key in self._again:
                self._again.discard(key)
                self._ready.append(key)
                self._queued.add(key)
            self._changed.notify_all()
