"""Asks a host that serves the app, over HTTP alone, so that any host can be asked."""

import http.client
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from tests.fidelity.answers import parsed

WEBHOOKS = "/runtime/webhooks/durabletask"
JSON = {"Content-Type": "application/json"}
_LOOK_AGAIN_SECONDS = 0.25
_UNSEEN_SECONDS = 3.0
_OPEN = ("Running", "Pending", "ContinuedAsNew", "Suspended")
_EVERYTHING = "showHistory=true&showHistoryOutput=true&showInput=true"


@dataclass(frozen=True)
class Answer:
    """What came back; ``body`` is parsed where it is JSON."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def content_type(self) -> str | None:
        """The header, or None."""
        return self.headers.get("content-type")


@dataclass(frozen=True)
class Driver:
    """A host that is asked.

    Attributes:
        origin: its ``http://host:port``.
        pause: lets so many seconds pass, of whatever time the host lives in.
        run: part of all instance ids, so that runs on one host do not meet.
    """

    origin: str
    pause: Callable[[float], None] = time.sleep
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:6])

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request; redirections are not followed."""
        connection = http.client.HTTPConnection(urlsplit(self.origin).netloc, timeout=60)
        try:
            # A body without the header would be sent as a form's.
            connection.request(method, path, body, headers or (JSON if body is not None else {}))
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, parsed(text), found)
        finally:
            connection.close()

    def hook(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request to the durable webhooks."""
        return self.ask(method, WEBHOOKS + path, body, headers)

    def start(self, orchestrator: str, given: Any, instance_id: str, has_input: bool = True) -> Answer:
        """Have the SDK's client start an instance."""
        body = json.dumps(given).encode() if has_input else b""
        return self.ask("POST", f"/api/start/{orchestrator}?id={quote(instance_id, safe='')}", body)

    def client(self, call: str, instance_id: str, given: Any = None) -> list[Any]:
        """Have the SDK's client do something; returns the status and what the app answers."""
        answer = self.ask("POST", f"/api/client/{call}/{quote(instance_id, safe='')}", json.dumps(given).encode())
        return [answer.status, answer.body]

    def status(self, instance_id: str) -> Answer:
        """Ask for an instance's status, with all that can be shown."""
        return self.hook("GET", f"/instances/{quote(instance_id, safe='')}?{_EVERYTHING}")

    def wait(self, instance_id: str, seconds: float = 25) -> Answer:
        """Let time pass until an instance has ended, at most so many seconds; returns its last status."""
        passed = 0.0
        while True:
            answer = self.status(instance_id)
            gone = answer.status == 404 and passed >= _UNSEEN_SECONDS
            if passed >= seconds or gone or _has_ended(answer):
                return answer
            self.pause(_LOOK_AGAIN_SECONDS)
            passed += _LOOK_AGAIN_SECONDS


def _has_ended(answer: Answer) -> bool:
    if answer.status not in (200, 500):
        return False
    return not isinstance(answer.body, dict) or answer.body.get("runtimeStatus") not in _OPEN
