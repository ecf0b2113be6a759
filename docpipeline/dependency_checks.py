"""Whether storage answers, and the services can be reached."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from docpipeline.errors import ServiceFault
from docpipeline.services.document_blobs import DocumentBlobs
from docpipeline.services.document_records import DocumentRecords
from docpipeline.settings import Settings

CHECK_SECONDS = 2.0
REMEMBERED_SECONDS = 10.0

Check = dict[str, str]
"""``{status, detail?}``; ``status`` is healthy, unhealthy or notConfigured."""


class DependencyChecks:
    """Checks all dependencies side by side, at most every ten seconds; callers in the meantime share one answer.

    Args:
        settings: name the services.
        records: the table that is read.
        blobs: the container that is read.
        now_seconds: a clock that never goes back, in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        records: DocumentRecords,
        blobs: DocumentBlobs,
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._records = records
        self._blobs = blobs
        self._now_seconds = now_seconds
        self._began_at = 0.0
        self._checking: asyncio.Task[dict[str, Check]] | None = None

    async def run(self) -> dict[str, Check]:
        """The outcome of each check, by the name of the dependency."""
        if self._checking is None or not self._is_fresh(self._checking):
            self._began_at = self._now_seconds()
            self._checking = asyncio.create_task(self._check_all())
        # Shielded: a caller that goes away must not cancel the checks for the others.
        return await asyncio.shield(self._checking)

    def _is_fresh(self, checking: asyncio.Task[dict[str, Check]]) -> bool:
        if checking.done() and (checking.cancelled() or checking.exception()):
            return False
        # A hanging dependency is checked once at a time: each check gives up by itself.
        return not checking.done() or self._now_seconds() - self._began_at < REMEMBERED_SECONDS

    async def _check_all(self) -> dict[str, Check]:
        settings = self._settings
        checks: dict[str, Awaitable[Check]] = {
            "storage": _outcome_of(self._read_storage()),
            "documentIntelligence": _check_endpoint(settings.document_intelligence.endpoint),
            "compliance": _check_endpoint(settings.compliance.endpoint),
            "notifications": _check_endpoint(settings.notifications.url),
        }
        return dict(zip(checks, await asyncio.gather(*checks.values()), strict=True))

    async def _read_storage(self) -> None:
        await asyncio.gather(self._records.check(), self._blobs.check())


async def _check_endpoint(url: str | None) -> Check:
    if url is None:
        return {"status": "notConfigured", "detail": "no URL is set; what would be sent is logged"}
    return await _outcome_of(_connect(url))


async def _outcome_of(call: Awaitable[None]) -> Check:
    try:
        await asyncio.wait_for(call, CHECK_SECONDS)
    except TimeoutError:
        return {"status": "unhealthy", "detail": f"no answer within {CHECK_SECONDS:g} seconds"}
    except ServiceFault as fault:
        return {"status": "unhealthy", "detail": fault.reason}
    except OSError:
        return {"status": "unhealthy", "detail": "it cannot be connected to"}
    return {"status": "healthy"}


async def _connect(url: str) -> None:
    """Open a connection and nothing more: a request to these services costs money, or needs a document."""
    address = urlsplit(url)
    port = address.port or (443 if address.scheme == "https" else 80)
    _, writer = await asyncio.open_connection(address.hostname, port)
    writer.close()
