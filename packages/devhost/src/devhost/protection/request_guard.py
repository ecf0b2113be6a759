"""Refuses requests that web pages make a browser send to this machine, before any other code sees them.

Other machines cannot reach a server on 127.0.0.1, but sites that its user visits can: their pages may send
requests anywhere, and simple ones without a preflight. So a request

* must name this machine in one ``Host`` header. A site that points a name of its own at 127.0.0.1 (DNS rebinding)
  would be of the server's own origin, but it cannot choose what the browser puts there;
* must come from the server's own pages, or from no page at all, according to the headers ``Origin`` and
  ``Sec-Fetch-Site``. Sandboxed frames send ``Origin: null``, and any page can have such a frame;
* must ask for a path. A full address in its place would name a second host.

Programs send neither ``Origin`` nor ``Sec-Fetch-Site``, so only the first and the last rule affect them.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

LOOPBACK = "127.0.0.1"
_LOOPBACK_NAMES = (LOOPBACK, "localhost", "[::1]")
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:@/]+)(?::[0-9]{1,5})?")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Middleware(Protocol):
    """What ``web.Application`` takes as a middleware."""

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, or have the handler answer it."""


def request_guard(address: str = LOOPBACK) -> Middleware:
    """Make the middleware that lets a request pass, or answers it with 400 or 403 and a text that says why.

    Args:
        address: What the server listens on. The names of the loopback interface are always accepted, and so is
            this address. For 0.0.0.0 and ``::`` that is any IP address, since only names can be rebound.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        return _refusal(request, address) or await handler(request)

    return guard


def _refusal(request: web.Request, address: str) -> web.Response | None:
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or not request.raw_path.startswith("/"):
        return web.Response(status=400, text="Ask for a path, and send one Host header.\n")
    if not _is_ours(hosts[0].lower(), address):
        names = ", ".join(dict.fromkeys((*_LOOPBACK_NAMES, address)))
        text = f"This server answers only at {names}. A tunnel or proxy in front must send such a Host header.\n"
        return web.Response(status=403, text=text)
    if not _is_from_own_page(request, hosts[0]):
        text = "Requests from pages of other sites are refused. Type the address, or ask from a program.\n"
        return web.Response(status=403, text=text)
    return None


def _is_ours(host: str, address: str) -> bool:
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"]
    if name in _LOOPBACK_NAMES or name.strip("[]") == address.lower():
        return True
    return address in ("0.0.0.0", "::", "") and _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _is_from_own_page(request: web.Request, host: str) -> bool:
    own = f"{request.scheme}://{host}".lower()
    origins = request.headers.getall("Origin", [])
    sites = request.headers.getall("Sec-Fetch-Site", [])
    return all(origin.lower() == own for origin in origins) and set(sites) <= {"same-origin", "none"}
