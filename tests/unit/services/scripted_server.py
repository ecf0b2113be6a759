"""A small HTTP server that answers what a test tells it to, and remembers what it was asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True)
class SeenRequest:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScriptedServer:
    """Gives the scripted answers in order; the last one again and again."""

    def __init__(self) -> None:
        self.base_url = ""
        self.seen: list[SeenRequest] = []
        self._answers: list[Answer] = []
        self.app = web.Application(client_max_size=64 * 1024 * 1024)
        self.app.router.add_route("*", "/{path:.*}", self._handle)

    def answer(self, status: int = 200, body: str | bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Script one answer; it is JSON unless ``headers`` say otherwise."""
        content = body.encode() if isinstance(body, str) else body

        async def respond(request: web.Request) -> web.StreamResponse:
            return web.Response(
                status=status, body=content, headers={"Content-Type": "application/json", **(headers or {})}
            )

        self._answers.append(respond)

    def hang(self) -> None:
        """Script an answer that never comes."""

        async def respond(request: web.Request) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError

        self._answers.append(respond)

    def hang_up(self) -> None:
        """Script an end of the connection without an answer, after the request was read."""

        async def respond(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.close()
            return web.Response()

        self._answers.append(respond)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(
            SeenRequest(request.method, request.path, dict(request.query), dict(request.headers), body)
        )
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return await answer(request)
