"""The worker processes of a host: a fixed number, each replaced when it ends."""

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from devhost.functions.errors import AppLoadError, HostStopping
from devhost.worker.errors import WorkerReplaced
from devhost.worker.process import WorkerProcess, WorkerSettings

log = logging.getLogger("devhost.worker")

Report = dict[str, Any]

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 30.0


class WorkerPool:
    """Starts the workers, assigns them to calls, and replaces those that end.

    Args:
        settings: How each of them is started.
        count: How many there are.
    """

    def __init__(self, settings: WorkerSettings, count: int) -> None:
        self._settings = settings
        self._count = count
        self._changed = threading.Condition()
        self._alone_lock = threading.Lock()
        self._living: set[WorkerProcess] = set()
        self._ready: list[WorkerProcess] = []
        self._loaded: list[WorkerProcess] = []
        self._closing = threading.Event()

    @property
    def is_closing(self) -> bool:
        """Whether the host stops."""
        return self._closing.is_set()

    def load(self) -> Report:
        """Start the workers; returns their report. Raises AppLoadError with the worker's explanation."""
        self._loaded = [self._spawn(number) for number in range(1, self._count + 1)]
        return self._reports(self._loaded)[0]

    def begin(self, client_binding: str, thread_count: int | None) -> None:
        """Let the loaded workers take calls.

        Args:
            client_binding: JSON text that durable client parameters receive.
            thread_count: Size of each worker's thread pool; None is Python's default.
        """
        self._settings = replace(self._settings, client_binding=client_binding, thread_count=thread_count)
        self._add_all(self._loaded)

    def find(self) -> WorkerProcess | None:
        """The least busy worker, or None if there is none at the moment. Raises HostStopping."""
        with self._changed:
            return self._find()

    def wait_for_one(self) -> WorkerProcess:
        """The least busy worker, as soon as there is one. Raises HostStopping."""
        with self._changed:
            while (worker := self._find()) is None:
                self._changed.wait()
            return worker

    @contextlib.contextmanager
    def alone(self) -> Iterator[WorkerProcess]:
        """A worker for one call only: if it dies, that call is to blame. One at a time. Raises AppLoadError."""
        with self._alone_lock:
            if self.is_closing:
                raise HostStopping("The host stops.")
            worker = self._spawn(0)
            try:
                worker.loaded.result()
                worker.configure(self._settings)
                yield worker
            finally:
                worker.stop("its only call has ended")

    def reload(self, grace_seconds: float, expected: Report) -> Report:
        """Replace all workers by new ones, which load the app anew; the old ones may end what they run.

        Args:
            grace_seconds: How long they may take; what still runs after that is run again by the new ones.
            expected: The previous report; if the new one differs, nothing is replaced.

        Returns:
            The new report.

        Raises:
            AppLoadError: The app cannot be loaded any more; the old workers go on.
        """
        new = [self._spawn(number) for number in range(1, self._count + 1)]
        report = self._reports(new)[0]
        if report != expected:
            _stop_all(new, "the host is started anew")
            return report
        with self._changed:
            old, self._ready = self._ready, []
        self._add_all(new)
        _drain(old, grace_seconds)
        return report

    def close(self) -> None:
        """End all workers; calls that are under way get HostStopping."""
        with self._changed:
            self._closing.set()
            living = list(self._living)
            self._changed.notify_all()
        _stop_all(living, "the host stops")

    def _find(self) -> WorkerProcess | None:
        if self.is_closing:
            raise HostStopping("The host stopped before the function had ended; it starts again with the host.")
        usable = [worker for worker in self._ready if worker.is_usable]
        return min(usable, key=lambda worker: worker.call_count, default=None)

    def _spawn(self, number: int) -> WorkerProcess:
        label = "" if self._count == 1 and number else f"worker {number or 'alone'}"
        worker = WorkerProcess(label, self._settings, lambda ended: self._on_end(ended, number))
        with self._changed:
            self._living.add(worker)
        # A pool that is closing may have missed this one.
        if self.is_closing:
            worker.kill(WorkerReplaced("the host stops"))
        return worker

    def _reports(self, workers: Sequence[WorkerProcess]) -> list[Report]:
        try:
            return [worker.loaded.result() for worker in workers]
        except AppLoadError:
            _stop_all(workers, "the app could not be loaded")
            raise

    def _add_all(self, workers: Sequence[WorkerProcess]) -> None:
        for number, worker in enumerate(workers, start=1):
            if not self._add(worker):
                self._replace(number)

    def _add(self, worker: WorkerProcess) -> bool:
        worker.configure(self._settings)
        with self._changed:
            # It may have died just now, in which case no further call of _on_end follows.
            if not worker.is_usable:
                return False
            self._ready.append(worker)
            self._changed.notify_all()
            return True

    def _on_end(self, worker: WorkerProcess, number: int) -> None:
        with self._changed:
            self._living.discard(worker)
            was_ready = worker in self._ready
            if was_ready:
                self._ready.remove(worker)
        if was_ready and not self.is_closing:
            threading.Thread(target=self._replace, args=(number,), name="worker-replacer", daemon=True).start()

    def _replace(self, number: int) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self.is_closing:
            worker = self._spawn(number)
            try:
                worker.loaded.result()
                if self._add(worker):
                    return
            except AppLoadError as error:
                if not self.is_closing:
                    log.error("A new worker could not load the app; the next try is in %g s. %s", pause, error)
            self._closing.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _drain(workers: Sequence[WorkerProcess], grace_seconds: float) -> None:
    """Let workers that get no new calls end what they run, then end them."""
    for worker in workers:
        worker.wait_idle(grace_seconds)
    _stop_all(workers, "it ran old code")


def _stop_all(workers: Sequence[WorkerProcess], reason: str) -> None:
    stopping = [threading.Thread(target=worker.stop, args=(reason,)) for worker in workers]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join()
