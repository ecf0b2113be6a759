"""All durable work of the host: the engine, and how the app's functions and other programs reach it.

This is all that ``FunctionsHost`` knows of engines, so another one would take this module's place.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from devhost.engine.client import DurableClient
from devhost.engine.clock import Clock
from devhost.engine.engine import DurableEngine
from devhost.engine.functions import DurableFunctions
from devhost.engine.options import EngineOptions
from devhost.functions.durable_http import DurableHttp
from devhost.functions.durable_links import DurableLinks
from devhost.functions.rpc_http import RpcHttp, new_token, rpc_base_url
from devhost.functions.server_thread import ServerThread, bind_preferred, port_of
from devhost.protection.request_guard import LOOPBACK


class DurableWork:
    """Takes the port of the durable RPC API; ``start`` lets the engine work.

    Args:
        options: The engine's.
        host_url: Where the host listens.
        key: System key that the webhooks' links must carry, or None.
        rpc_port: Port of the RPC API; another is taken if it is in use.

    Attributes:
        client_binding: JSON text that durable client parameters receive.
    """

    def __init__(self, options: EngineOptions, host_url: str, key: str | None, rpc_port: int) -> None:
        self._options = options
        self._host_url = host_url
        self._links = DurableLinks(options.hub_name, key)
        self._listener = bind_preferred(rpc_port)
        self._token = new_token()
        rpc_url = rpc_base_url(f"http://{LOOPBACK}:{port_of(self._listener)}", self._token)
        self.client_binding = self._links.client_binding(host_url, rpc_url)

    def open(self, functions: DurableFunctions, clock: Clock, folder: Path, body_limit_bytes: int) -> None:
        """Open the task hub's database in a folder. Raises DurableEngineError."""
        self._engine = DurableEngine(functions, self._options, folder / f"{self._options.hub_name}.db", clock)
        self._http = DurableHttp(self._engine.client, self._links, body_limit_bytes)
        self._rpc = RpcHttp(self._http, self._host_url, self._token)

    @property
    def client(self) -> DurableClient:
        """What the page asks."""
        return self._engine.client

    @property
    def http(self) -> DurableHttp:
        """The durable HTTP API, for the host's public port."""
        return self._http

    @property
    def advance(self) -> Callable[[timedelta], None]:
        """Moves a virtual clock on, timer by timer."""
        return self._engine.advance

    def start(self, servers: ServerThread) -> None:
        """Go on with what is in flight."""
        # It may ask the RPC API at once, so that comes first.
        self._site = servers.serve(self._rpc.handle, self._listener)
        self._engine.start()

    def stop(self, timeout_seconds: float) -> None:
        """Begin no new work, and wait for what runs; the RPC API still answers it."""
        self._engine.stop(timeout_seconds)

    def close(self) -> None:
        """Answer no more."""
        self._site.stop()
        self._http.close()
