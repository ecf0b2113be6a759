"""The admin endpoints: the list of functions, running one by hand, readiness; and moving a virtual clock."""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from devhost.engine.errors import DurableEngineError
from devhost.engine.functions import FunctionFailed, FunctionTimedOut
from devhost.functions.converters import decode
from devhost.functions.errors import HostStopping
from devhost.functions.http_messages import DEFAULT_BODY_LIMIT_BYTES, json_response, read_json_body
from devhost.functions.indexing import (
    ACTIVITY_TRIGGER,
    BLOB_TRIGGER,
    QUEUE_TRIGGER,
    TIMER_TRIGGER,
    IndexedFunction,
)
from devhost.functions.invocation_context import Invocation
from devhost.functions.invoker_protocol import Invoker
from devhost.functions.timers import TimerService

log = logging.getLogger("devhost.host")

Advance = Callable[[timedelta], datetime]


class AdminHttp:
    """Answers ``/admin/...`` and ``/devhost/...``.

    Args:
        functions: The app's functions.
        invoker: Runs activities by hand.
        timers: Runs timers by hand.
        advance: Moves the virtual clock, blocking, and returns the new time; None for the system's clock.
        run_stored: Runs queue and blob triggers by hand, for a message's text or a blob's path.
        body_limit_bytes: A larger request body raises RequestBodyTooLarge.
    """

    def __init__(
        self,
        functions: Iterable[IndexedFunction],
        invoker: Invoker,
        timers: TimerService,
        advance: Advance | None,
        run_stored: Callable[[IndexedFunction, str], None] | None = None,
        body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES,
    ) -> None:
        self._body_limit_bytes = body_limit_bytes
        self._run_stored = run_stored
        self._functions = {function.name.lower(): function for function in functions}
        self._invoker, self._timers, self._advance = invoker, timers, advance

    async def handle(self, request: web.Request, path: str) -> web.Response:
        """Answer one request; unknown paths and methods are 404, as everywhere on the host."""
        parts = path.lower().strip("/").split("/")
        match request.method, parts:
            case "GET", ["admin", "host", "status"]:
                return json_response({"state": "Running"})
            case "GET" | "POST", ["admin", "host", "ping"]:
                return web.Response(status=200)
            case "GET", ["admin", "functions"]:
                return json_response([_description(function) for function in self._functions.values()])
            case "POST", ["admin", "functions", name]:
                return await self._run(request, name)
            case "POST", ["devhost", "clock"]:
                return await self._move_clock(request)
        return web.Response(status=404)

    async def _run(self, request: web.Request, name: str) -> web.Response:
        function = self._functions.get(name)
        if function is None:
            return web.Response(status=404)
        document = await _json_object(request, self._body_limit_bytes)
        if document is None:
            return json_response({"Message": 'The body must be a JSON object, like {"input": ""}.'}, 400)
        run = self._manual_run(function, document.get("input"))
        if run is None:
            return json_response({"Message": _how_to_run(function)}, 400)
        threading.Thread(target=run, name=f"by-hand-{function.name}", daemon=True).start()
        return web.Response(status=202)

    def _manual_run(self, function: IndexedFunction, run_input: Any) -> Callable[[], None] | None:
        if function.trigger_type == TIMER_TRIGGER:
            return lambda: self._timers.fire(function)
        text = run_input if isinstance(run_input, str) else json.dumps(run_input)
        if function.trigger_type == ACTIVITY_TRIGGER:
            return lambda: self._run_activity(function, text)
        if function.trigger_type in (QUEUE_TRIGGER, BLOB_TRIGGER) and (run_stored := self._run_stored):
            return lambda: run_stored(function, text)
        return None

    def _run_activity(self, function: IndexedFunction, text: str) -> None:
        try:
            arguments = {function.trigger_parameter: decode(ACTIVITY_TRIGGER, text)}
            self._invoker.call(function, arguments, Invocation(function.name, "Run by hand"))
        except (FunctionFailed, FunctionTimedOut, HostStopping) as failure:
            log.info("%s, run by hand, did not succeed: %s", function.name, failure)

    async def _move_clock(self, request: web.Request) -> web.Response:
        if self._advance is None:
            text = "The host runs on the system's clock. Start it with --clock virtual to move the time."
            return json_response({"Message": text}, 409)
        seconds = (await _json_object(request, self._body_limit_bytes) or {}).get("advanceSeconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e10:
            return json_response({"Message": 'Give {"advanceSeconds": n}, with n not negative.'}, 400)
        try:
            now = await asyncio.to_thread(self._advance, timedelta(seconds=seconds))
        except DurableEngineError as error:
            return json_response({"Message": str(error)}, 500)
        return json_response({"now": now.isoformat().replace("+00:00", "Z")})


async def _json_object(request: web.Request, limit_bytes: int) -> dict[str, Any] | None:
    """The body as a JSON object; an empty body is an empty object, anything else None."""
    try:
        document = json.loads(await read_json_body(request, limit_bytes) or b"{}")
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _description(function: IndexedFunction) -> dict[str, Any]:
    return {
        "name": function.name,
        "language": "python",
        "config": {"name": function.name, "bindings": [_plain(binding) for binding in function.bindings]},
    }


def _plain(binding: Any) -> dict[str, Any]:
    described = binding.get_dict_repr()
    return {key: _json_value(value) for key, value in described.items() if value is not None}


def _json_value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    return str(value) if hasattr(value, "value") else value


def _how_to_run(function: IndexedFunction) -> str:
    return (
        f"{function.name} has a {function.trigger_type}, and only timers, activities, queue and blob triggers are "
        "run from here. Call HTTP functions at their route; "
        "start orchestrators at /runtime/webhooks/durabletask/orchestrators/{name}."
    )
