"""Work that has failed and is put off for a moment, so that a full disk is not tried a thousand times a second."""

import logging
import time
from dataclasses import dataclass
from typing import Any

from devhost.durable_engine.errors import DatabaseClosed, DatabaseUnusable
from devhost.durable_engine.lanes import Lane, Step

log = logging.getLogger("devhost.durable")

_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Postponed:
    """Work that is put off.

    Attributes:
        moment: when it is due, in seconds of the monotonic clock.
        lane: what kind of work it is.
        key: which.
        step: what could not be written; None if the work is to be begun anew.
    """

    moment: float
    lane: Lane[Any]
    key: Any
    step: Step | None


class PostponedWork:
    """All work that is put off; for one thread."""

    def __init__(self) -> None:
        self._waiting: list[Postponed] = []

    def add(self, lane: Lane[Any], key: Any, step: Step | None = None) -> None:
        """Put work off by a second."""
        self._waiting.append(Postponed(time.monotonic() + _PAUSE_SECONDS, lane, key, step))

    def seconds_to_next(self) -> float | None:
        """Return how long it is until some work is due, 0 if some is; None if there is none."""
        if not self._waiting:
            return None
        return max(0.0, self._waiting[0].moment - time.monotonic())

    def take_due(self, is_all: bool) -> list[Postponed]:
        """Return, and forget, the work that is due, or all of it."""
        now = time.monotonic()
        due = [one for one in self._waiting if is_all or one.moment <= now]
        del self._waiting[: len(due)]
        return due


def log_failure(kind: str, key: Any, failure: BaseException) -> None:
    """Log why work of a kind is put off."""
    text = "The %s '%s' could not be done; it will be tried again."
    if isinstance(failure, DatabaseClosed):
        log.debug("The %s '%s' ended after the engine; it will be done again.", kind, key)
    elif isinstance(failure, DatabaseUnusable):
        # Its text says it all, and while the disk is full this comes once a second.
        log.error(f"{text} %s", kind, key, failure)
    else:
        log.error(text, kind, key, exc_info=failure)
