"""Work that has failed and is put off for a moment, so that a full disk is not tried a thousand times a second."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devhost.engine.errors import DatabaseClosed, DatabaseUnusable
from devhost.engine.lanes import CommitPart, Lane

log = logging.getLogger("devhost.durable")

_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Postponed:
    """Work that is put off.

    Attributes:
        moment: when it is due, in seconds of the monotonic clock.
        lane: what kind of work it is.
        key: which.
        part: what could not be written; None if the work is to be begun anew.
    """

    moment: float
    lane: Lane[Any]
    key: Any
    part: CommitPart | None


class PostponedWork:
    """All work that is put off; for one thread."""

    def __init__(self) -> None:
        self._waiting: list[Postponed] = []

    def add(self, lane: Lane[Any], key: Any, part: CommitPart | None = None) -> None:
        """Put work off by a second."""
        self._waiting.append(Postponed(time.monotonic() + _PAUSE_SECONDS, lane, key, part))

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


def log_failures(failures: Sequence[tuple[str, Any, BaseException | None]]) -> None:
    """Log why work is put off, as kind, key and reason; what the disk says is logged once for all of it."""
    by_text: dict[str, list[tuple[str, Any]]] = {}
    for kind, key, failure in failures:
        if isinstance(failure, DatabaseClosed):
            log.debug("The %s '%s' ended after the engine; it will be done again.", kind, key)
        elif isinstance(failure, DatabaseUnusable):
            by_text.setdefault(str(failure), []).append((kind, key))
        else:
            log.error("The %s '%s' could not be done; it will be tried again.", kind, key, exc_info=failure)
    for text, ((kind, key), *others) in by_text.items():
        more = f" and {len(others)} more" if others else ""
        log.error("The %s '%s'%s could not be done; it will be tried again. %s", kind, key, more, text)
