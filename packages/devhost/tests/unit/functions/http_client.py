"""A plain HTTP client for tests of servers: one request, one answer, nothing followed or retried."""

import http.client
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, Protocol


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


class Ask(Protocol):
    """Sends a request to one server, or below one path of it, as ``ask`` does."""

    def __call__(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        document: Any = None,
    ) -> Answer: ...


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
    # The origin may end in a path: the token of the durable client's own API.
    address, _, prefix = origin.removeprefix("http://").partition("/")
    path = f"/{prefix}{path}" if prefix else path
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request(method, path, body, sent, encode_chunked=chunked)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def ask_raw(origin: str, method: bytes, target: bytes, headers: Iterable[bytes] = (), body: bytes = b"") -> Answer:
    """Send a request of any bytes; headers are whole lines without line breaks."""
    host, _, port = origin.removeprefix("http://").partition(":")
    own = [b"Host: " + origin.removeprefix("http://").encode(), b"Connection: close"]
    length = [b"Content-Length: %d" % len(body)] if body else []
    head = b"\r\n".join([method + b" " + target + b" HTTP/1.1", *own, *length, *headers])
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head + b"\r\n\r\n" + body)
        answer = http.client.HTTPResponse(connection, method=method.decode("latin-1"))
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())
