"""Analyze operations and their files. They survive a restart of the emulators, and a `kill -9`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from emulators.clock import timestamp, utc_now
from emulators.database import Database
from emulators.document_intelligence.extraction_job import unfinished_path
from emulators.document_intelligence.service_errors import ServiceError
from emulators.usage import UsageCounts

# The service keeps results for a day.
RESULT_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class Operation:
    """One submitted document; `status` is running, succeeded or failed, `error` the service's error object."""

    id: str
    model_id: str
    api_version: str
    pages: str
    features: str
    sha256: str
    status: str
    error: dict[str, Any] | None
    crashes: int
    created_at: str
    updated_at: str

    @property
    def asks_for_languages(self) -> bool:
        """Whether the answer has languages: an add-on since 2023-07-31, and always included before."""
        return self.api_version < "2023-07-31" or "languages" in self.features.split(",")


class Operations:
    """Stores operations in the database, and their files in `documents/` and `results/` of `folder`."""

    def __init__(self, database: Database, usage: UsageCounts, folder: Path) -> None:
        """Use `database` and `folder`, which is created."""
        self._database = database
        self._usage = usage
        self._documents, self._results = folder / "documents", folder / "results"
        for directory in (self._documents, self._results):
            directory.mkdir(parents=True, exist_ok=True)

    def document_path(self, operation_id: str) -> Path:
        """Return the path of the submitted document, which exists until the operation ends."""
        return self._documents / operation_id

    def result_path(self, operation_id: str) -> Path:
        """Return the path of the answer of a succeeded operation, as JSON."""
        return self._results / f"{operation_id}.json"

    def add(self, operation_id: str, parameters: dict[str, str], sha256: str, error: ServiceError | None) -> None:
        """Record an accepted document and count it. With an `error`, the operation has failed already.

        Args:
            operation_id: its document is at `document_path`.
            parameters: `model_id`, `api_version`, `pages` and `features` of the request.
            sha256: of the document's bytes, in hex.
            error: an injected failure, or None.
        """
        now, values = timestamp(), [parameters[name] for name in ("model_id", "api_version", "pages", "features")]
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO operations VALUES (?, ?, ?, ?, ?, ?, 'running', NULL, 0, ?, ?)",
                (operation_id, *values, sha256, now, now),
            )
            self._usage.add_submission(sha256)
        if error is not None:
            self.fail(operation_id, error.to_json())

    def find(self, operation_id: str) -> Operation | None:
        """Return an operation, or None if it is unknown."""
        rows = self._database.rows("SELECT * FROM operations WHERE id = ?", (operation_id,))
        return _operation(rows[0]) if rows else None

    def unfinished(self) -> list[str]:
        """Return the ids of the unfinished operations, oldest first."""
        rows = self._database.rows("SELECT id FROM operations WHERE status = 'running' ORDER BY created_at, rowid")
        return [row["id"] for row in rows]

    def succeed(self, operation_id: str, page_count: int) -> None:
        """Record that the result file is complete, and count its pages."""
        with self._database.transaction():
            self._end(operation_id, "succeeded", None)
            self._usage.add("documentIntelligence.pages", page_count)
        _delete(self.document_path(operation_id))

    def fail(self, operation_id: str, error: dict[str, Any]) -> None:
        """Record that the operation ended with the service's `error` object."""
        self._end(operation_id, "failed", json.dumps(error))
        _delete(self.document_path(operation_id))
        # A worker that was ended leaves an incomplete file.
        _delete(unfinished_path(self.result_path(operation_id)))

    def record_crash(self, operation_id: str) -> int:
        """Record that the document ended a worker process. Returns how often that has happened."""
        self._database.execute("UPDATE operations SET crashes = crashes + 1 WHERE id = ?", (operation_id,))
        rows = self._database.rows("SELECT crashes FROM operations WHERE id = ?", (operation_id,))
        return int(rows[0]["crashes"])

    def tidy(self) -> None:
        """Delete operations older than a day, and files without an operation, which a kill leaves."""
        oldest = timestamp(utc_now() - RESULT_LIFETIME)
        self._database.execute("DELETE FROM operations WHERE created_at < ? AND status <> 'running'", (oldest,))
        rows = self._database.rows("SELECT id, status FROM operations")
        running = {row["id"] for row in rows if row["status"] == "running"}
        succeeded = {f"{row['id']}.json" for row in rows if row["status"] == "succeeded"}
        _delete_all_but(running, self._documents.iterdir())
        _delete_all_but(succeeded, self._results.iterdir())

    def _end(self, operation_id: str, status: str, error: str | None) -> None:
        self._database.execute(
            "UPDATE operations SET status = ?, error = ?, updated_at = ? WHERE id = ?",
            (status, error, timestamp(), operation_id),
        )


def _operation(row: sqlite3.Row) -> Operation:
    values = dict(row)
    values["error"] = json.loads(values["error"]) if values["error"] else None
    return Operation(**values)


def _delete(file: Path) -> None:
    # The operation has ended in any case. The next start tries to delete the file again.
    with suppress(OSError):
        file.unlink()


def _delete_all_but(names: set[str], files: Iterable[Path]) -> None:
    for file in files:
        if file.name not in names:
            file.unlink()
