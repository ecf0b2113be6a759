"""A server behind the guard that records requests, and a client that sends any bytes."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from devhost.functions.server_thread import ServerThread, bind, port_of


@dataclass
class Door:
    """A guarded server.

    Attributes:
        port: Where it listens on 127.0.0.1.
        passed: The requests that passed the guard.
    """

    port: int
    passed: list[str] = field(default_factory=list)

    def send(self, request: bytes) -> bytes:
        """Send bytes; returns the answer from its status line to the end of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def status(self, *lines: str) -> int:
        """Send a request of these lines, and return the status of its answer."""
        request = "\r\n".join((*lines, "Connection: close", "", "")).encode()
        return int(self.send(request).split(b" ")[1])


@pytest.fixture
def door() -> Iterator[Door]:
    thread, listener = ServerThread("test-door"), bind(0, "")
    door = Door(port_of(listener))

    async def answer(request: web.Request) -> web.StreamResponse:
        door.passed.append(request.method)
        await request.read()
        if "fail" in request.query:
            raise LookupError(request.query["fail"])
        return web.Response()

    site = thread.serve(answer, listener, grace_seconds=1.0)
    yield door
    site.stop()
    thread.close()
