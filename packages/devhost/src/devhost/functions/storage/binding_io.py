"""Reads a function's blob inputs before it runs, and writes its queue and blob outputs when it has succeeded."""

from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobClient
from azure.storage.queue import QueueClient

from devhost.engine.functions import FunctionFailed
from devhost.functions.binding_tokens import resolve_tokens
from devhost.functions.indexing import BLOB, QUEUE
from devhost.functions.storage.accounts import StorageAccounts, create_if_missing
from devhost.functions.storage.blob_values import content_of, read_blob
from devhost.functions.storage.queue_text import bodies_of, encode_message
from devhost.functions.storage.resolved_bindings import StorageBinding


class BindingIo:
    """The storage inputs and outputs of one function.

    Args:
        function_name: For messages, and ``{sys.methodname}``.
        bindings: Its storage bindings.
        accounts: Clients.
        message_encoding: ``base64`` or ``none``.
    """

    def __init__(
        self,
        function_name: str,
        bindings: list[StorageBinding],
        accounts: StorageAccounts,
        message_encoding: str,
    ) -> None:
        self._function_name = function_name
        self._inputs = [binding for binding in bindings if binding.kind == BLOB and not binding.is_output]
        self._outputs = [binding for binding in bindings if binding.is_output]
        self._accounts, self._encoding = accounts, message_encoding

    def read(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Read the blob inputs, by parameter; None for a blob that does not exist. Raises FunctionFailed."""
        return {binding.name: self._read_input(binding, data) for binding in self._inputs}

    def write(self, values: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Write what the function set or returned, by parameter; nothing for None. Raises FunctionFailed.

        Names are resolved and values encoded before the first write, so that a faulty one prevents all writes.
        """
        writes = [
            self._prepared(binding, values[binding.name], data)
            for binding in self._outputs
            if values.get(binding.name) is not None
        ]
        for binding, target, contents in writes:
            try:
                self._write_output(binding, target, contents)
            except AzureError as error:
                raise self._failed(binding, target, "written", error) from error

    def _read_input(self, binding: StorageBinding, data: Mapping[str, Any]) -> Any:
        target = resolve_tokens(binding.target, data, self._function_name)
        try:
            blob = read_blob(self._blob(binding, target))
        except AzureError as error:
            raise self._failed(binding, target, "read", error) from error
        return blob and blob.as_argument(binding.annotation)

    def _prepared(
        self, binding: StorageBinding, value: Any, data: Mapping[str, Any]
    ) -> tuple[StorageBinding, str, list[Any]]:
        target = resolve_tokens(binding.target, data, self._function_name)
        if binding.kind == QUEUE:
            return binding, target.lower(), [encode_message(body, self._encoding) for body in bodies_of(value)]
        return binding, target, [content_of(value)]

    def _write_output(self, binding: StorageBinding, target: str, contents: list[Any]) -> None:
        if binding.kind == QUEUE:
            send(self._accounts.queue(binding.connection, target), contents)
            self._accounts.notify(binding.connection, target)
            return
        self._upload(binding, target, contents[0])
        self._accounts.notify(binding.connection, target.partition("/")[0])

    def _upload(self, binding: StorageBinding, target: str, content: bytes) -> None:
        blob = self._blob(binding, target)
        try:
            blob.upload_blob(content, overwrite=True)
        except ResourceNotFoundError:
            create_if_missing(self._accounts.container(binding.connection, blob.container_name))
            blob.upload_blob(content, overwrite=True)

    def _blob(self, binding: StorageBinding, target: str) -> BlobClient:
        container, _, name = target.partition("/")
        return self._accounts.container(binding.connection, container).get_blob_client(name)

    def _failed(self, binding: StorageBinding, target: str, action: str, error: AzureError) -> FunctionFailed:
        kind = "queue" if binding.kind == QUEUE else "blob"
        reason = str(error).splitlines()[0]
        text = (
            f'the {kind} "{target}" of the binding "{binding.name}" could not be {action}: {reason} '
            "Check that the storage account of its connection is there (locally: Azurite)."
        )
        return FunctionFailed("BindingError", text)


def send(queue: QueueClient, texts: list[str]) -> None:
    """Send messages to a queue, which is made if it is missing. Raises AzureError."""
    for text in texts:
        try:
            queue.send_message(text)
        except ResourceNotFoundError:
            create_if_missing(queue)
            queue.send_message(text)
