"""Counts of what each service did: `GET /usage`, `DELETE /usage`. They survive restarts."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from emulators.database import Database

# Counter names are "<service>.<what>", as they appear in the answer of GET /usage.
COUNTERS = (
    "documentIntelligence.submissions",
    "documentIntelligence.polls",
    "documentIntelligence.pages",
    "compliance.requests",
    "notifications.received",
)


class UsageCounts:
    """Counts of work done. A request that an injected fault refused is not counted."""

    def __init__(self, database: Database) -> None:
        """Store the counts in `database`."""
        self._database = database

    def add(self, counter: str, amount: int = 1) -> None:
        """Add `amount` to one of COUNTERS."""
        self._database.execute(
            "INSERT INTO usage VALUES (?, ?) ON CONFLICT (counter) DO UPDATE SET value = value + excluded.value",
            (counter, amount),
        )

    def add_submission(self, sha256: str) -> None:
        """Count one accepted document, identified by the SHA-256 of its bytes."""
        self.add("documentIntelligence.submissions")
        self._database.execute(
            "INSERT INTO submitted_documents VALUES (?, 1) "
            "ON CONFLICT (sha256) DO UPDATE SET submissions = submissions + 1",
            (sha256,),
        )

    def report(self) -> dict[str, dict[str, Any]]:
        """Return `{service: {counter: value}}`; `documentIntelligence.documents` maps SHA-256 to submissions."""
        values = {row["counter"]: row["value"] for row in self._database.rows("SELECT * FROM usage")}
        report: dict[str, dict[str, Any]] = {}
        for name in COUNTERS:
            service, counter = name.split(".")
            report.setdefault(service, {})[counter] = values.get(name, 0)
        documents = self._database.rows("SELECT * FROM submitted_documents ORDER BY sha256")
        report["documentIntelligence"]["documents"] = {row["sha256"]: row["submissions"] for row in documents}
        return report

    def reset(self) -> None:
        """Set every count to zero."""
        with self._database.transaction():
            self._database.execute("DELETE FROM usage")
            self._database.execute("DELETE FROM submitted_documents")


def add_routes(app: web.Application, usage: UsageCounts) -> None:
    """Serve the counts."""

    async def show_usage(_request: web.Request) -> web.Response:
        return web.json_response(usage.report())

    async def reset_usage(_request: web.Request) -> web.Response:
        usage.reset()
        return web.Response(status=204)

    app.router.add_get("/usage", show_usage)
    app.router.add_delete("/usage", reset_usage)
