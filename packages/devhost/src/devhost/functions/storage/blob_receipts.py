"""Records which versions of blobs are done, so that they are not processed again, even after a restart."""

import sqlite3
import threading
from pathlib import Path

from devhost.protection.private_files import private_database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS receipts (
    function TEXT NOT NULL,
    uri TEXT NOT NULL,
    etag TEXT NOT NULL,
    tries INTEGER NOT NULL,
    is_done INTEGER NOT NULL,
    PRIMARY KEY (function, uri)
) WITHOUT ROWID
"""


class BlobReceipts:
    """A small database; blobs are identified by address, versions by ETag. Thread-safe.

    Args:
        path: The database file; made if missing.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(private_database(path), check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        # A try must be counted before it begins, even if the power fails during it.
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(_SCHEMA)

    def done(self, function: str) -> dict[str, str]:
        """The ETags of the blobs a function is done with, by address."""
        with self._lock:
            rows = self._database.execute(
                "SELECT uri, etag FROM receipts WHERE function = ? AND is_done", (function,)
            ).fetchall()
        return dict(rows)

    def begin(self, function: str, uri: str, etag: str) -> int:
        """Count a try of this version before it begins; returns its number, from 1."""
        with self._lock:
            (tries,) = self._database.execute(
                """
                INSERT INTO receipts VALUES (?, ?, ?, 1, 0)
                ON CONFLICT (function, uri) DO UPDATE SET
                    tries = CASE WHEN etag = excluded.etag THEN tries + 1 ELSE 1 END,
                    etag = excluded.etag,
                    is_done = 0
                RETURNING tries
                """,
                (function, uri, etag),
            ).fetchone()
        return int(tries)

    def take_back(self, function: str, uri: str, etag: str) -> None:
        """Do not count the last try, because the host stopped it."""
        with self._lock:
            self._database.execute(
                "UPDATE receipts SET tries = max(tries - 1, 0) WHERE function = ? AND uri = ? AND etag = ?",
                (function, uri, etag),
            )

    def finish(self, function: str, uri: str, etag: str) -> None:
        """Note that this version is done: it succeeded or was given up."""
        with self._lock:
            self._database.execute(
                "UPDATE receipts SET is_done = 1 WHERE function = ? AND uri = ? AND etag = ?",
                (function, uri, etag),
            )

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()
