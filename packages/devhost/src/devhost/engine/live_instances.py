"""Instances in flight with their histories and inboxes, kept so that an episode need not read what is known.

The database stays the truth: what is kept counts only for the very version of the instance's row that it was kept
for, and a commit is refused when that version is no longer current. Forgetting one costs time and nothing else.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from devhost.engine import input_document
from devhost.engine.episode_store import EpisodeOutcome, Instance, Message
from devhost.engine.events import FINISHED
from devhost.engine.transactions import Delivery

# Of all instances together; what is kept takes three to four times its texts.
_MOST_CHARACTERS = 16_000_000
# What an instance counts besides its texts.
_CHARACTERS_EACH = 500


@dataclass
class _Live:
    """What is known of an instance.

    Attributes:
        instance: as its last commit has left it; its lists are never changed, an episode may be using them.
        messages: what is in its inbox.
        played_texts: its history as it stands in the SDK's input document.
        last_sequence: no message up to this one is missing.
        characters: its share of what is kept.
    """

    instance: Instance
    messages: list[Message]
    played_texts: list[str]
    last_sequence: int
    characters: int = 0


class LiveInstances:
    """The instances that were used last, as many as there is room for. For one thread.

    Args:
        most_characters: how much to keep; a single longer history is not kept.
    """

    def __init__(self, most_characters: int = _MOST_CHARACTERS) -> None:
        self._most_characters = most_characters
        self._characters = 0
        self._by_id: OrderedDict[str, _Live] = OrderedDict()

    def find(self, instance_id: str) -> Instance | None:
        """Return an instance with the messages that have come so far, if it is known."""
        known = self._by_id.get(instance_id)
        if known is None:
            return None
        if len(known.messages) != len(known.instance.messages):
            known.instance = replace(known.instance, messages=list(known.messages))
        return known.instance

    def add(self, instance: Instance, last_sequence: int) -> None:
        """Remember an instance as it was read, when the inbox table had come to that sequence."""
        self._drop(instance.instance_id)
        self._put(_Live(instance, list(instance.messages), input_document.played(instance.history), last_sequence))

    def played_texts(self, instance: Instance) -> list[str]:
        """Return the instance's history as it stands in the SDK's input document."""
        known = self._by_id.get(instance.instance_id)
        if known is not None and known.instance.history is instance.history:
            return known.played_texts
        return input_document.played(instance.history)

    def deliver(self, deliveries: Iterable[Delivery]) -> None:
        """Add messages that are durable now to the instances that are known."""
        for delivery in deliveries:
            known = self._by_id.get(delivery.instance_id)
            if known is None or delivery.sequence <= known.last_sequence:
                continue
            if delivery.execution_id not in (None, known.instance.execution_id):
                # Another execution has taken its place.
                self._drop(delivery.instance_id)
                continue
            known.messages.append(Message(delivery.sequence, delivery.event))
            known.last_sequence = delivery.sequence

    def keep(self, outcome: EpisodeOutcome) -> None:
        """Take over what an episode has committed, or forget the instance when no further episode needs it."""
        began_as, known = outcome.instance, self._by_id.get(outcome.instance.instance_id)
        if known is None:
            return
        self._drop(began_as.instance_id)
        is_current = known.instance.history is began_as.history
        if outcome.status in FINISHED or outcome.next_generation is not None or not is_current:
            return
        known.played_texts += input_document.played(outcome.new_events)
        consumed = set(outcome.consumed)
        known.messages = [message for message in known.messages if message.sequence not in consumed]
        known.instance = _after(outcome, known.messages, consumed)
        self._put(known)

    def forget(self, instance_id: str) -> None:
        """Forget an instance."""
        self._drop(instance_id)

    def _put(self, live: _Live) -> None:
        self._by_id[live.instance.instance_id] = live
        live.characters = _CHARACTERS_EACH + sum(map(len, live.played_texts))
        self._characters += live.characters
        while self._characters > self._most_characters:
            self._drop(next(iter(self._by_id)))

    def _drop(self, instance_id: str) -> None:
        dropped = self._by_id.pop(instance_id, None)
        if dropped is not None:
            self._characters -= dropped.characters


def _after(outcome: EpisodeOutcome, messages: list[Message], consumed: set[int]) -> Instance:
    """The instance as the outcome's commit has left it."""
    return replace(
        outcome.instance,
        status=outcome.status,
        output=outcome.output,
        custom_status=outcome.custom_status,
        row_version=outcome.instance.row_version + 1,
        history=[*outcome.instance.history, *outcome.new_events],
        messages=list(messages),
        stale=[sequence for sequence in outcome.instance.stale if sequence not in consumed],
    )
