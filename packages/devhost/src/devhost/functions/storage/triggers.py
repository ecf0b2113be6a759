"""All queue and blob triggers of an app, and the storage bindings of its other functions."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import azure.functions as func

from devhost.functions.binding_tokens import has_tokens
from devhost.functions.indexing import BLOB_TRIGGER, QUEUE_TRIGGER, IndexedFunction
from devhost.functions.invoker_protocol import Invoker
from devhost.functions.storage.accounts import StorageAccounts
from devhost.functions.storage.binding_data import data_of_request
from devhost.functions.storage.binding_io import BindingIo
from devhost.functions.storage.blob_listener import BlobListener
from devhost.functions.storage.blob_receipts import BlobReceipts
from devhost.functions.storage.options import BlobOptions, QueueOptions
from devhost.functions.storage.queue_listener import QueueListener
from devhost.functions.storage.queues import TriggerQueue
from devhost.functions.storage.resolved_bindings import StorageBinding, resolve_bindings

log = logging.getLogger("devhost.host")

Listener = QueueListener | BlobListener

_PUSHED = (
    "%s: its container is not looked at, since Event Grid would announce its blobs, and does not do so here. "
    'Run it for a blob: POST /admin/functions/%s with {"input": "container/name"}.'
)


class StorageTriggers:
    """Everything of an app that has to do with queues and blobs.

    Args:
        functions: The app's functions, without the disabled ones.
        host_json: The whole of host.json.
        settings: App settings: connection strings, ``%NAME%``.
        folder: Where the record of processed blobs is kept.

    Raises:
        HostConfigError: host.json, or a binding; ``binding_faults`` lists those of all bindings.
    """

    def __init__(
        self,
        functions: Sequence[IndexedFunction],
        host_json: dict[str, Any],
        settings: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._queue_options = QueueOptions.from_host_json(host_json)
        self._blob_options = BlobOptions.from_host_json(host_json)
        self._functions = functions
        self._bindings = {function.name: resolve_bindings(function, settings) for function in functions}
        self._accounts = StorageAccounts()
        self._receipts_path = folder / "blob-receipts.db"
        self._receipts: BlobReceipts | None = None
        self._listeners: dict[str, Listener] = {}
        self._io = {name: self._io_of(name, bindings) for name, bindings in self._bindings.items() if bindings}

    def of(self, function: IndexedFunction) -> BindingIo | None:
        """The inputs and outputs of a function; None if it has none."""
        return self._io.get(function.name)

    def data(self, function: IndexedFunction, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the trigger's value gives to the tokens of other bindings: for now, that of an HTTP request."""
        value = arguments.get(function.trigger_parameter)
        return data_of_request(value) if isinstance(value, func._abc.HttpRequest) else {}

    def start(self, invoker: Invoker) -> None:
        """Begin to listen; functions with Event Grid as source can only be run by hand."""
        pushed = {function.name for function in self._functions if _is_pushed(function)}
        for function in self._functions:
            for binding in self._bindings[function.name]:
                if binding.kind in (QUEUE_TRIGGER, BLOB_TRIGGER):
                    self._listeners[function.name] = self._listener(function, binding, invoker)
        for name, listener in self._listeners.items():
            if name in pushed:
                log.warning(_PUSHED, name, name)
            else:
                listener.start()

    def run_by_hand(self, function: IndexedFunction, text_or_path: str) -> None:
        """Run a triggered function for a message's text or a blob's path."""
        listener = self._listeners.get(function.name)
        if listener is None:
            log.warning("%s was not run by hand: it is disabled.", function.name)
        else:
            listener.run_by_hand(text_or_path)

    def stop(self) -> None:
        """Begin no more functions; running ones go on."""
        for listener in self._listeners.values():
            listener.stop()

    def close(self, timeout_seconds: float = 2.0) -> None:
        """Give back what still runs, and close all connections."""
        deadline = time.monotonic() + timeout_seconds
        for listener in self._listeners.values():
            listener.close(max(0.0, deadline - time.monotonic()))
        if self._receipts is not None:
            self._receipts.close()
        self._accounts.close()

    def _io_of(self, name: str, bindings: list[StorageBinding]) -> BindingIo:
        return BindingIo(name, bindings, self._accounts, self._queue_options.message_encoding)

    def _listener(self, function: IndexedFunction, binding: StorageBinding, invoker: Invoker) -> Listener:
        listener: Listener
        if binding.kind == QUEUE_TRIGGER:
            queue = TriggerQueue(self._accounts, binding.connection, binding.target)
            listener = QueueListener(function, binding.annotation, invoker, queue, self._queue_options)
        else:
            listener = BlobListener(
                function, binding, invoker, self._accounts, self._opened_receipts(), self._blob_options
            )
        watched = binding.target if binding.kind == QUEUE_TRIGGER else binding.target.partition("/")[0]
        assert not has_tokens(watched)
        self._accounts.on_write(binding.connection, watched, listener.wake)
        return listener

    def _opened_receipts(self) -> BlobReceipts:
        if self._receipts is None:
            self._receipts = BlobReceipts(self._receipts_path)
        return self._receipts


def _is_pushed(function: IndexedFunction) -> bool:
    """Whether a function's blobs are announced by Event Grid instead of being found by polling."""
    source = function.trigger.get_dict_repr().get("source")
    return function.trigger_type == BLOB_TRIGGER and str(source).lower() == "eventgrid"
