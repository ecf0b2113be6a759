"""A small HTTP server with scripted answers. It records its requests."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True)
class SeenRequest:
    """A request as it was received."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScriptedServer:
    """Gives the scripted answers in order. The last one repeats."""

    def __init__(self) -> None:
        self.base_url = ""
        self.seen: list[SeenRequest] = []
        self._answers: list[Answer] = []
        self.app = web.Application(client_max_size=64 * 1024 * 1024)
        self.app.router.add_route("*", "/{path:.*}", self._handle)

    def answer(self, status: int = 200, body: str | bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Script one answer, which is JSON unless ``headers`` have another type."""
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
        """Script a connection that closes without an answer after the request was read."""

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
