"""Threads for functions that are not coroutines: as many as are needed, up to a limit."""

import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

_HIGHEST_DEFAULT_LIMIT = 32


class FunctionThreads:
    """Runs work in the order of submission. Its threads are daemons, so work that hangs keeps no process alive.

    Leaner than ``concurrent.futures``, whose futures cost more than an orchestrator's short episode does.

    Args:
        limit: How many threads at most; None is Python's own default for pools.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit or min(_HIGHEST_DEFAULT_LIMIT, (os.cpu_count() or 1) + 4)
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle = threading.Condition()
        self._unfinished = 0
        self._threads = 0

    def submit(self, work: Callable[[], None]) -> None:
        """Queue work, which must not raise."""
        with self._idle:
            if self._threads < min(self._unfinished + 1, self._limit):
                # Comes first: if no thread can be started, nothing has changed.
                threading.Thread(target=self._run, name=f"function_{self._threads}", daemon=True).start()
                self._threads += 1
            self._unfinished += 1
        self._work.put(work)

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until all work is done; False if some is not after the timeout."""
        deadline = time.monotonic() + timeout_seconds
        with self._idle:
            return self._idle.wait_for(lambda: not self._unfinished, max(0.0, deadline - time.monotonic()))

    def close(self) -> None:
        """Let the threads end once all submitted work is done."""
        with self._idle:
            for _ in range(self._threads):
                self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            with self._idle:
                self._unfinished -= 1
                if not self._unfinished:
                    self._idle.notify_all()
