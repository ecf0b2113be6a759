"""Serves HTTP on a thread and event loop of its own, so that servers and user code cannot block each other."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import Any

from aiohttp import HttpVersion11, web

from devhost.functions.errors import PortInUse
from devhost.protection.request_guard import LOOPBACK, Handler, request_guard
from devhost.protection.server_log import content_free


def bind(port: int, option: str) -> socket.socket:
    """Take a port on the loopback interface; 0 picks a free one. Raises PortInUse, which names the option."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortInUse(port, option) from error
    return listener


def bind_preferred(port: int) -> socket.socket:
    """Take a port if it is free, and any free one otherwise."""
    try:
        return bind(port, "")
    except PortInUse:
        return bind(0, "")


def port_of(listener: socket.socket) -> int:
    """The port that a listening socket has."""
    return int(listener.getsockname()[1])


class ServerThread:
    """An event loop in a thread, which serves any number of sockets, all of them behind the guard.

    Args:
        name: Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def serve(self, handler: Handler, listener: socket.socket, grace_seconds: float = 10.0) -> "Site":
        """Answer every request on a bound socket with the handler, until the site is stopped.

        Args:
            handler: Answers the requests.
            listener: Where they come from; the site owns it from now on.
            grace_seconds: How long running requests may take to end when the site is stopped.
        """
        return Site(self, self.run(_start_site(handler, listener, grace_seconds)))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Stop the loop; its sites must have been stopped."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Site:
    """One served socket."""

    def __init__(self, thread: ServerThread, runner: web.AppRunner) -> None:
        self._thread = thread
        self._runner = runner

    def stop(self) -> None:
        """Accept no new requests, let running ones end within the grace period, then cut off the rest."""
        self._thread.run(self._runner.cleanup())


async def _start_site(handler: Handler, listener: socket.socket, grace_seconds: float) -> web.AppRunner:
    app = web.Application(middlewares=[request_guard()])
    app.router.add_route("*", "/{path:(?s:.*)}", handler, expect_handler=_answer_expectation)
    # Bodies go to the app as they are sent, compressed ones too.
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=content_free("devhost.http"),
        auto_decompress=False,
        shutdown_timeout=grace_seconds,
    )
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


async def _answer_expectation(request: web.Request) -> None:
    """Answer ``Expect: 100-continue``, for which a client waits before it sends the body; 417 for anything else.

    The library's own 417 repeats the header; this one does not, since the header may not be valid text.
    """
    if request.version < HttpVersion11:
        return
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    # The interim response does not count towards the size of the response.
    request.writer.output_size = 0
