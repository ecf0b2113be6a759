"""Histories of instances in flight, kept in memory so that an episode need not read what the one before it wrote.

The database stays the truth: a history counts only for the very version of the instance's row that it was kept
for, and a commit is refused when that version is no longer current. Forgetting one costs time and nothing else.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from devhost.durable_engine import input_document
from devhost.durable_engine.episode_store import Instance, Outcome
from devhost.durable_engine.events import FINISHED, Event

# Of all instances together; an event takes about a kilobyte here, twice its text and more.
_MOST_EVENTS = 20_000


@dataclass(frozen=True)
class LiveHistory:
    """An instance's history at one version of its row.

    Attributes:
        execution_id, row_version: what it is valid for.
        events: the stored events.
        played_texts: the same as they stand in the SDK's input document.
    """

    execution_id: str
    row_version: int
    events: list[Event]
    played_texts: Sequence[str]


class LiveHistories:
    """The histories that were used last, as many as there is room for. Thread-safe.

    Args:
        most_events: how many events to keep; a single longer history is not kept.
    """

    def __init__(self, most_events: int = _MOST_EVENTS) -> None:
        self._most_events = most_events
        self._event_count = 0
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, LiveHistory] = OrderedDict()

    def find(self, instance_id: str) -> LiveHistory | None:
        """Return what is known; the caller compares execution and version with the instance's row."""
        with self._lock:
            return self._by_id.get(instance_id)

    def played_texts(self, instance: Instance) -> Sequence[str]:
        """Return the instance's history as it stands in the SDK's input document."""
        known = self.find(instance.instance_id)
        if known is not None and known.events is instance.history:
            return known.played_texts
        return input_document.played(instance.history)

    def keep(self, outcome: Outcome, played_texts: Sequence[str]) -> None:
        """Remember the history that an episode has committed, or forget it when no further episode needs it."""
        instance = outcome.instance
        if outcome.status in FINISHED or outcome.next_generation is not None:
            self.forget(instance.instance_id)
            return
        history = LiveHistory(
            instance.execution_id,
            instance.row_version + 1,
            [*instance.history, *outcome.new_events],
            [*played_texts, *input_document.played(outcome.new_events)],
        )
        with self._lock:
            self._drop(instance.instance_id)
            self._by_id[instance.instance_id] = history
            self._event_count += len(history.events)
            while self._event_count > self._most_events:
                self._drop(next(iter(self._by_id)))

    def forget(self, instance_id: str) -> None:
        """Forget an instance."""
        with self._lock:
            self._drop(instance_id)

    def _drop(self, instance_id: str) -> None:
        dropped = self._by_id.pop(instance_id, None)
        if dropped is not None:
            self._event_count -= len(dropped.events)
