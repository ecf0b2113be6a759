"""Tells Application Insights of each request to an HTTP function, in the form in which the Functions host does.

It is on where ``APPLICATIONINSIGHTS_CONNECTION_STRING`` is set. With it, what a request has caused (a run of the
durable extension, for example) can be followed back to the request.
"""

import json
import logging
import threading
import urllib.request
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from devhost.functions.http_messages import origin_of
from devhost.functions.invocation_context import Invocation
from devhost.functions.trace_span import TraceSpan

log = logging.getLogger("devhost.host")

SETTING = "APPLICATIONINSIGHTS_CONNECTION_STRING"
MOST_WAITING = 10_000
_PAUSE_SECONDS = 1.0
_POST_SECONDS = 5.0
_LAST_SECONDS = 2.0
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A request to an HTTP function, and how it ended.

    Attributes:
        method: Upper case.
        url: Absolute, without the query, which may hold keys.
        path: The same without scheme and host.
        status: Of the answer.
        succeeded: Whether the function ended without an exception, whatever it answered.
        started_at: UTC.
        duration: Until the function had ended.
    """

    method: str
    url: str
    path: str
    status: int
    succeeded: bool
    started_at: datetime
    duration: timedelta

    @classmethod
    def of(cls, request: web.Request, status: int, succeeded: bool, started_at: datetime) -> "AnsweredRequest":
        """A request that has ended now."""
        path = request.raw_path.partition("?")[0]
        duration = max(timedelta(), datetime.now(UTC) - started_at)
        return cls(
            request.method.upper(), f"{origin_of(request)}{path}", path, status, succeeded, started_at, duration
        )


class RequestTelemetry:
    """Sends what it is told, once a second. What cannot be sent is dropped: requests never wait for it.

    Args:
        endpoint: Base URL of the ingestion endpoint.
        instrumentation_key: Goes into each item.
    """

    def __init__(self, endpoint: str, instrumentation_key: str) -> None:
        self._url = f"{endpoint.rstrip('/')}/v2/track"
        self._key = instrumentation_key
        self._waiting: deque[dict[str, Any]] = deque(maxlen=MOST_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="request-telemetry", daemon=True)
        self._thread.start()

    @classmethod
    def if_set(cls, settings: Mapping[str, str]) -> "RequestTelemetry | None":
        """As the connection string says; None, with a warning if there is one, without an endpoint or a key."""
        text = settings.get(SETTING, "")
        pairs = (part.partition("=") for part in text.split(";"))
        parts = {name.strip().lower(): value.strip() for name, _, value in pairs}
        endpoint, key = parts.get("ingestionendpoint", ""), parts.get("instrumentationkey", "")
        if endpoint.startswith(("http://", "https://")) and key:
            return cls(endpoint, key)
        if text:
            message = "%s has no InstrumentationKey=...;IngestionEndpoint=http...: requests are not sent there."
            log.warning(message, SETTING)
        return None

    def record(self, request: AnsweredRequest, invocation: Invocation, span: TraceSpan) -> None:
        """Queue the item of one request."""
        self._waiting.append(self._item(request, invocation, span))

    def close(self) -> None:
        """Send what waits, or give up after two seconds."""
        self._closing.set()
        self._thread.join(_LAST_SECONDS)

    def _item(self, request: AnsweredRequest, invocation: Invocation, span: TraceSpan) -> dict[str, Any]:
        tags = {"ai.operation.id": span.trace_id, "ai.operation.name": invocation.function_name}
        properties = {
            "HttpMethod": request.method,
            "HttpPath": request.path,
            "InvocationId": invocation.invocation_id,
        }
        data = {
            "ver": 2,
            "id": span.span_id,
            "name": invocation.function_name,
            "duration": _duration(request.duration),
            "success": request.succeeded,
            "responseCode": str(request.status),
            "url": request.url,
            "properties": properties,
        }
        return {
            "name": "AppRequests",
            "time": request.started_at.isoformat().replace("+00:00", "Z"),
            "iKey": self._key,
            "tags": {**tags, **({"ai.operation.parentId": span.parent_id} if span.parent_id else {})},
            "data": {"baseType": "RequestData", "baseData": data},
        }

    def _run(self) -> None:
        while not self._closing.wait(_PAUSE_SECONDS):
            self._post_waiting()
        self._post_waiting()

    def _post_waiting(self) -> None:
        items = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not items:
            return
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url, json.dumps(items).encode(), headers)
        try:
            urllib.request.urlopen(request, timeout=_POST_SECONDS).close()
        except Exception as error:
            # Whatever it is: if the thread ended, nothing would be sent again. It is no news once a second.
            log.debug("%d items of telemetry were dropped: %s", len(items), error)


def _duration(span: timedelta) -> str:
    """``[d.]hh:mm:ss.fffffff``, as .NET writes it."""
    days = f"{span.days}." if span >= _DAY else ""
    hours, seconds = divmod(span.seconds, 3600)
    return f"{days}{hours:02}:{seconds // 60:02}:{seconds % 60:02}.{span.microseconds:06}0"
