"""One SQLite file: who may open it, how it is written, how it is read.

Writes of many threads share commits: whoever comes first becomes the leader, takes the writes that queued up
meanwhile into one transaction and syncs once for all. Every caller returns only after the sync.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from devhost.engine.errors import DatabaseClosed, DatabaseInUse, DatabaseTooNew, DatabaseUnusable
from devhost.engine.migrations import MIGRATIONS
from devhost.engine.transactions import Delivery, Transaction, Write, Written, attempt_all, fail_all
from devhost.protection.private_files import private_database, private_file

T = TypeVar("T")

_BUSY_TIMEOUT_SECONDS = 30.0
_LARGEST_GROUP = 64


class Database:
    """The engine's database file, owned by this object alone until ``close``.

    Args:
        path: the file; its folder is made if need be.
        on_commit: called before each commit and after it, with ``False`` and ``True``; what it raises, the
            writers of that commit get. It lets tests end a process at the worst moments.

    Raises:
        DatabaseInUse: another running host has it open.
        DatabaseTooNew: a later version wrote it.
        DatabaseUnusable: it cannot be opened or written.
    """

    def __init__(self, path: Path, on_commit: Callable[[bool], None] | None = None) -> None:
        self._path = path
        self._on_commit = on_commit or (lambda _done: None)
        self._queue: list[Written] = []
        self._deliveries: list[Delivery] = []
        self._queue_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._readers: list[sqlite3.Connection] = []
        self._is_closed = False
        with _explained(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lease = take_lease(path)
            try:
                self._writer = _connect(private_database(path))
                _migrate(self._writer, path)
                _try_to_write(self._writer)
            except BaseException:
                self._lease.close()
                raise

    def write(self, change: Callable[[Transaction], T]) -> T:
        """Run `change` in a transaction and return its result once it is durable.

        Args:
            change: reads and writes through the connection it is given; it does not commit, it may run on
                another thread, and it may be undone and run again, so it changes nothing but the database.

        Raises:
            DatabaseClosed: the engine was stopped.
            DatabaseUnusable: nothing can be written now; it may be tried again.
            Exception: what `change` raised; nothing of it is kept.
        """
        (written,) = self.write_all([change])
        if written.error is not None:
            raise written.error
        result: T = written.value
        return result

    def write_all(self, changes: Sequence[Write]) -> list[Written]:
        """Run changes as ``write`` does, in as few commits as may be, each of them on its own account.

        Args:
            changes: as for ``write``.

        Returns:
            What became of each; one that failed does not touch the others.
        """
        entries = [Written(change) for change in changes]
        if not entries:
            return entries
        with self._queue_lock:
            self._queue += entries
        # Whoever holds the lock commits the others' changes too; they find theirs done when they get it.
        with self._write_lock:
            while not entries[-1].is_done:
                self._commit_group()
        for written in entries:
            if written.error is not None:
                written.error = _explanation(self._path, written.error)
        return entries

    def take_deliveries(self) -> list[Delivery]:
        """Return the messages of all commits since the last call, in their order."""
        with self._queue_lock:
            taken, self._deliveries = self._deliveries, []
        return taken

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that sees one unchanging state of the database.

        Raises:
            DatabaseClosed: the engine was stopped.
            DatabaseUnusable: nothing can be read now; it may be tried again.
        """
        with _explained(self._path):
            connection = self._take_reader()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                connection.rollback()
                self._give_back(connection)

    def close(self) -> None:
        """Give the file up. Writes that are not committed by now are lost, as if the process had ended."""
        with self._write_lock, self._queue_lock:
            if self._is_closed:
                return
            self._is_closed = True
            for connection in (*self._readers, self._writer, self._lease):
                connection.close()
            self._readers.clear()

    def _commit_group(self) -> None:
        with self._queue_lock:
            group, self._queue = self._queue[:_LARGEST_GROUP], self._queue[_LARGEST_GROUP:]
            is_closed = self._is_closed
        if is_closed:
            fail_all(group, DatabaseClosed("The durable engine has been stopped; start the host again to go on."))
            return
        try:
            self._roll_back()
            self._writer.execute("BEGIN IMMEDIATE")
            settlements = attempt_all(self._writer, group)
            self._on_commit(False)
            self._writer.execute("COMMIT")
            with self._queue_lock:
                self._deliveries += self._writer.deliveries
            self._on_commit(True)
        except BaseException as error:
            # First of all the writers must hear of it, or they would wait for ever.
            fail_all(group, error)
            with suppress(sqlite3.Error):
                self._roll_back()
            return
        for settle in settlements:
            settle()

    def _roll_back(self) -> None:
        # What a failed disk has left open; SQLite closes some transactions by itself.
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _take_reader(self) -> sqlite3.Connection:
        with self._queue_lock:
            if self._is_closed:
                raise DatabaseClosed("The durable engine has been stopped; start the host again to go on.")
            if self._readers:
                return self._readers.pop()
        return _connect(self._path)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._queue_lock:
            if not self._is_closed:
                self._readers.append(connection)
                return
        connection.close()


def _explanation(path: Path, error: BaseException) -> BaseException:
    """Return the error that names the file and the remedy, if the disk or SQLite raised it; else the error."""
    try:
        with _explained(path):
            raise error
    except BaseException as explained:
        return explained


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the disk and SQLite say into an error that names the file and the remedy."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise DatabaseUnusable(str(path), error) from error
    except sqlite3.DatabaseError as error:
        # A bug of ours, such as a constraint, must not look like one of the disk's.
        if type(error) is not sqlite3.DatabaseError:
            raise
        raise DatabaseUnusable(str(path), error) from error


def _connect(path: Path) -> Transaction:
    # Autocommit: transactions are begun and ended by name, never behind our back.
    connection = sqlite3.connect(
        path, _BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False, factory=Transaction
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit is on the disk when it returns, even if the machine loses power.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def take_lease(path: Path) -> sqlite3.Connection:
    """Lock a file beside the database; the system drops the lock with the process. Raises DatabaseInUse."""
    file = private_file(path.with_name(path.name + ".lease"))
    lease = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lease.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lease.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise DatabaseInUse(str(path)) from error
        raise
    except sqlite3.DatabaseError as error:
        lease.close()
        # Not to be taken for the database itself; this one holds nothing.
        raise DatabaseUnusable(str(file), error) from error
    return lease


def _try_to_write(connection: sqlite3.Connection) -> None:
    """Find out now, and not with the first request, whether the file can be written."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Anything; to begin is not enough, which a read-only file allows.
        connection.execute("PRAGMA user_version = 0")
    finally:
        connection.execute("ROLLBACK")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    with closing(connection.execute("PRAGMA user_version")) as cursor:
        found = int(cursor.fetchone()[0])
    if found > len(MIGRATIONS):
        connection.close()
        raise DatabaseTooNew(str(path), found, len(MIGRATIONS))
    for number, script in enumerate(MIGRATIONS[found:], start=found + 1):
        connection.executescript(f"BEGIN IMMEDIATE;{script};PRAGMA user_version = {number};COMMIT;")
