"""The local RPC API, which the durable SDK's client calls; on a port of its own, for this machine only.

It does what the durable webhooks do, but requires no key, since the SDK sends none. Instead it requires a token,
which is new with each start of the host. The token is part of the base URL in the client binding, which the SDK
uses unchanged. So only functions with a durable client know it.
"""

import secrets

from aiohttp import web

from devhost.functions.access_keys import is_same
from devhost.functions.durable_http import DurableApi

_API = "/durabletask"


class RpcHttp:
    """Serves the durable API under ``/{token}/durabletask/``.

    Args:
        durable: Answers the requests.
        public_origin: ``scheme://host:port`` of the public port, which links must name.
        token: From ``new_token``.
    """

    def __init__(self, durable: DurableApi, public_origin: str, token: str) -> None:
        self._durable = durable
        self._public_origin = public_origin
        self._token = token

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request: an empty 401 without the token, an empty 404 for a path outside the API."""
        token, _, rest = request.raw_path.split("?")[0].removeprefix("/").partition("/")
        if not is_same(token, self._token):
            return web.Response(status=401)
        path = f"/{rest}"
        if not path.lower().startswith(f"{_API}/"):
            return web.Response(status=404)
        return await self._durable.handle(request, path[len(_API) :], self._public_origin)


def new_token() -> str:
    """A token that cannot be guessed, in characters that need no encoding in a path."""
    return secrets.token_urlsafe(32)


def rpc_base_url(origin: str, token: str) -> str:
    """The base of the API on the RPC port's origin; the SDK appends to it, so it ends with a slash."""
    return f"{origin}/{token}{_API}/"
