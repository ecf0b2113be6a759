"""``/health``: whether storage answers, and the services can be reached."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import azure.durable_functions as df
import azure.functions as func

from docpipeline.composition import Services, get_services
from docpipeline.errors import ServiceFault
from triggers.http_answers import json_answer
from triggers.problem_details import answers_problems

bp = df.Blueprint()

PROBE_SECONDS = 2.0
REMEMBERED_SECONDS = 10.0

Check = dict[str, str]


@bp.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answers_problems
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether all that a document needs can be reached.

    Out: 200 or 503 ``{status: healthy|unhealthy, checks: {name: {status, detail?}}}``. Since anybody may ask,
    answers are remembered for ten seconds, and all who ask at once share one.
    """
    checks = await checkup.checks(get_services())
    healthy = all(check["status"] != "unhealthy" for check in checks.values())
    body = {"status": "healthy" if healthy else "unhealthy", "checks": checks}
    return json_answer(body, 200 if healthy else 503)


class Checkup:
    """Asks all dependencies side by side, at most every ten seconds; whoever comes while it asks waits with it."""

    def __init__(self, now_seconds: Callable[[], float] = time.monotonic) -> None:
        self._now_seconds = now_seconds
        self._asked_at = 0.0
        self._services: Services | None = None
        self._asking: asyncio.Task[dict[str, Check]] | None = None

    async def checks(self, services: Services) -> dict[str, Check]:
        """``{status, detail?}`` by name of what was checked; ``status`` is healthy, unhealthy or notConfigured."""
        if self._asking is None or services is not self._services or not self._is_fresh(self._asking):
            self._asked_at, self._services = self._now_seconds(), services
            self._asking = asyncio.create_task(_check_all(services))
        # Shielded: of those who wait, one who goes away must not end it for the others.
        return await asyncio.shield(self._asking)

    def _is_fresh(self, asking: asyncio.Task[dict[str, Check]]) -> bool:
        if asking.done() and (asking.cancelled() or asking.exception()):
            return False
        # A hanging dependency is asked once at a time: each check gives up by itself.
        return not asking.done() or self._now_seconds() - self._asked_at < REMEMBERED_SECONDS


checkup = Checkup()


async def _check_all(services: Services) -> dict[str, Check]:
    settings = services.settings
    waiting: dict[str, Awaitable[Check]] = {
        "storage": _check(_read_storage(services)),
        "documentIntelligence": _check_endpoint(settings.document_intelligence.endpoint),
        "compliance": _check_endpoint(settings.compliance.endpoint),
        "notifications": _check_endpoint(settings.notifications.url),
    }
    return dict(zip(waiting, await asyncio.gather(*waiting.values()), strict=True))


async def _read_storage(services: Services) -> None:
    await asyncio.gather(services.document_records.check(), services.document_blobs.check())


async def _check_endpoint(url: str | None) -> Check:
    if url is None:
        return {"status": "notConfigured", "detail": "no URL is set; what would be sent is logged"}
    return await _check(_connect(url))


async def _check(call: Awaitable[None]) -> Check:
    try:
        await asyncio.wait_for(call, PROBE_SECONDS)
    except TimeoutError:
        return {"status": "unhealthy", "detail": f"no answer within {PROBE_SECONDS:g} seconds"}
    except ServiceFault as fault:
        return {"status": "unhealthy", "detail": fault.reason}
    except OSError:
        return {"status": "unhealthy", "detail": "it cannot be connected to"}
    return {"status": "healthy"}


async def _connect(url: str) -> None:
    """A connection and nothing more: asking these services something costs money, or needs a document."""
    address = urlsplit(url)
    port = address.port or (443 if address.scheme == "https" else 80)
    _, writer = await asyncio.open_connection(address.hostname, port)
    writer.close()
