"""Runs the functions that the extension calls over HTTP, under a path that only the extension knows."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from urllib.parse import unquote

from aiohttp import web

from devhost.engine.functions import (
    DurableFunctions,
    FunctionFailed,
    FunctionResult,
    FunctionTimedOut,
    OnResult,
)
from devhost.functions.access_keys import is_same
from devhost.functions.server_thread import ServerThread, bind, port_of
from devhost.protection.request_guard import LOOPBACK

# The type name that the Functions host uses.
_TIMEOUT_TYPE = "Microsoft.Azure.WebJobs.Host.FunctionTimeoutException"
_GRACE_SECONDS = 0.5


class Invocations:
    """Answers ``POST /{token}/{kind}/{name}``: 200 with the function's JSON, 500 with what it raised.

    A call is answered only by what a function did. Until ``begin``, and while the host stops, it waits: any other
    answer would count as the function's failure, and the extension does not try again.
    """

    def __init__(self) -> None:
        self._token = secrets.token_urlsafe(32)
        self._functions: DurableFunctions | None = None
        self._server = ServerThread("invocations")
        self._ready = self._server.run(_new_event())
        listener = bind(0, "")
        self.url = f"http://{LOOPBACK}:{port_of(listener)}/{self._token}"
        self._site = self._server.serve(self._handle, listener, _GRACE_SECONDS)

    def begin(self, functions: DurableFunctions) -> None:
        """Run the waiting and all further calls."""
        self._functions = functions
        self._server.run(_set(self._ready))

    def close(self) -> None:
        """Answer no more calls."""
        self._site.stop()
        self._server.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        token, _, rest = request.raw_path.removeprefix("/").partition("/")
        kind, _, name = rest.partition("/")
        if not is_same(token, self._token):
            return web.Response(status=401)
        # Without a limit, since histories can be long.
        text = (await request.content.read()).decode()
        await self._ready.wait()
        assert self._functions is not None
        begin = _begin(self._functions, kind, unquote(name), text)
        return web.Response(status=404) if begin is None else await _answer(begin)


def _begin(functions: DurableFunctions, kind: str, name: str, text: str) -> Callable[[OnResult[str]], None] | None:
    match kind:
        case "orchestrator":
            return lambda on_result: functions.begin_orchestrator(name, text, on_result)
        case "activity":
            # The extension does not pass the instance id.
            return lambda on_result: functions.begin_activity(name, "an instance", text, on_result)
        case "entity":
            return lambda on_result: functions.begin_entity(name, text, on_result)
    return None


async def _answer(begin: Callable[[OnResult[str]], None]) -> web.Response:
    result = await _result_of(begin)
    match result.failure:
        case None:
            return web.Response(text=result.value or "")
        case FunctionFailed() as failure:
            return _failed(failure.type_name, failure.message, failure.stack)
        case FunctionTimedOut() as failure:
            return _failed(_TIMEOUT_TYPE, str(failure))
    # The host stops or could not run it. Without an answer, the extension calls again after its next start.
    await asyncio.Future()
    raise AssertionError("this future is never done")


async def _result_of(begin: Callable[[OnResult[str]], None]) -> FunctionResult[str]:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[FunctionResult[str]] = loop.create_future()

    def on_result(result: FunctionResult[str]) -> None:
        # The loop may be gone when a function ends after the host has.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set_result, result)

    try:
        begin(on_result)
    except Exception as failure:
        return FunctionResult(failure=failure)
    return await ended


def _failed(type_name: str, message: str, stack: str = "") -> web.Response:
    return web.json_response({"type": type_name, "message": message, "stack": stack}, status=500)


async def _new_event() -> asyncio.Event:
    return asyncio.Event()


async def _set(event: asyncio.Event) -> None:
    event.set()
