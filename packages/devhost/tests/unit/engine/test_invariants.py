"""The schema keeps the engine's invariants: the database refuses every write that breaks one."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from devhost.engine.migrations import MIGRATIONS
from devhost.testing import OrchestrationTestHost

NOW = "2024-01-01T00:00:00.000000Z"
ACTIVITIES = "activities (instance_id, execution_id, task_id, name)"
FINISHED = ("Completed", "Failed", "Terminated", "Canceled")


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """An empty database with the newest schema; with a live instance ``one`` in its execution ``e1``."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for script in MIGRATIONS:
            connection.executescript(script)
        insert_instance(connection, "one")
        yield connection


def insert_instance(database: sqlite3.Connection, instance_id: str, **columns: Any) -> None:
    values = {
        "instance_id": instance_id,
        "execution_id": "e1",
        "name": "o",
        "status": "Running",
        "created_at": NOW,
        "updated_at": NOW,
        **columns,
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    database.execute(f"INSERT INTO instances ({names}) VALUES ({marks})", list(values.values()))


def insert_event(database: sqlite3.Connection, position: int, **event: Any) -> None:
    event = {"EventType": 4, "Timestamp": NOW, **event}
    database.execute("INSERT INTO history VALUES ('one', ?, ?)", (position, json.dumps(event)))


def insert_message(database: sqlite3.Connection, instance_id: str, execution_id: str | None = "e1") -> None:
    database.execute(
        "INSERT INTO inbox (instance_id, execution_id, event) VALUES (?, ?, '{}')", (instance_id, execution_id)
    )


def set_status(database: sqlite3.Connection, status: str) -> None:
    database.execute("UPDATE instances SET status = ? WHERE instance_id = 'one'", (status,))


def count(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_an_unknown_status_is_refused(database: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="known status"):
        insert_instance(database, "two", status="Sleeping")
    with pytest.raises(sqlite3.IntegrityError):
        set_status(database, "Sleeping")


@pytest.mark.parametrize("ended", FINISHED)
def test_an_instance_that_has_ended_stays_so_unless_it_is_rewound(
    database: sqlite3.Connection, ended: str
) -> None:
    set_status(database, ended)
    for other in {*FINISHED, "Pending", "Suspended", "Running"} - {ended}:
        if (ended, other) == ("Failed", "Pending"):
            continue
        with pytest.raises(sqlite3.IntegrityError, match="has ended stays so"):
            set_status(database, other)
    set_status(database, ended)


def test_a_failed_instance_may_be_rewound(database: sqlite3.Connection) -> None:
    set_status(database, "Failed")
    set_status(database, "Pending")


def test_versions_of_rows_never_go_back(database: sqlite3.Connection) -> None:
    database.execute("UPDATE instances SET row_version = 5")
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        database.execute("UPDATE instances SET row_version = 4")


@pytest.mark.parametrize("column", ["parent_instance_id", "parent_execution_id", "parent_task_id"])
def test_a_parent_is_known_wholly_or_not_at_all(database: sqlite3.Connection, column: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="all or nothing of a parent"):
        insert_instance(database, "child", **{column: 1})


@pytest.mark.parametrize("time", ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000000+00:00", "soon"])
def test_times_that_would_not_sort_are_refused(database: sqlite3.Connection, time: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="exact time"):
        insert_instance(database, "two", created_at=time)
    with pytest.raises(sqlite3.IntegrityError, match="exact time"):
        database.execute("INSERT INTO timers VALUES ('one', 'e1', 0, ?, '', '')", (time,))


def test_an_instance_id_exists_once(database: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        insert_instance(database, "one")


def test_history_has_no_gaps_and_no_position_twice(database: sqlite3.Connection) -> None:
    insert_event(database, 0)
    with pytest.raises(sqlite3.IntegrityError, match="only appended to"):
        insert_event(database, 2)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        insert_event(database, 0)
    insert_event(database, 1)


def test_a_number_is_in_history_once(database: sqlite3.Connection) -> None:
    insert_event(database, 0, EventId=0)
    insert_event(database, 1, EventType=5)
    insert_event(database, 2, EventType=5)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        insert_event(database, 3, EventType=10, EventId=0)


def test_history_is_rewritten_by_a_rewind_only(database: sqlite3.Connection) -> None:
    insert_event(database, 0, EventType=6)
    generic = json.dumps({"EventType": 17, "Timestamp": NOW})
    rewrite = "UPDATE history SET event = ?"
    with pytest.raises(sqlite3.IntegrityError, match="rewind"):
        database.execute(rewrite, (generic,))
    set_status(database, "Failed")
    with pytest.raises(sqlite3.IntegrityError, match="rewind"):
        database.execute(rewrite, (json.dumps({"EventType": 5, "Timestamp": NOW}),))
    with pytest.raises(sqlite3.IntegrityError, match="rewind"):
        database.execute("UPDATE history SET position = 7")
    database.execute(rewrite, (generic,))


@pytest.mark.parametrize("ended", FINISHED)
def test_an_instance_that_has_ended_takes_no_message(database: sqlite3.Connection, ended: str) -> None:
    insert_message(database, "one")
    set_status(database, ended)
    with pytest.raises(sqlite3.IntegrityError, match="instances that live"):
        insert_message(database, "one")


def test_a_message_reaches_the_current_execution_of_an_instance_that_exists(database: sqlite3.Connection) -> None:
    insert_message(database, "one", None)
    for instance_id, execution_id in (("one", "e0"), ("nobody", None)):
        with pytest.raises(sqlite3.IntegrityError, match="current execution"):
            insert_message(database, instance_id, execution_id)


def test_messages_are_numbered_for_ever_upward_and_stay_as_they_came(database: sqlite3.Connection) -> None:
    insert_message(database, "one")
    database.execute("DELETE FROM inbox")
    insert_message(database, "one")
    assert database.execute("SELECT sequence FROM inbox").fetchall() == [(2,)]
    for change in ("sequence = 1", "lane = 0", "event = '[]'", "execution_id = NULL"):
        with pytest.raises(sqlite3.IntegrityError, match="keeps its place"):
            database.execute(f"UPDATE inbox SET {change}")


@pytest.mark.parametrize(
    "insert",
    [
        f"INSERT INTO {ACTIVITIES} VALUES ('one', ?, 0, 'a')",
        f"INSERT INTO timers VALUES ('one', ?, 0, '{NOW}', '', '')",
    ],
    ids=["activity", "timer"],
)
def test_work_belongs_to_the_current_execution_and_exists_once(database: sqlite3.Connection, insert: str) -> None:
    database.execute(insert, ("e1",))
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        database.execute(insert, ("e1",))
    with pytest.raises(sqlite3.IntegrityError, match="belongs to the current execution"):
        database.execute(insert, ("e0",))


def test_what_belongs_to_an_instance_goes_with_it(database: sqlite3.Connection) -> None:
    insert_event(database, 0)
    insert_message(database, "one")
    for table in ("timers (instance_id, execution_id, timer_id, fire_at)", ACTIVITIES):
        database.execute(f"INSERT INTO {table} VALUES ('one', 'e1', 0, '{NOW}')")
    database.execute("DELETE FROM instances")
    assert [count(database, table) for table in ("history", "inbox", "timers", "activities")] == [0, 0, 0, 0]


def test_the_next_generation_begins_a_history_of_its_own(database: sqlite3.Connection) -> None:
    insert_event(database, 0, EventId=0)
    insert_event(database, 1, EventId=1)
    database.execute("UPDATE instances SET execution_id = 'e2', row_version = row_version + 1")
    database.execute("DELETE FROM history")
    insert_event(database, 0, EventId=0)


def test_a_database_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "engine.db")) as old:
        old.executescript(f"{MIGRATIONS[0]};PRAGMA user_version = 1;")
        insert_instance(old, "one")
        insert_event(old, 0, EventId=0)
        old.commit()
    with OrchestrationTestHost([df.Blueprint()], tmp_path) as host:
        assert host.status("one") is not None
    with closing(sqlite3.connect(tmp_path / "engine.db")) as new:
        assert new.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        with pytest.raises(sqlite3.IntegrityError):
            insert_event(new, 2)


def test_a_call_of_an_entity_has_a_caller_and_is_queued_once(database: sqlite3.Connection) -> None:
    insert = "INSERT INTO entity_inbox (entity_id, operation, request_id, parent_instance_id, parent_execution_id)"
    insert += " VALUES ('@c@k', 'add', ?, ?, ?)"
    for stored in ((None, None, None), (None, None, None), ("id", "one", "e1")):
        database.execute(insert, stored)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        database.execute(insert, ("id", "one", "e1"))
    for refused in (("other", None, None), (None, "one", "e1"), ("other", "one", None)):
        with pytest.raises(sqlite3.IntegrityError, match="has a caller"):
            database.execute(insert, refused)
