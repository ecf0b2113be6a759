"""All durable work of the host: an engine, and how the app's functions and other programs reach it."""

from devhost.engine.functions import DurableFunctions
from devhost.functions.rpc_http import RpcHttp, new_token, rpc_base_url
from devhost.functions.server_thread import ServerThread, bind_preferred, port_of
from devhost.host.durable_backend import BackendSetting, open_backend
from devhost.host.options import Engine
from devhost.protection.request_guard import LOOPBACK


class DurableWork:
    """Takes the port of the durable RPC API and opens the engine; ``start`` lets it work.

    Args:
        engine: Which engine.
        setting: What the engine is given.
        rpc_port: Port of the RPC API; another is taken if it is in use.

    Raises:
        HostError, DurableEngineError: The engine cannot be opened.

    Attributes:
        backend: The engine.
    """

    def __init__(self, engine: Engine, setting: BackendSetting, rpc_port: int) -> None:
        self._host_url = setting.host_url
        self._listener = bind_preferred(rpc_port)
        self._token = new_token()
        rpc_url = rpc_base_url(f"http://{LOOPBACK}:{port_of(self._listener)}", self._token)
        self.backend = open_backend(engine, setting, rpc_url)

    def connect(self, functions: DurableFunctions) -> None:
        """Give the engine the app's functions. Raises DurableEngineError."""
        self.backend.connect(functions)
        self._rpc = RpcHttp(self.backend.http, self._host_url, self._token)

    def start(self, servers: ServerThread) -> None:
        """Continue work in flight."""
        # Functions may call the RPC API at once, so it is served first.
        self._site = servers.serve(self._rpc.handle, self._listener)
        self.backend.start()

    def stop(self, timeout_seconds: float) -> None:
        """Begin no new work, and wait for running functions, which can still use the RPC API."""
        self.backend.stop(timeout_seconds)

    def close(self) -> None:
        """Answer no more requests."""
        self._site.stop()
        self.backend.close()
