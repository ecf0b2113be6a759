"""The storage accounts that bindings name: one HTTP session for all, one client for each queue and container."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import requests
from azure.core.exceptions import ResourceExistsError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient
from requests.adapters import HTTPAdapter

# Supported by every Azurite of the last years; the packages' default may be too new for it.
_API_VERSION = "2023-11-03"
# As many as may be in use at once, so that all of them are reused.
_CONNECTIONS = 64
# The packages' own retries begin after 15 seconds; a local emulator answers at once or not at all.
_RETRIES = {"retry_total": 1, "initial_backoff": 0.2, "random_jitter_range": 0}


class StorageAccounts:
    """Clients by connection string, shared by all threads; notifies listeners of the host's own writes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
        transport: Any = RequestsTransport(session=self._session, session_owner=False)
        self._client_options = {"transport": transport, "api_version": _API_VERSION, **_RETRIES}
        self._queues: dict[tuple[str, str], QueueClient] = {}
        self._containers: dict[tuple[str, str], ContainerClient] = {}
        self._listeners: dict[tuple[str, str], list[Callable[[], None]]] = defaultdict(list)

    def queue(self, connection: str, name: str) -> QueueClient:
        """The client of a queue, which need not exist."""
        with self._lock:
            if (connection, name) not in self._queues:
                client = QueueClient.from_connection_string(connection, name, **self._client_options)
                self._queues[connection, name] = client
            return self._queues[connection, name]

    def container(self, connection: str, name: str) -> ContainerClient:
        """The client of a blob container, which need not exist."""
        with self._lock:
            if (connection, name) not in self._containers:
                client = ContainerClient.from_connection_string(connection, name, **self._client_options)
                self._containers[connection, name] = client
            return self._containers[connection, name]

    def on_write(self, connection: str, name: str, listener: Callable[[], None]) -> None:
        """Call `listener` whenever this host writes to a queue or container, so that it need not poll for that."""
        self._listeners[connection, name].append(listener)

    def notify(self, connection: str, name: str) -> None:
        """Notify the listeners of a queue or container that something was written."""
        for listener in self._listeners.get((connection, name), ()):
            listener()

    def close(self) -> None:
        """Close all connections."""
        self._session.close()


def create_if_missing(client: QueueClient | ContainerClient) -> None:
    """Make a queue or container, unless it exists already."""
    create: Callable[[], Any] = (
        client.create_container if isinstance(client, ContainerClient) else client.create_queue
    )
    # Another thread, or another program, may be first.
    with contextlib.suppress(ResourceExistsError):
        create()
