"""Hands requests to the durable API on to the extension, and its answers back as they are."""

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from devhost.functions.durable_links import WEBHOOK_PATH
from devhost.functions.http_messages import RequestBodyTooLarge, read_json_body

# Headers of one connection; the other connection has its own.
_CONNECTION_HEADERS = {"transfer-encoding", "content-length", "connection", "keep-alive", "date", "server", "host"}
# A start may wait for its end as long as its caller likes.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10.0)


class ForwardedDurableApi:
    """The durable API as the extension answers it.

    Args:
        origin: ``scheme://host:port`` of the extension.
        body_limit_bytes: larger request bodies are answered with 413.
    """

    def __init__(self, origin: str, body_limit_bytes: int) -> None:
        self._origin, self._body_limit_bytes = origin, body_limit_bytes

    async def handle(self, request: web.Request, raw_path: str, origin: str) -> web.Response:
        """Answer one request.

        Args:
            request: the request; who sent it has been checked.
            raw_path: its path after the API's base, still encoded.
            origin: ``scheme://host:port`` for the links of the answer. The extension takes it from the request's
                ``Host``; with its own address there, its links would name the extension's secret port.
        """
        try:
            body = await read_json_body(request, self._body_limit_bytes)
        except RequestBodyTooLarge:
            return web.Response(status=413)
        _, _, query = request.raw_path.partition("?")
        url = URL(f"{self._origin}{WEBHOOK_PATH}{raw_path}{'?' if query else ''}{query}", encoded=True)
        headers = [(name, value) for name, value in request.headers.items() if _is_forwarded(name)]
        headers.append(("Host", origin.partition("://")[2]))
        try:
            # One session per request is simple to close, and the connection is local.
            async with (
                aiohttp.ClientSession(auto_decompress=False, timeout=_TIMEOUT) as session,
                session.request(request.method, url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                passed_on = CIMultiDict(
                    (name, value) for name, value in answer.headers.items() if _is_forwarded(name)
                )
                return web.Response(status=answer.status, body=await answer.read(), headers=passed_on)
        except aiohttp.ClientConnectionError:
            return web.Response(status=503)


def _is_forwarded(header: str) -> bool:
    return header.lower() not in _CONNECTION_HEADERS
