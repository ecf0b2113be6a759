"""The local RPC API, which the durable SDK's client calls; on a port of its own, for this machine only."""

from aiohttp import web

from devhost.functions_host.durable_http import DurableHttp

RPC_PATH = "/durabletask"


class RpcHttp:
    """Serves the durable API under ``/durabletask/``, without keys.

    Args:
        durable: Answers the requests.
        public_origin: ``scheme://host:port`` of the public port, which links must name.
    """

    def __init__(self, durable: DurableHttp, public_origin: str) -> None:
        self._durable = durable
        self._public_origin = public_origin

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; other paths are an empty 404."""
        path = request.raw_path.split("?")[0]
        if not path.lower().startswith(f"{RPC_PATH}/"):
            return web.Response(status=404)
        return await self._durable.handle(request, path[len(RPC_PATH) :], self._public_origin)
