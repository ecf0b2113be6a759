"""Instances in flight with their histories, kept so that an episode need not read what the one before it wrote.

The database stays the truth: what is kept counts only for the very version of the instance's row that it was kept
for, and a commit is refused when that version is no longer current. Forgetting one costs time and nothing else.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from devhost.durable_engine import input_document
from devhost.durable_engine.episode_store import Instance, Outcome
from devhost.durable_engine.events import FINISHED

# Of all instances together; an event takes about a kilobyte here, twice its text and more.
_MOST_EVENTS = 20_000


@dataclass(frozen=True)
class LiveHistory:
    """An instance as an episode has left it.

    Attributes:
        instance: without messages.
        played_texts: its history as it stands in the SDK's input document.
    """

    instance: Instance
    played_texts: Sequence[str]


class LiveHistories:
    """The instances that were used last, as many as there is room for. Thread-safe.

    Args:
        most_events: how many events to keep; a single longer history is not kept.
    """

    def __init__(self, most_events: int = _MOST_EVENTS) -> None:
        self._most_events = most_events
        self._event_count = 0
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, LiveHistory] = OrderedDict()

    def find(self, instance_id: str) -> LiveHistory | None:
        """Return what is known; the caller compares it with the instance's row."""
        with self._lock:
            return self._by_id.get(instance_id)

    def played_texts(self, instance: Instance) -> Sequence[str]:
        """Return the instance's history as it stands in the SDK's input document."""
        known = self.find(instance.instance_id)
        if known is not None and known.instance.history is instance.history:
            return known.played_texts
        return input_document.played(instance.history)

    def keep(self, outcome: Outcome, played_texts: Sequence[str]) -> None:
        """Remember what an episode has committed, or forget the instance when no further episode needs it."""
        instance_id = outcome.instance.instance_id
        if outcome.status in FINISHED or outcome.next_generation is not None:
            self.forget(instance_id)
            return
        texts = [*played_texts, *input_document.played(outcome.new_events)]
        with self._lock:
            self._drop(instance_id)
            self._by_id[instance_id] = LiveHistory(_after(outcome), texts)
            self._event_count += len(texts)
            while self._event_count > self._most_events:
                self._drop(next(iter(self._by_id)))

    def forget(self, instance_id: str) -> None:
        """Forget an instance."""
        with self._lock:
            self._drop(instance_id)

    def _drop(self, instance_id: str) -> None:
        dropped = self._by_id.pop(instance_id, None)
        if dropped is not None:
            self._event_count -= len(dropped.played_texts)


def _after(outcome: Outcome) -> Instance:
    """The instance as the outcome's commit has left it."""
    return replace(
        outcome.instance,
        status=outcome.status,
        output=outcome.output,
        custom_status=outcome.custom_status,
        row_version=outcome.instance.row_version + 1,
        history=[*outcome.instance.history, *outcome.new_events],
        messages=[],
        stale=[],
    )
