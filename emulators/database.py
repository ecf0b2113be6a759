"""The SQLite file of the emulators. Its content survives a restart, and a `kill -9`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Numbered by position. Never edit a released entry: append a new one.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE operations (
            id TEXT PRIMARY KEY, model_id TEXT NOT NULL, api_version TEXT NOT NULL, pages TEXT NOT NULL,
            features TEXT NOT NULL, sha256 TEXT NOT NULL, status TEXT NOT NULL, error TEXT,
            crashes INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, updated_at TEXT NOT NULL)""",
        "CREATE INDEX operations_by_status ON operations (status, created_at)",
        "CREATE TABLE usage (counter TEXT PRIMARY KEY, value INTEGER NOT NULL)",
        "CREATE TABLE submitted_documents (sha256 TEXT PRIMARY KEY, submissions INTEGER NOT NULL)",
        """CREATE TABLE notifications (
            id TEXT PRIMARY KEY, position INTEGER NOT NULL, received_at TEXT NOT NULL, deliveries INTEGER NOT NULL,
            headers TEXT NOT NULL, body TEXT NOT NULL)""",
    ),
)


class Database:
    """A connection for use in the server's event loop only. Every call is a short local read or write."""

    def __init__(self, path: Path) -> None:
        """Open or create the file at `path` and bring its tables up to date."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # isolation_level=None: `transaction` opens transactions explicitly.
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL survives the end of the process. Only a power cut may lose the last commits.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._migrate()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement and return the number of rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything in the block together, or nothing if it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite may have rolled back already. An open transaction would block all others.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file. The object cannot be used afterwards."""
        self._connection.close()

    def _migrate(self) -> None:
        applied = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        for number, statements in enumerate(MIGRATIONS[applied:], start=applied + 1):
            with self.transaction():
                for statement in statements:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")
