"""Sending metrics to Application Insights, also when its endpoint is slow, failing or gone.

The sender of the package retries without pause or limit, dies of a value that JSON cannot hold, and loses items
that are queued in the second before its thread ends (docs/decisions/0002). This one pauses between attempts,
limits its queue and drops what is too much, and its thread does not end.
"""

import atexit
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from applicationinsights import TelemetryClient
from applicationinsights.channel import AsynchronousQueue, AsynchronousSender, TelemetryChannel

log = logging.getLogger(__name__)

MOST_QUEUED = 10_000
CLOUD_ROLE = "document-pipeline"
_DEFAULT_ENDPOINT = "https://dc.services.visualstudio.com"
_POST_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.5
_TRANSIENT = {408, 429, 439}


def parse_connection_string(connection_string: str) -> tuple[str, str]:
    """The instrumentation key and the URL metrics are posted to.

    Raises ValueError when there is no ``InstrumentationKey``.
    """
    pairs = (part.partition("=") for part in connection_string.split(";") if part.strip())
    parts = {name.strip().lower(): value.strip() for name, _, value in pairs}
    key = parts.get("instrumentationkey")
    if not key:
        raise ValueError("APPLICATIONINSIGHTS_CONNECTION_STRING has no InstrumentationKey=...")
    endpoint = parts.get("ingestionendpoint")
    if not endpoint and parts.get("endpointsuffix"):
        location = f"{parts['location']}." if parts.get("location") else ""
        endpoint = f"https://{location}dc.{parts['endpointsuffix']}"
    return key, f"{(endpoint or _DEFAULT_ENDPOINT).rstrip('/')}/v2/track"


class BoundedQueue(AsynchronousQueue):  # type: ignore[misc]
    """Drops new items, and counts them, when ``MOST_QUEUED`` are waiting."""

    def __init__(self, sender: "PatientSender") -> None:
        super().__init__(sender)
        self.dropped = 0
        self.unsent = 0
        """Items that are waiting or being sent."""
        self._count_lock = threading.Lock()
        # The package's own limit would send in the caller's thread.
        self.max_queue_length = MOST_QUEUED * 2

    def put(self, item: Any) -> None:
        """Queue an item for sending."""
        if self._queue.qsize() >= MOST_QUEUED:
            self.dropped += 1
            return
        self.add_unsent(1)
        super().put(item)

    def add_unsent(self, count: int) -> None:
        """Add to the number of unsent items; ``count`` may be negative."""
        with self._count_lock:
            self.unsent += count


class PatientSender(AsynchronousSender):  # type: ignore[misc]
    """Posts each batch once, and pauses longer after each failure. Its thread starts with the first item."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint)
        self._failures = 0
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()

    def start(self) -> None:
        """Start the thread once; the queue calls this for every item."""
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._queue.flush_notification.wait(self.send_interval)
            self._queue.flush_notification.clear()
            while batch := self._take_batch():
                self.send(batch)

    def _take_batch(self) -> list[Any]:
        items: list[Any] = []
        while len(items) < self.send_buffer_size and (item := self._queue.get()):
            items.append(item)
        return items

    def close(self) -> None:
        """Stop the pauses; what cannot be sent at once is dropped."""
        self._closed.set()
        self._queue.flush_notification.set()

    def send(self, data_to_send: list[Any]) -> None:
        """Post a batch. Items that may be accepted later go back into the queue; others are dropped."""
        try:
            body = json.dumps([item.write() for item in data_to_send], default=str).encode()
            if self._post(body):
                self._failures = 0
                return
            self._failures += 1
            if not self._closed.is_set():
                for item in data_to_send:
                    self._queue.put(item)
        except Exception:
            # Any exception: if the thread ended, no metric would be sent again.
            log.debug("A batch of metrics was dropped", exc_info=True)
        finally:
            self._queue.add_unsent(-len(data_to_send))
        if self._failures == 0:
            return
        self._closed.wait(min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(self._failures - 1, 10)))

    def _post(self, body: bytes) -> bool:
        """Whether the batch is done, either accepted or refused for good."""
        headers = {"Accept": "application/json", "Content-Type": "application/json; charset=utf-8"}
        request = urllib.request.Request(self.service_endpoint_uri, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=_POST_SECONDS):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return error.code not in _TRANSIENT and error.code < 500
        except OSError:
            return False


class MetricSink:
    """Sends metrics in the background."""

    def __init__(self, connection_string: str) -> None:
        key, endpoint = parse_connection_string(connection_string)
        self._sender = PatientSender(endpoint)
        self._queue = BoundedQueue(self._sender)
        self._client = TelemetryClient(key, TelemetryChannel(queue=self._queue))
        self._client.context.cloud.role = CLOUD_ROLE
        atexit.register(self.drain, 2.0)

    def send(self, name: str, value: float, properties: dict[str, str]) -> None:
        """Queue one metric."""
        self._client.track_metric(name, float(value), properties=properties)

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until the queue is empty. False when it is not within ``timeout_seconds``."""
        if self._queue.unsent == 0:
            return True
        self._client.flush()
        deadline = time.monotonic() + timeout_seconds
        while self._queue.unsent > 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        return self._queue.unsent == 0

    def close(self) -> None:
        """Stop sending."""
        atexit.unregister(self.drain)
        self._sender.close()
