import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from devhost.durable_engine.database import Database
from devhost.durable_engine.errors import DatabaseClosed, DatabaseInUse, DatabaseTooNew

INSERT = "INSERT INTO entities VALUES (?, 'counter', 'k', NULL, '')"


def count(database: Database) -> int:
    """Number of entities."""
    with database.reading() as snapshot:
        return int(snapshot.execute("SELECT count(*) FROM entities").fetchone()[0])


def test_a_second_host_on_the_same_database_is_refused(tmp_path: Path) -> None:
    first = Database(tmp_path / "hub.db")
    with pytest.raises(DatabaseInUse, match="Stop that host, or give this one its own STATE_DIR"):
        Database(tmp_path / "hub.db")
    first.close()
    Database(tmp_path / "hub.db").close()


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    Database(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    for _ in range(2):
        with pytest.raises(DatabaseTooNew, match="schema version 99"):
            Database(path)


def test_a_failing_write_leaves_nothing_and_spares_the_others(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.db")

    def insert_and_fail(tx: sqlite3.Connection) -> None:
        tx.execute(INSERT, ("@counter@bad",))
        raise LookupError("no")

    with pytest.raises(LookupError):
        database.write(insert_and_fail)
    database.write(lambda tx: tx.execute(INSERT, ("@counter@good",)))
    assert count(database) == 1
    database.close()


def test_writes_of_many_threads_all_get_committed_in_fewer_commits(tmp_path: Path) -> None:
    commits: list[bool] = []
    database = Database(tmp_path / "hub.db", commits.append)
    threads = [
        threading.Thread(target=database.write, args=(lambda tx, n=n: tx.execute(INSERT, (f"@counter@{n}",)),))
        for n in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 40
    assert len(commits) <= 80
    database.close()


def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.db")
    database.close()
    database.close()
    with pytest.raises(DatabaseClosed, match="start the host again"):
        database.write(lambda tx: None)
    with pytest.raises(DatabaseClosed), database.reading():
        pass


def test_a_reader_sees_one_state_while_others_write(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.db")
    with database.reading() as snapshot:
        before = snapshot.execute("SELECT count(*) FROM entities").fetchone()[0]
        database.write(lambda tx: tx.execute(INSERT, ("@counter@k",)))
        assert snapshot.execute("SELECT count(*) FROM entities").fetchone()[0] == before
    assert count(database) == 1
    database.close()


def test_a_failing_write_in_a_group_spares_the_others_of_the_group(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.db")
    is_first_written, may_commit = threading.Event(), threading.Event()

    def hold(tx: sqlite3.Connection) -> None:
        is_first_written.set()
        may_commit.wait(timeout=20)

    def insert_and_fail(tx: sqlite3.Connection) -> None:
        tx.execute(INSERT, ("@counter@bad",))
        raise LookupError("no")

    failures: list[str] = []

    def fail() -> None:
        try:
            database.write(insert_and_fail)
        except LookupError as error:
            failures.append(str(error))

    holder = threading.Thread(target=database.write, args=(hold,))
    holder.start()
    is_first_written.wait(timeout=20)
    # While the first transaction is open, the others queue up and become one group.
    others = [
        threading.Thread(target=database.write, args=(lambda tx, n=n: tx.execute(INSERT, (f"@counter@{n}",)),))
        for n in range(5)
    ]
    for thread in (*others, failing := threading.Thread(target=fail)):
        thread.start()
    wait_until(lambda: len(database._queue) == 6, "six writes wait")
    may_commit.set()
    for thread in (holder, *others, failing):
        thread.join(timeout=20)
    assert (failures, count(database)) == (["no"], 5)
    database.close()


def wait_until(condition: Callable[[], bool], description: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {description}"
        threading.Event().wait(0.001)
