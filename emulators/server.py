"""All emulators as one web application on one port."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web

from devhost.protection.private_files import private_folder
from devhost.protection.request_guard import request_guard
from devhost.protection.server_log import content_free
from emulators import compliance_api, faults, notification_inbox, telemetry_sink, usage
from emulators.compliance_rules import load_rules
from emulators.database import Database
from emulators.document_intelligence import routes as document_intelligence
from emulators.document_intelligence.analysis_queue import AnalysisQueue
from emulators.document_intelligence.operations import Operations
from emulators.document_intelligence.worker_kinds import OCR_WORKER, TEXT_WORKER, lane_count
from emulators.document_intelligence.worker_pool import WorkerPool
from emulators.document_intelligence.worker_process import WorkerProcess
from emulators.errors import BadRequest, StartupError
from emulators.faults import Handler
from emulators.settings import MEGABYTE, EmulatorSettings
from emulators.state_lock import StateLock

# The limit of bodies that are read as a whole: texts, telemetry, notifications. Documents are streamed.
LARGEST_JSON_BYTES = 64 * MEGABYTE
INDEX = """Local emulators. All routes are on this port.

POST   /formrecognizer/documentModels/{modelId}:analyze   Document Intelligence: submit a document
GET    /formrecognizer/documentModels/{modelId}/analyzeResults/{operationId}   its operation
POST   /compliance             compliance API: {text, metadata} -> {compliant, issues, confidence}
POST   /notifications          webhook, signed as Standard Webhooks
GET    /notifications/inbox    what the webhook received; DELETE empties it
POST   /v2/track, /v2.1/track  Application Insights ingestion
GET    /telemetry              what it received by kind: {metrics, requests, dependencies, ...}, newest last;
                               ?kind=, ?name=, ?operationId= and properties (?documentId=) pick; DELETE forgets it
POST   /faults                 inject a fault {service, on?, status?, body?, count?, rate?, seed?, delaySeconds?,
                               retryAfterSeconds?, failOperation?}; GET lists, DELETE clears
GET    /usage                  what each service was asked; DELETE resets
GET    /health                 {"status": "ok"}
"""

log = logging.getLogger(__name__)


def create_app(settings: EmulatorSettings) -> web.Application:
    """Wire the emulators together. Their state is opened here, and closed when the application is cleaned up.

    Raises:
        StartupError: a setting or the rule file is wrong, or the state is in use.
    """
    guard = request_guard(settings.host)
    app = web.Application(client_max_size=LARGEST_JSON_BYTES, middlewares=[guard, _answer_errors])
    rules = load_rules(settings.rules_path)
    notification_inbox.decode_secret(settings.webhook_secret)
    private_folder(settings.data_dir)
    lock = StateLock(settings.data_dir)
    database = Database(settings.data_dir / "emulators.sqlite3")
    counts, book = usage.UsageCounts(database), faults.FaultBook()
    operations = Operations(database, counts, settings.data_dir)
    text_workers, ocr_workers = (
        WorkerPool(partial(WorkerProcess, kind), lane_count()) for kind in (TEXT_WORKER, OCR_WORKER)
    )
    queue = AnalysisQueue(operations, text_workers, ocr_workers)

    document_intelligence.add_routes(app, settings, operations, queue, book, counts)
    compliance_api.add_routes(app, rules, book, counts)
    inbox = notification_inbox.NotificationInbox(database)
    notification_inbox.add_routes(app, inbox, settings.webhook_secret, book, counts)
    telemetry_sink.add_routes(app, telemetry_sink.TelemetrySink())
    faults.add_routes(app, book)
    usage.add_routes(app, counts)
    app.router.add_get("/health", _show_health)
    app.router.add_get("/", _show_index)

    app.cleanup_ctx.append(partial(_run_state, operations, queue, database, lock))
    return app


async def _run_state(
    operations: Operations, queue: AnalysisQueue, database: Database, lock: StateLock, _app: web.Application
) -> AsyncIterator[None]:
    operations.tidy()
    await queue.start()
    yield
    await queue.stop()
    database.close()
    lock.release()


async def start_server(settings: EmulatorSettings) -> tuple[web.AppRunner, int]:
    """Start serving; return the runner, whose `cleanup()` stops everything, and the port.

    Raises:
        StartupError: the port is in use, or a setting is wrong.
    """
    # The port comes first: if it is in use, so may be the state, which must not be touched then.
    try:
        listener = socket.create_server((settings.host, settings.port))
    except OSError as error:
        raise StartupError(_why_not_listening(settings, error)) from error
    try:
        # A client that disconnects ends its handler, and with it an injected delay.
        runner = web.AppRunner(
            create_app(settings),
            handler_cancellation=True,
            access_log=None,
            logger=content_free("emulators.http"),
            shutdown_timeout=0.5,
        )
        await runner.setup()
    except BaseException:
        listener.close()
        raise
    await web.SockSite(runner, listener).start()
    return runner, int(listener.getsockname()[1])


async def serve(settings: EmulatorSettings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        StartupError: the server cannot start.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runner, port = await start_server(settings)
    print(f"Emulators ready on http://{settings.host}:{port}", flush=True)
    await stopped.wait()
    await runner.cleanup()


def _why_not_listening(settings: EmulatorSettings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.port} on {settings.host} is in use. "
            "Stop what uses it, or set EMULATOR_PORT (--port) to a free port."
        )
    return f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Check --host and EMULATOR_PORT."


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadRequest as error:
        return web.json_response({"error": str(error)}, status=400)
    except web.HTTPError as error:
        return web.json_response({"error": f"{error.reason}. GET / lists the routes."}, status=error.status)


async def _show_health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _show_index(_request: web.Request) -> web.Response:
    return web.Response(text=INDEX)
