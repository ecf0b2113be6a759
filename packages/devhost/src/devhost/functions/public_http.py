"""The host's public port: the app's HTTP functions, the durable webhooks and the admin endpoints."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from devhost.engine.functions import FunctionFailed, FunctionTimedOut, WorkerProcessDied
from devhost.functions.access_keys import ADMIN, AccessRules
from devhost.functions.admin_http import AdminHttp
from devhost.functions.durable_http import DurableApi
from devhost.functions.durable_links import WEBHOOK_PATH
from devhost.functions.errors import HostStopping
from devhost.functions.http_messages import (
    DEFAULT_BODY_LIMIT_BYTES,
    RequestBodyTooLarge,
    build_request,
    build_response,
    joined_headers,
    origin_of,
    read_body,
    receive_body,
)
from devhost.functions.indexing import IndexedFunction
from devhost.functions.invocation_context import Invocation
from devhost.functions.invoker_protocol import Invoker
from devhost.functions.request_telemetry import AnsweredRequest, RequestTelemetry
from devhost.functions.route_templates import decode_path
from devhost.functions.routing import Route, RouteTable
from devhost.functions.trace_span import TraceSpan

log = logging.getLogger("devhost.host")


class PublicHttp:
    """Dispatches requests of the public port.

    Args:
        routes: The app's HTTP functions.
        invoker: Runs them.
        rules: Which keys open what.
        durable: The durable API.
        admin: The admin endpoints.
        spool_folder: Where large request bodies are stored while they are received; on a disk.
        body_limit_bytes: Larger request bodies are answered with 413.
        telemetry: Is told of each request to a function; None where nobody asks for it.
    """

    def __init__(
        self,
        routes: RouteTable,
        invoker: Invoker,
        rules: AccessRules,
        durable: DurableApi,
        admin: AdminHttp,
        spool_folder: Path,
        body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES,
        telemetry: RequestTelemetry | None = None,
    ) -> None:
        self._routes, self._invoker, self._rules = routes, invoker, rules
        self._durable, self._admin, self._telemetry = durable, admin, telemetry
        self._spool_folder = spool_folder
        self._body_limit_bytes = body_limit_bytes

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request. Errors of the host itself are logged and answered with an empty 500."""
        path = request.raw_path.split("?")[0]
        try:
            if path.lower().startswith(f"{WEBHOOK_PATH}/"):
                return await self._webhook(request, path[len(WEBHOOK_PATH) :])
            if path.lower().startswith(("/admin/", "/devhost/")):
                return await self._administer(request, path)
            return await self._call_function(request, path)
        except RequestBodyTooLarge:
            return web.Response(status=413)
        except (ConnectionError, web.RequestPayloadError) as error:
            # Not the text of the error, which quotes the request.
            log.debug("A request was broken off by its sender: %s", type(error).__name__)
            return web.Response(status=400)
        except Exception:
            log.exception("%s %s failed inside the host", request.method, path)
            return web.Response(status=500)

    async def _webhook(self, request: web.Request, path: str) -> web.Response:
        if not self._rules.allows_durable(_key_of(request)):
            return web.Response(status=401)
        return await self._durable.handle(request, path, origin_of(request))

    async def _administer(self, request: web.Request, path: str) -> web.Response:
        # Readiness is no secret, and a script that waits for it may have no key yet.
        is_open = path.lower() in ("/admin/host/status", "/admin/host/ping")
        if not is_open and not self._rules.allows_function(ADMIN, _key_of(request)):
            return web.Response(status=401)
        return await self._admin.handle(request, path)

    async def _call_function(self, request: web.Request, path: str) -> web.StreamResponse:
        found = self._routes.find(request.method, decode_path(path))
        if found is None:
            return web.Response(status=404)
        route, values = found
        if not self._rules.allows_function(route.auth_level, _key_of(request)):
            return web.Response(status=401)
        read = receive_body if self._invoker.takes_files else read_body
        body = await read(request, self._body_limit_bytes, self._spool_folder)
        try:
            return await self._invoke(route, request, values, body)
        finally:
            if isinstance(body, Path):
                body.unlink(missing_ok=True)

    async def _invoke(
        self, route: Route, request: web.Request, values: dict[str, str], body: bytes | Path
    ) -> web.StreamResponse:
        function = route.function
        # Each request is a step of its own in the caller's trace, and so the cause of all that it starts.
        span = TraceSpan.begin(joined_headers(request))
        invocation = Invocation(
            function.name,
            f"{request.method} /{route.template.template}",
            trace_parent=span.trace_parent,
            trace_state=span.trace_state,
        )
        arguments = {function.trigger_parameter: build_request(request, values, body)}
        started_at = datetime.now(UTC)
        answer, succeeded = await self._run(function, arguments, invocation)
        if self._telemetry is not None:
            ended = AnsweredRequest.of(request, answer.status, succeeded, started_at)
            self._telemetry.record(ended, invocation, span)
        return answer

    async def _run(
        self, function: IndexedFunction, arguments: dict[str, Any], invocation: Invocation
    ) -> tuple[web.StreamResponse, bool]:
        """Run a function. Returns the answer, and whether it is the function's own."""
        try:
            return _answer(function, await self._invoker.call_async(function, arguments, invocation)), True
        except WorkerProcessDied:
            return web.Response(status=502), False
        except (FunctionFailed, FunctionTimedOut):
            # The failure is in the log already; callers get no details.
            return web.Response(status=500), False
        except HostStopping:
            return web.Response(status=503), False


def _answer(function: IndexedFunction, result: Any) -> web.Response:
    try:
        return build_response(function.name, result)
    except FunctionFailed as failure:
        log.error("Functions.%s (Failed): %s", function.name, failure.message)
        raise


def _key_of(request: web.Request) -> str | None:
    return request.headers.get("x-functions-key") or request.query.get("code")
