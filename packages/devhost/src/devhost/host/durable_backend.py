"""The interface between the host and a durable engine, and devhost's own engine behind it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from devhost.engine.clock import AdvanceableClock, Clock
from devhost.engine.engine import DurableEngine
from devhost.engine.functions import DurableFunctions
from devhost.engine.options import EngineOptions
from devhost.extension.backend import NO_TIME_TRAVEL, ExtensionBackend
from devhost.extension.errors import ExtensionUnavailable
from devhost.extension.program import find_program
from devhost.functions.durable_functions import DurableNames
from devhost.functions.durable_http import DurableApi, DurableHttp
from devhost.functions.durable_links import DurableLinks, log_ignored_hubs
from devhost.functions.host_config import option
from devhost.functions.indexing import IndexedFunction
from devhost.host.options import Engine
from devhost.page.instance_source import InstanceSource
from devhost.worker.invoker import DURABLE_ATTEMPTS


class DurableBackend(Protocol):
    """What the host needs of a durable engine.

    The order is: make it, hand ``client_binding`` to the app, ``connect`` the app's functions, ``start``,
    ``stop``, and ``close`` once no more requests come.
    """

    @property
    def attempts(self) -> int:
        """How often in all a durable function may be run whose process dies."""
        ...

    @property
    def client_binding(self) -> str:
        """The JSON text that a durable client parameter receives."""
        ...

    @property
    def http(self) -> DurableApi:
        """Answers the durable HTTP API; from ``connect`` on."""
        ...

    @property
    def instances(self) -> InstanceSource:
        """The instances and entities for the page; from ``connect`` on."""
        ...

    def connect(self, functions: DurableFunctions) -> None:
        """Take the app's functions. None is called before ``start``."""
        ...

    def start(self) -> None:
        """Continue work in flight, and begin to take new work."""
        ...

    def check(self) -> None:
        """Raise HostError if the engine has ended by itself."""
        ...

    def advance(self, duration: timedelta) -> None:
        """Move the time forward; raises DurableEngineError or HostError where it cannot be moved."""
        ...

    def stop(self, timeout_seconds: float) -> None:
        """Take no more work, and let running functions end within the timeout. Nothing is lost."""
        ...

    def close(self) -> None:
        """Answer no more requests."""
        ...


@dataclass(frozen=True)
class BackendSetting:
    """What the host gives to a durable engine.

    Attributes:
        document: The whole of host.json.
        functions: The app's functions, without the disabled ones.
        clock: Where the time comes from.
        host_url: ``scheme://host:port`` of the public port.
        key: The system key of the durable API, or None.
        folder: The host's own folder.
        body_limit_bytes: Larger requests to the durable API are answered with 413.
    """

    document: dict[str, Any]
    functions: Sequence[IndexedFunction]
    clock: Clock
    host_url: str
    key: str | None
    folder: Path
    body_limit_bytes: int


def open_backend(engine: Engine, setting: BackendSetting, rpc_url: str) -> DurableBackend:
    """Make the backend that runs the durable functions; `rpc_url` is what the SDK's client calls.

    Raises:
        OptionsError: host.json has an option that devhost's engine does not support.
        ExtensionUnavailable: the extension cannot be started.
    """
    if engine == "devhost":
        return OwnBackend(setting, rpc_url)
    if isinstance(setting.clock, AdvanceableClock):
        raise ExtensionUnavailable(NO_TIME_TRAVEL)
    return ExtensionBackend(
        find_program(os.environ),
        DurableNames.of(setting.functions),
        section=option(setting.document, "extensions", "durableTask") or {},
        public_url=setting.host_url,
        rpc_base_url=rpc_url,
        key=setting.key,
        folder=setting.folder,
        body_limit_bytes=setting.body_limit_bytes,
    )


class OwnBackend:
    """devhost's own engine, in this process."""

    attempts = DURABLE_ATTEMPTS

    def __init__(self, setting: BackendSetting, rpc_url: str) -> None:
        self._setting = setting
        self._options = EngineOptions.from_host_json(setting.document)
        log_ignored_hubs(setting.functions, self._options.hub_name)
        self._links = DurableLinks(self._options.hub_name, setting.key)
        self.client_binding = self._links.client_binding(setting.host_url, rpc_url)

    def connect(self, functions: DurableFunctions) -> None:
        """Open the database. Raises DatabaseInUse, DatabaseTooNew."""
        path = self._setting.folder / f"{self._options.hub_name}.db"
        self._engine = DurableEngine(functions, self._options, path, self._setting.clock)
        self.instances: InstanceSource = self._engine.client
        self.http = DurableHttp(self._engine.client, self._links, self._setting.body_limit_bytes)

    def start(self) -> None:
        """Continue work in flight, and begin to take new work."""
        self._engine.start()

    def check(self) -> None:
        """Do nothing: the engine ends only with the host."""

    def advance(self, duration: timedelta) -> None:
        """Move the time forward. Raises DurableEngineError."""
        self._engine.advance(duration)

    def stop(self, timeout_seconds: float) -> None:
        """Take no more work; what has not ended by then is run again after the next start."""
        self._engine.stop(timeout_seconds)

    def close(self) -> None:
        """Answer no more requests."""
        self.http.close()
