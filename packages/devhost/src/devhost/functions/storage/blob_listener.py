"""Runs a blob trigger: looks for new versions of blobs, and runs the function once for each."""

import json
import logging
import sqlite3
import threading
import time

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobProperties

from devhost.engine.functions import FunctionFailed, FunctionTimedOut
from devhost.functions.errors import HostStopping
from devhost.functions.indexing import IndexedFunction
from devhost.functions.invocation_context import Invocation
from devhost.functions.invoker_protocol import Invoker
from devhost.functions.storage.accounts import StorageAccounts
from devhost.functions.storage.binding_data import data_of_blob
from devhost.functions.storage.binding_io import send
from devhost.functions.storage.blob_paths import BlobPattern
from devhost.functions.storage.blob_receipts import BlobReceipts
from devhost.functions.storage.blob_values import StoredBlob, read_blob
from devhost.functions.storage.options import BASE64, BlobOptions
from devhost.functions.storage.pacing import Pacing
from devhost.functions.storage.queue_text import encode_message
from devhost.functions.storage.resolved_bindings import StorageBinding

log = logging.getLogger("devhost.host")

POISON_QUEUE = "webjobs-blobtrigger-poison"
_LONGEST_PAUSE_SECONDS = 2.0
_POSTPONE_SECONDS = 5
# A storage service that does not answer must not delay the stop of the host.
_STOP_SECONDS = 2.0


class BlobListener:
    """Works on the blobs of one path for one function, from ``start`` to ``stop``.

    A blob that exists before the function first runs counts as new. One that fails is tried again at once;
    after ``poisonBlobThreshold`` tries a message about it goes to ``webjobs-blobtrigger-poison``.

    Args:
        function: A function with a blob trigger.
        binding: Its trigger.
        invoker: Runs it.
        accounts: Clients.
        receipts: Which versions of blobs are done.
        options: How to read blobs.
    """

    def __init__(
        self,
        function: IndexedFunction,
        binding: StorageBinding,
        invoker: Invoker,
        accounts: StorageAccounts,
        receipts: BlobReceipts,
        options: BlobOptions,
    ) -> None:
        self._function, self._binding, self._invoker = function, binding, invoker
        self._accounts, self._receipts, self._options = accounts, receipts, options
        self._pattern = BlobPattern.parse(binding.target)
        self._container = accounts.container(binding.connection, self._pattern.container)
        self._changed = threading.Condition()
        self._woken = self._stopping = self._is_failing = False
        self._running: set[str] = set()
        self._done: dict[str, str] = {}
        self._postponed: dict[str, float] = {}
        self._pacing = Pacing(_LONGEST_PAUSE_SECONDS)
        self._watcher = threading.Thread(target=self._watch, name=f"blobs-{function.name}", daemon=True)

    def start(self) -> None:
        """Begin to look for blobs."""
        self._done = self._receipts.done(self._function.name)
        self._watcher.start()

    def wake(self) -> None:
        """Look now: something was written."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Begin no more blobs; running functions go on."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._watcher.is_alive():
            self._watcher.join(_STOP_SECONDS)

    def close(self, timeout_seconds: float) -> None:
        """Wait a little for blobs that end; the others are worked on again after a restart."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout_seconds)

    def run_by_hand(self, path: str) -> None:
        """Run the function for a blob, given as ``container/name``; failures are logged."""
        name = path.strip("/").removeprefix(f"{self._pattern.container}/")
        tokens = self._pattern.match(name) or {}
        try:
            blob = read_blob(self._container.get_blob_client(name))
            if blob is None:
                log.warning("%s was not run by hand: there is no blob %s.", self._function.name, path)
                return
            self._call(blob, tokens, "Run by hand")
        except AzureError as error:
            log.warning("%s was not run by hand: %s", self._function.name, str(error).splitlines()[0])
        except (FunctionFailed, FunctionTimedOut, HostStopping) as failure:
            log.info("%s, run by hand, did not succeed: %s", self._function.name, failure)

    def _watch(self) -> None:
        while not self._stopping:
            self._woken, began = False, time.monotonic()
            if self._look():
                self._pacing.found()
            pause = self._pacing.pause_seconds(time.monotonic() - began)
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._woken, pause)

    def _look(self) -> bool:
        """Begin all new versions; returns whether there were any."""
        found = False
        try:
            for blob in self._container.list_blobs(name_starts_with=self._pattern.prefix or None):
                tokens = self._pattern.match(blob.name)
                if tokens is not None and self._is_new(blob):
                    found = True
                    self._launch(blob, tokens)
                if self._stopping:
                    break
        except ResourceNotFoundError:
            pass  # No container yet, so no blobs.
        except AzureError as error:
            self._log_failure(error)
            return False
        self._is_failing = False
        return found

    def _is_new(self, blob: BlobProperties) -> bool:
        uri = self._uri(blob.name)
        if uri in self._running or time.monotonic() < self._postponed.get(uri, 0.0):
            return False
        return self._done.get(uri) != _etag(blob)

    def _launch(self, blob: BlobProperties, tokens: dict[str, str]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or len(self._running) < self._options.max_parallel)
            if self._stopping:
                return
            self._running.add(self._uri(blob.name))
        name = f"blob-{self._function.name}-{blob.name}"
        threading.Thread(target=self._work_on, args=(blob, tokens), name=name, daemon=True).start()

    def _work_on(self, blob: BlobProperties, tokens: dict[str, str]) -> None:
        uri, etag = self._uri(blob.name), _etag(blob)
        try:
            if self._try_until_done(blob.name, uri, etag, tokens):
                self._receipts.finish(self._function.name, uri, etag)
                self._done[uri] = etag
                self._postponed.pop(uri, None)
        except (AzureError, sqlite3.Error) as error:
            self._postpone(uri, error)
        finally:
            with self._changed:
                self._running.discard(uri)
                self._changed.notify_all()

    def _try_until_done(self, name: str, uri: str, etag: str, tokens: dict[str, str]) -> bool:
        """Whether this version is done with: the function succeeded, or it was given up."""
        while not self._stopping:
            tries = self._receipts.begin(self._function.name, uri, etag)
            if tries > self._options.poison_threshold:
                return self._give_up(name, etag)
            try:
                blob = self._read(name, etag)
                if blob is None:
                    # It was overwritten or deleted; the next look finds a new version.
                    return True
                self._call(blob, tokens, f"New blob detected: {self._pattern.container}/{name}")
                return True
            except (FunctionFailed, FunctionTimedOut):
                if tries >= self._options.poison_threshold:
                    return self._give_up(name, etag)
            except (HostStopping, RuntimeError):
                self._receipts.take_back(self._function.name, uri, etag)
                return False
            except AzureError:
                self._receipts.take_back(self._function.name, uri, etag)
                raise
        return False

    def _read(self, name: str, etag: str) -> StoredBlob | None:
        client = self._container.get_blob_client(name)
        try:
            return read_blob(client, etag=etag, match_condition=MatchConditions.IfNotModified)
        except ResourceModifiedError:
            return None

    def _call(self, blob: StoredBlob, tokens: dict[str, str], reason: str) -> None:
        try:
            value = blob.as_argument(self._binding.annotation)
        except FunctionFailed as failure:
            log.error("Functions.%s: %s", self._function.name, failure.message)
            raise
        data = data_of_blob(blob.path, blob.uri, tokens, blob.metadata)
        invocation = Invocation(self._function.name, reason, binding_data=data)
        self._invoker.call(self._function, {self._function.trigger_parameter: value}, invocation)

    def _give_up(self, name: str, etag: str) -> bool:
        record = {
            "Type": "BlobTrigger",
            "FunctionId": f"Host.Functions.{self._function.name}",
            "BlobType": "BlockBlob",
            "ContainerName": self._pattern.container,
            "BlobName": name,
            "ETag": etag,
        }
        connection = self._binding.connection
        send(self._accounts.queue(connection, POISON_QUEUE), [encode_message(json.dumps(record), BASE64)])
        self._accounts.notify(connection, POISON_QUEUE)
        log.error(
            "Blob %s/%s was given up by %s after %d tries; a message about it is in %s.",
            self._pattern.container,
            name,
            self._function.name,
            self._options.poison_threshold,
            POISON_QUEUE,
        )
        return True

    def _uri(self, name: str) -> str:
        return f"{self._container.url}/{name}"

    def _postpone(self, uri: str, error: Exception) -> None:
        """Leave a blob for a while, because it could not be read or its receipt could not be written."""
        self._postponed[uri] = time.monotonic() + _POSTPONE_SECONDS
        log.warning(
            "%s could not work on %s, and tries it again in %d seconds: %s",
            self._function.name,
            uri,
            _POSTPONE_SECONDS,
            str(error).splitlines()[0],
        )

    def _log_failure(self, error: AzureError) -> None:
        if not self._is_failing:
            log.warning(
                "The container %s of %s cannot be read, and is tried again: %s Check that its storage account is "
                "there (locally: Azurite).",
                self._pattern.container,
                self._function.name,
                str(error).splitlines()[0],
            )
        self._is_failing = True


def _etag(blob: BlobProperties) -> str:
    # Lists give it without the quotes that conditions need.
    return f'"{str(blob.etag).strip(chr(34))}"'
