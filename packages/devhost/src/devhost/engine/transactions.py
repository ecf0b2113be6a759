"""Changes to the database, and how many of them share a transaction without touching each other."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from devhost.engine.events import Event


@dataclass(slots=True)
class Delivery:
    """A message that is durable now.

    Attributes:
        instance_id: whose inbox it is in.
        execution_id: the only execution it is for; None for whichever is current.
        sequence: its row; later messages have higher ones.
        event: the event it will be in history.
    """

    instance_id: str
    execution_id: str | None
    sequence: int
    event: Event


class Transaction(sqlite3.Connection):
    """The connection that writes.

    Attributes:
        deliveries: the messages that the transaction has put into inboxes.
    """

    deliveries: list[Delivery]


Write = Callable[[Transaction], Any]


@dataclass(slots=True, eq=False)
class Written:
    """A change and what became of it: its result once it is durable, or why nothing of it is kept."""

    change: Write
    is_done: bool = False
    value: Any = None
    error: BaseException | None = None

    def succeed(self, value: Any) -> None:
        """Take note that the change is durable."""
        self.value, self.is_done = value, True

    def fail(self, error: BaseException) -> None:
        """Take note that nothing of the change is kept."""
        self.error, self.is_done = error, True


def attempt_all(connection: Transaction, group: Sequence[Written]) -> list[Callable[[], None]]:
    """Run the changes of a group without savepoints; only if one fails, undo all and run each under its own.

    Every statement lets other threads in, so the savepoints of changes that succeed, as nearly all do, are dear.

    Returns:
        What is to be called once the group is durable.
    """
    connection.deliveries = []
    try:
        return [partial(written.succeed, written.change(connection)) for written in group]
    except Exception:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        connection.deliveries = []
        return [_attempt(connection, written) for written in group]


def _attempt(connection: Transaction, written: Written) -> Callable[[], None]:
    """Run one change of a group so that its failure spares the others."""
    connection.execute("SAVEPOINT one_write")
    delivered = len(connection.deliveries)
    try:
        result = written.change(connection)
    except Exception as error:
        if not connection.in_transaction:
            raise  # The disk failed: SQLite has undone the whole group by itself.
        connection.execute("ROLLBACK TO one_write")
        connection.execute("RELEASE one_write")
        del connection.deliveries[delivered:]
        return partial(written.fail, error)
    connection.execute("RELEASE one_write")
    return partial(written.succeed, result)


def fail_all(group: Sequence[Written], error: BaseException) -> None:
    """Tell all of a group why nothing of it is kept."""
    for written in group:
        written.fail(error)
