import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from devhost.engine import database as database_module
from devhost.engine.clock import VirtualClock
from devhost.engine.database import Database
from devhost.engine.engine import DurableEngine
from devhost.engine.errors import DatabaseClosed, DatabaseInUse, DatabaseTooNew, DatabaseUnusable
from devhost.engine.options import EngineOptions
from tests.unit.engine.fake_functions import FakeFunctions

INSERT = "INSERT INTO entities VALUES (?, 'counter', 'k', NULL, '', 1, '')"


def count(database: Database) -> int:
    """Number of entities."""
    with database.reading() as snapshot:
        return int(snapshot.execute("SELECT count(*) FROM entities").fetchone()[0])


def test_a_second_host_on_the_same_database_is_refused(tmp_path: Path) -> None:
    first = Database(tmp_path / "hub.db")
    with pytest.raises(
        DatabaseInUse, match="Stop that host, or give this one a folder of its own with --state-dir"
    ):
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


def limit_pages(database: Database, pages: int) -> None:
    """Limit the file's size, as a full disk does; 0 lifts the limit."""
    database._writer.execute(f"PRAGMA max_page_count = {pages or 10**6}")


def test_a_full_disk_is_explained_and_harms_nothing_that_was_written(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.db")
    limit_pages(database, 1)
    with pytest.raises(DatabaseUnusable, match=r"hub\.db cannot be used: .*full\. Free some space"):
        database.write(lambda tx: tx.executemany(INSERT, [(f"@counter@{n}",) for n in range(1000)]))
    assert count(database) == 0
    limit_pages(database, 0)
    database.write(lambda tx: tx.execute(INSERT, ("@counter@k",)))
    assert count(database) == 1
    database.close()


def test_a_transaction_that_a_broken_disk_left_open_does_not_stop_later_writes(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.db")
    database._writer.execute("BEGIN IMMEDIATE")
    database.write(lambda tx: tx.execute(INSERT, ("@counter@k",)))
    assert count(database) == 1
    database.close()


def test_a_file_that_another_tool_locks_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT_SECONDS", 0.01)
    database = Database(tmp_path / "hub.db")
    with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as tool:
        tool.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnusable, match=r"locked\. End what else writes to the file"):
            database.write(lambda tx: None)
    database.write(lambda tx: None)
    database.close()


def test_a_file_that_is_no_database_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_text("no database, but text that is long enough to be looked at" * 20)
    with pytest.raises(DatabaseUnusable, match="Move the file and its -wal away to start afresh"):
        Database(tmp_path / "hub.db")


def test_a_damaged_lock_is_not_taken_for_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / "hub.db.lease").write_text("no lock, but text that is long enough to be looked at" * 20)
    with pytest.raises(DatabaseUnusable, match=r"hub\.db\.lease cannot be used: file is not a database"):
        Database(tmp_path / "hub.db")


def test_a_folder_that_cannot_be_written_is_not_taken_for_a_second_host(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "hub.db.lease").mkdir(parents=True)
    for folder in ("file", "folder"):
        with pytest.raises(
            DatabaseUnusable, match="Give the host a folder that it can write to, with --state-dir"
        ):
            Database(tmp_path / folder / "hub.db")


def test_work_goes_on_by_itself_once_the_disk_has_room_again_and_the_log_stays_short(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    full = threading.Event()

    def on_commit(is_done: bool) -> None:
        if full.is_set() and not is_done:
            full.clear()
            raise sqlite3.OperationalError("database or disk is full")

    def orchestrate(_name: str, _context: str) -> str:
        if not caplog.records:
            full.set()
        return '{"actions": [[]], "isDone": true, "output": "done"}'

    functions = FakeFunctions(orchestrate)
    engine = DurableEngine(functions, EngineOptions(), tmp_path / "hub.db", VirtualClock(), on_commit)
    engine.start()
    engine.client.start("orchestrate", "one")
    engine.wait_quiescent(10)
    status = engine.client.status("one")
    engine.stop()
    assert status is not None
    assert status["output"] == "done"
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "it will be tried again. The database" in record.getMessage()
    assert record.exc_info is None


def test_a_failing_write_in_a_group_spares_the_others_of_the_group(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.db")
    is_first_written, may_commit = threading.Event(), threading.Event()

    def hold(tx: sqlite3.Connection) -> None:
        is_first_written.set()
        may_commit.wait(timeout=60)

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
    is_first_written.wait(timeout=60)
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
        thread.join(timeout=60)
    assert (failures, count(database)) == (["no"], 5)
    database.close()


def wait_until(condition: Callable[[], bool], description: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {description}"
        threading.Event().wait(0.001)
