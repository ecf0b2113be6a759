"""State is for its owner alone. Guards against keys, inputs and documents that other users can read."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devhost.engine.database import Database
from devhost.functions.access_keys import AccessKeys
from devhost.functions.storage.blob_receipts import BlobReceipts
from devhost.protection.private_files import private_database, private_file, private_folder, write_private


def rights(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def rights_below(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): rights(path) for path in sorted(folder.rglob("*"))}


@pytest.fixture(autouse=True)
def permissive_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_new_files_and_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "a" / "b")
    write_private(private_file(folder / "text"), "x")
    assert (rights(folder), rights_below(folder)) == ("0o700", {"text": "0o600"})


def test_what_lies_there_with_wider_rights_is_closed_and_links_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch(0o666)
    folder = tmp_path / "state"
    (folder / "timers").mkdir(0o777, parents=True)
    (folder / "timers" / "tick.json").touch(0o666)
    (folder / "read-only").touch(0o444)
    (folder / "link").symlink_to(outside)
    private_folder(folder)
    assert (rights(folder), rights(folder / "timers"), rights(folder / "timers" / "tick.json")) == (
        "0o700",
        "0o700",
        "0o600",
    )
    assert (rights(folder / "read-only"), rights(outside)) == ("0o400", "0o666")


def test_text_takes_the_place_of_one_with_wider_rights(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("old")
    path.with_suffix(".tmp").touch(0o666)
    write_private(path, "new")
    assert (path.read_text(), rights_below(tmp_path)) == ("new", {"keys.json": "0o600"})


def test_all_files_of_an_open_database_are_private(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "state" / "hub.db")), closing(BlobReceipts(tmp_path / "state" / "blobs.db")):
        names = {"hub.db", "hub.db-wal", "hub.db-shm", "hub.db.lease", "blobs.db", "blobs.db-wal", "blobs.db-shm"}
        found = rights_below(tmp_path / "state")
    assert found.keys() >= names
    assert set(found.values()) == {"0o600"}


def test_database_that_others_could_read_is_closed_to_them_with_its_log(tmp_path: Path) -> None:
    """Also the log and the index that a killed process has left beside it."""
    path = tmp_path / "hub.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (x)")
        assert set(rights_below(tmp_path).values()) == {"0o644"}
        for file in tmp_path.iterdir():
            file.chmod(0o666)
        private_database(path)
        assert rights_below(tmp_path) == dict.fromkeys(("hub.db", "hub.db-shm", "hub.db-wal"), "0o600")


def test_keys_that_others_could_read_are_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "devhost" / "keys.json"
    keys = AccessKeys.load_or_create(path)
    path.chmod(0o644)
    assert AccessKeys.load_or_create(path) == keys
    assert (rights(path), rights(path.parent)) == ("0o600", "0o700")
