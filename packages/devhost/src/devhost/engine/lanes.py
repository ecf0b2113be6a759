"""One kind of work: which keys are ready, which are with the app's functions, which are being written.

A key that becomes ready while it is at work is worked on once more afterwards, so no wake-up gets lost.
"""

import logging
import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from devhost.engine.transactions import Transaction, Written
from devhost.engine.wakeups import Wakeups

log = logging.getLogger("devhost.durable")

K = TypeVar("K", bound=Hashable)
K_contra = TypeVar("K_contra", bound=Hashable, contravariant=True)


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


class CommitPart(Protocol):
    """What is left to do once a function has ended: one part of a commit, and what follows from it."""

    def write(self, tx: Transaction) -> Any:
        """Write the result; may be undone and run again, so it changes nothing but the database."""
        ...

    def written(self, result: Any) -> Wakeups:
        """Take note that ``write`` is durable; `result` is what it returned."""
        ...

    def refused(self, failure: BaseException) -> Wakeups | None:
        """Take note that ``write`` raised; None if it shall be tried again."""
        ...


def woken_by(part: CommitPart, result: Written) -> Wakeups | None:
    """Return what became ready by a part; None if it must be written again."""
    if result.error is not None:
        return part.refused(result.error)
    try:
        return part.written(result.value)
    except Exception:
        # It is durable all the same. What is in memory may be wrong now, which the next commit of it will notice.
        log.exception("What a result changes could not be noted; it is read again.")
        return result.value if isinstance(result.value, Wakeups) else Wakeups()


# Makes of a function's result what is to be written; may raise, and the work is then begun anew after a pause.
Conclude = Callable[[], CommitPart]
HandOver = Callable[[Conclude], None]


def failing(failure: BaseException) -> Conclude:
    """Return what raises `failure` on the engine's thread."""

    def conclude() -> NoReturn:
        raise failure

    return conclude


class Runner(Protocol[K_contra]):
    """Does one kind of work. Its methods, and what it gives to `hand_over`, run on the engine's thread."""

    def begin(self, key: K_contra, hand_over: HandOver) -> bool:
        """Begin the work of a key without waiting for it.

        Args:
            key: what is ready.
            hand_over: to be called once, on any thread, with what concludes the work on the engine's thread.

        Returns:
            False if there is nothing to do; `hand_over` will not be called then.
        """
        ...


class Lane(Generic[K]):
    """The keys of one kind of work. All but the constructor wants the monitor's lock.

    Args:
        name: for the log.
        runner: does the work.
        limit: with how many keys the app's functions may be at work at a time.
    """

    def __init__(self, name: str, runner: Runner[K], limit: int) -> None:
        self.name = name
        self.runner = runner
        self._limit = limit
        self._ready: dict[K, None] = {}
        self._running: set[K] = set()
        self._concluding: set[K] = set()
        self._held: set[K] = set()
        self._again: set[K] = set()

    @property
    def at_work(self) -> set[K]:
        """The keys that are being worked on."""
        return self._running | self._concluding | self._held

    @property
    def has_ready(self) -> bool:
        """Whether keys wait."""
        return bool(self._ready)

    @property
    def is_idle(self) -> bool:
        """Whether no key waits or is being worked on."""
        return not (self._ready or self._running or self._concluding or self._held)

    def pending_keys(self) -> list[K]:
        """Return what is being worked on and what waits."""
        return [*self._running, *self._concluding, *self._held, *self._ready]

    def add(self, key: K) -> None:
        """Have the work of `key` done soon, once more if it is being done just now."""
        if key in self._running or key in self._concluding or key in self._held:
            self._again.add(key)
        else:
            self._ready[key] = None

    def take(self) -> list[K]:
        """Return the keys whose work may begin now."""
        room = self._limit - len(self._running) - len(self._held)
        if room <= 0 or not self._ready:
            return []
        taken = list(self._ready)[:room] if len(self._ready) > room else list(self._ready)
        for key in taken:
            del self._ready[key]
        self._running.update(taken)
        return taken

    def conclude(self, key: K) -> None:
        """Take note that the function has ended; it makes room for another."""
        self._running.discard(key)
        # One that is held stays so until it is written: it makes no room by being tried again.
        if key not in self._held:
            self._concluding.add(key)

    def hold(self, key: K) -> None:
        """Take note that the result cannot be written now: room is kept for it until it can."""
        self._concluding.discard(key)
        self._held.add(key)

    def finish(self, key: K, must_repeat: bool = False) -> None:
        """Take note that the work of `key` is done, or must be done once more."""
        self._running.discard(key)
        self._concluding.discard(key)
        self._held.discard(key)
        if must_repeat or key in self._again:
            self._again.discard(key)
            self._ready[key] = None
