"""A plain HTTP client for tests of servers: one request, one answer, nothing followed or retried."""

import http.client
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """An answer, read whole."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(
    origin: str,
    method: str,
    path: str,
    body: bytes | Iterable[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    document: Any = None,
) -> Answer:
    """Send a request; an iterable body goes out in chunks, a document as JSON."""
    sent = dict(headers or {})
    if document is not None:
        body = json.dumps(document).encode()
        sent.setdefault("Content-Type", "application/json")
    chunked = body is not None and not isinstance(body, bytes)
    if chunked:
        sent["Transfer-Encoding"] = "chunked"
    connection = http.client.HTTPConnection(origin.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path, body, sent, encode_chunked=chunked)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def eventually(look: Callable[[], T | None], description: str, deadline_seconds: float = 20) -> T:
    """What ``look`` returns once it is not None or False; fails saying what was waited for."""
    ends = time.monotonic() + deadline_seconds
    while True:
        seen = look()
        if seen is not None and seen is not False:
            return seen
        assert time.monotonic() < ends, f"not within {deadline_seconds} s: {description}"
        time.sleep(0.02)
