"""A queue as its trigger sees it: take messages, hold them during processing, finish or give up each."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from azure.core.exceptions import ResourceNotFoundError
from azure.functions.queue import QueueMessage
from azure.storage.queue import QueueClient
from azure.storage.queue import QueueMessage as StoredMessage

from devhost.functions.storage.accounts import StorageAccounts
from devhost.functions.storage.binding_io import send
from devhost.functions.storage.queue_text import decode_message

# How long a message stays hidden; renewed during processing. After a crash it reappears after this time at most.
HOLD = timedelta(seconds=60)
# Names have at most 63 characters.
_POISON_SUFFIX = "-poison"


# Compared by identity: a message that is taken again is another object.
@dataclass(eq=False)
class TakenMessage:
    """A message that is hidden from others while the host works on it; ``receipt`` changes with every renewal.

    One thread works on it while another renews it, hence the lock.
    """

    stored: StoredMessage
    held_since: datetime
    receipt: str = field(init=False)
    is_settled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.receipt = str(self.stored.pop_receipt)

    @property
    def dequeue_count(self) -> int:
        """How often it was taken, this time included."""
        return int(self.stored.dequeue_count or 1)

    def as_argument(self, encoding: str) -> QueueMessage:
        """What a function receives. Raises UndecodableMessage."""
        return QueueMessage(  # type: ignore[no-untyped-call]
            id=self.stored.id,
            body=decode_message(str(self.stored.content), encoding),
            dequeue_count=self.dequeue_count,
            expiration_time=self.stored.expires_on,
            insertion_time=self.stored.inserted_on,
            time_next_visible=self.stored.next_visible_on,
            pop_receipt=self.receipt,
        )


class TriggerQueue:
    """One queue and its poison queue. Every method raises AzureError if the storage does not answer or refuses.

    Args:
        accounts: Clients.
        connection: Connection string.
        name: Name of the queue, which need not exist yet.
        hold: How long a message stays hidden unless renewed; whole seconds, at least one.
    """

    def __init__(self, accounts: StorageAccounts, connection: str, name: str, hold: timedelta = HOLD) -> None:
        self.name, self.poison_name = name, f"{name}{_POISON_SUFFIX}"
        self.hold = hold
        self._accounts, self._connection = accounts, connection
        self._client: QueueClient = accounts.queue(connection, name)

    def take(self, count: int, now: datetime) -> list[TakenMessage]:
        """Take up to `count` messages, 32 at most; none if the queue does not exist."""
        try:
            received = self._client.receive_messages(
                messages_per_page=count, max_messages=count, visibility_timeout=int(self.hold.total_seconds())
            )
            return [TakenMessage(message, now) for message in received]
        except ResourceNotFoundError:
            return []

    def hold_on(self, message: TakenMessage, now: datetime) -> None:
        """Keep a message hidden for another hold."""
        with message.lock:
            if not message.is_settled:
                self._hide(message, self.hold)
                message.held_since = now

    def give_back(self, message: TakenMessage, pause: timedelta) -> None:
        """Let a message be taken again, after a pause."""
        with message.lock:
            message.is_settled = True
            self._hide(message, pause)

    def finish(self, message: TakenMessage) -> None:
        """Remove a message for good."""
        with message.lock:
            message.is_settled = True
            self._client.delete_message(message.stored.id, message.receipt)

    def move_to_poison(self, message: TakenMessage) -> None:
        """Put a message into the poison queue, then remove it; a crash in between leaves it in both."""
        send(self._accounts.queue(self._connection, self.poison_name), [str(message.stored.content)])
        self._accounts.notify(self._connection, self.poison_name)
        self.finish(message)

    def _hide(self, message: TakenMessage, duration: timedelta) -> None:
        # Without a content argument the text of the message stays unchanged.
        updated = self._client.update_message(
            message.stored.id, message.receipt, visibility_timeout=int(duration.total_seconds())
        )
        message.receipt = str(updated.pop_receipt)
