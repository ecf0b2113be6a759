"""Runs the queue and blob functions of a test's app on a real Azurite, and reads what they wrote there."""

import base64
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from devhost.functions.bound_invoker import BoundInvoker
from devhost.functions.indexing import IndexedFunction, index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.storage.triggers import StorageTriggers
from tests.azurite import Azurite


class StorageApp:
    """An app's storage functions, running from ``start`` to ``stop``; names are this test's own.

    Args:
        azurite: Where queues and blobs are.
        folder: The folder of the receipts, which survive a restart.
    """

    def __init__(self, azurite: Azurite, folder: Path) -> None:
        self.connection, self._folder = azurite.connection_string, folder
        self.name = f"t{uuid.uuid4().hex[:12]}"
        self._blobs = BlobServiceClient.from_connection_string(self.connection)
        self._started: list[tuple[FunctionInvoker, StorageTriggers]] = []
        self._queues: dict[str, QueueClient] = {}

    def start(self, app: func.FunctionApp, **queue_options: Any) -> BoundInvoker:
        """Index the app and begin to listen; ``%NAME%`` is this test's own name."""
        self.functions = {function.name: function for function in index_functions(app, self._folder)}
        host_json = {"extensions": {"queues": {"maxPollingInterval": "00:00:00.2", **queue_options}}}
        settings = {"AzureWebJobsStorage": self.connection, "NAME": self.name}
        inner = FunctionInvoker()
        triggers = StorageTriggers(tuple(self.functions.values()), host_json, settings, self._folder)
        self._started.append((inner, triggers))
        invoker = BoundInvoker(inner, triggers)
        triggers.start(invoker)
        self.triggers = triggers
        return invoker

    def function(self, name: str) -> IndexedFunction:
        """A function of the app."""
        return self.functions[name]

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Stop in the order in which the host does it."""
        for inner, triggers in self._started:
            triggers.stop()
            inner.wait_idle(grace_seconds)
            inner.close()
            triggers.close()
        self._started.clear()

    def close(self) -> None:
        """Stop, and close the test's own connections."""
        self.stop()
        for queue in self._queues.values():
            queue.close()
        self._blobs.close()

    def queue(self, suffix: str) -> QueueClient:
        """The client of this test's queue, or of a shared queue if the name begins with ``webjobs``."""
        name = suffix if suffix.startswith("webjobs") else f"{self.name}-{suffix}"
        if name not in self._queues:
            self._queues[name] = QueueClient.from_connection_string(self.connection, name)
        return self._queues[name]

    def send(self, suffix: str, *bodies: str) -> None:
        """Put messages into a queue, Base64 as Azure has it, from outside of the host."""
        queue = self.queue(suffix)
        if not exists(queue):
            queue.create_queue()
        for body in bodies:
            queue.send_message(base64.b64encode(body.encode()).decode())

    def bodies(self, suffix: str) -> list[str]:
        """What is visible in a queue, decoded; it stays there."""
        return [base64.b64decode(text).decode() for text in self.texts(suffix)]

    def texts(self, suffix: str) -> list[str]:
        """What is visible in a queue, as it is stored."""
        queue = self.queue(suffix)
        return [message.content for message in queue.peek_messages(32)] if exists(queue) else []

    def upload(self, path: str, content: bytes | str, metadata: Mapping[str, str] | None = None) -> None:
        """Write a blob into a container of this test, from outside of the host."""
        suffix, _, name = path.partition("/")
        container = self._blobs.get_container_client(f"{self.name}-{suffix}")
        if not container.exists():
            container.create_container()
        container.upload_blob(name, content, overwrite=True, metadata=dict(metadata or {}))

    def blob(self, path: str) -> str | None:
        """The text of a blob of this test; None if there is none."""
        suffix, _, name = path.partition("/")
        blob = self._blobs.get_blob_client(f"{self.name}-{suffix}", name)
        return blob.download_blob().readall().decode() if blob.exists() else None


def exists(queue: QueueClient) -> bool:
    """Whether a queue exists."""
    try:
        queue.get_queue_properties()
    except ResourceNotFoundError:
        return False
    return True
