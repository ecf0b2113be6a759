"""Which of the waiting messages an episode takes, and what they mean for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from devhost.engine.episode_store import Message
from devhost.engine.events import EventType


class EpisodeKind(Enum):
    """What an episode does."""

    NOTHING = auto()
    RUN = auto()
    SUSPEND = auto()
    TERMINATE = auto()


@dataclass(frozen=True)
class Batch:
    """The messages of one episode.

    Attributes:
        kind: what they mean.
        messages: in the order in which they go into history.
        void: messages that have lost their meaning, and are to be dropped.
    """

    kind: EpisodeKind
    messages: Sequence[Message] = ()
    void: Sequence[Message] = ()


def choose(status: str, waiting: Sequence[Message]) -> Batch:
    """Choose the messages of the next episode.

    Termination comes before anything else. What comes to a suspended instance goes into its history at once,
    but its tasks settle when it is resumed.
    """
    terminated = _position(waiting, EventType.EXECUTION_TERMINATED)
    if terminated is not None:
        return Batch(EpisodeKind.TERMINATE, waiting[: terminated + 1])
    if status == "Suspended":
        return _after_suspension(waiting)
    suspended = _position(waiting, EventType.EXECUTION_SUSPENDED)
    if suspended == 0:
        return Batch(EpisodeKind.SUSPEND, waiting[:1])
    taken = waiting[:suspended]
    return Batch(EpisodeKind.RUN, taken) if taken else Batch(EpisodeKind.NOTHING)


def _after_suspension(waiting: Sequence[Message]) -> Batch:
    resumed = _position(waiting, EventType.EXECUTION_RESUMED)
    taken = waiting[: len(waiting) if resumed is None else resumed + 1]
    # Two clients may have suspended it at once; the resumption is for both.
    void = [message for message in taken if _suspends(message)]
    kept = [message for message in taken if not _suspends(message)]
    if resumed is not None:
        return Batch(EpisodeKind.RUN, kept, void)
    return Batch(EpisodeKind.SUSPEND if taken else EpisodeKind.NOTHING, kept, void)


def _suspends(message: Message) -> bool:
    return bool(message.event["EventType"] == EventType.EXECUTION_SUSPENDED)


def _position(messages: Sequence[Message], kind: EventType) -> int | None:
    return next((index for index, message in enumerate(messages) if message.event["EventType"] == kind), None)
