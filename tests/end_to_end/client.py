"""A client of the pipeline's HTTP API and of the emulators' controls, for tests."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, Protocol, Unpack
from urllib.parse import quote, urlencode

from tests.faults import EmulatedService, FaultFields
from tests.waiting import eventually

SAMPLES = Path(__file__).parents[2] / "samples" / "documents"
FINAL = ("completed", "rejected", "timeout", "failed")


class Stack(Protocol):
    """Running local parts: their URLs, their files and their logs."""

    @property
    def state_dir(self) -> Path: ...
    @property
    def base_url(self) -> str: ...
    @property
    def host_url(self) -> str: ...
    @property
    def emulator_url(self) -> str: ...
    @property
    def storage_connection_string(self) -> str: ...
    def logs(self, part: str) -> str: ...


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def fields(self) -> list[str]:
        """The fields that a problem names."""
        return [error["field"] for error in self.json.get("errors", [])]


def request(method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Send ``body`` (bytes as they are, anything else as JSON) and return the answer, whatever its status."""
    sent = dict(headers or {})
    if body is None or isinstance(body, bytes):
        data = body
    else:
        data = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    prepared = urllib.request.Request(url, data=data, method=method, headers=sent)
    try:
        with urllib.request.urlopen(prepared, timeout=60) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.headers, refused.read())


class Client:
    """The requests of a user, a reviewer and an operator."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def upload(
        self,
        content: bytes,
        content_type: str = "application/pdf",
        headers: Mapping[str, str] | None = None,
        **query: str | None,
    ) -> Answer:
        """``POST /documents`` with the file itself; once more while the answer is 503, as a user should.

        A busy Azurite closes idle connections while requests are on their way.
        """
        parameters = {"userId": "anna", **query}
        encoded = urlencode({name: value for name, value in parameters.items() if value is not None})
        sent = {"Content-Type": content_type, **(headers or {})}

        def send() -> Answer | None:
            answer = request("POST", f"{self.stack.base_url}/documents?{encoded}", content, sent)
            return None if answer.status == 503 else answer

        return eventually(send, "the storage account answers")

    def submit(self, body: object, query: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        """``POST /documents`` with JSON."""
        return request("POST", f"{self.stack.base_url}/documents{query}", body, headers)

    def get(self, path: str) -> Answer:
        """``GET`` below the API's prefix."""
        return request("GET", f"{self.stack.base_url}{path}")

    def record(self, document_id: str) -> dict[str, Any]:
        """The document's record."""
        answer = self.get(f"/documents/{quote(document_id, safe='')}")
        assert answer.status == 200, answer
        record: dict[str, Any] = answer.json
        return record

    def wait_for(self, document_id: str, *statuses: str, deadline_seconds: float = 120) -> dict[str, Any]:
        """Wait until the status is one of ``statuses`` (by default any final one), and return the record."""
        targets = statuses or FINAL
        last: dict[str, Any] = {}

        def look() -> dict[str, Any] | None:
            nonlocal last
            last = self.record(document_id)
            assert last["status"] in targets or last["status"] not in FINAL, last
            return last if last["status"] in targets else None

        return eventually(look, f"{document_id} becomes {' or '.join(targets)}", deadline_seconds)

    def decide(self, document_id: str, body: object) -> Answer:
        """``POST /documents/{documentId}/approval``."""
        return request("POST", f"{self.stack.base_url}/documents/{quote(document_id, safe='')}/approval", body)

    def counters(self) -> dict[str, int]:
        """``GET /counters``."""
        counters: dict[str, int] = self.get("/counters").json
        return counters

    def wait_for_no_pending(self) -> dict[str, int]:
        """Wait until nothing is in flight, and return the counters."""
        return eventually(
            lambda: counters if (counters := self.counters())["pending"] == 0 else None, "pending is back to 0"
        )

    def instance(self, instance_id: str, query: str = "") -> Answer:
        """The durable webhook's status of an instance."""
        base = f"{self.stack.host_url}/runtime/webhooks/durabletask/instances/{quote(instance_id)}"
        return request("GET", f"{base}{query}")

    def wait_for_instance(self, instance_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until ``runtimeStatus`` is one of ``statuses``, and return the status of the instance."""
        return eventually(
            lambda: status if (status := self.instance(instance_id).json)["runtimeStatus"] in statuses else None,
            f"{instance_id} is {' or '.join(statuses)}",
        )

    def raise_event(self, instance_id: str, event: object) -> Answer:
        """Raise `documentApproval` through the durable webhook."""
        base = f"{self.stack.host_url}/runtime/webhooks/durabletask/instances/{quote(instance_id)}"
        return request("POST", f"{base}/raiseEvent/documentApproval", event)

    def notifications(self, document_id: str) -> list[str]:
        """The types of the notifications about a document, in the order in which they were received."""
        return [entry["body"]["type"] for entry in self.inbox() if entry["body"]["subject"] == document_id]

    def wait_for_notifications(self, document_id: str, *types: str) -> None:
        """Wait until exactly these were received about a document. An end is announced after it is recorded."""
        eventually(
            lambda: self.notifications(document_id) == list(types),
            f"{document_id} has the notifications {', '.join(types)}",
        )

    def inbox(self) -> list[dict[str, Any]]:
        """All notifications received."""
        inbox: list[dict[str, Any]] = request("GET", f"{self.stack.emulator_url}/notifications/inbox").json[
            "notifications"
        ]
        return inbox

    def usage(self) -> dict[str, Any]:
        """The usage counts of the emulated services."""
        usage: dict[str, Any] = request("GET", f"{self.stack.emulator_url}/usage").json
        return usage

    def fault(self, service: EmulatedService, **fault: Unpack[FaultFields]) -> None:
        """Inject a fault into an emulated service."""
        answer = request("POST", f"{self.stack.emulator_url}/faults", {"service": service, **fault})
        assert answer.status < 300, answer

    def clear_faults(self) -> None:
        """Remove all faults."""
        assert request("DELETE", f"{self.stack.emulator_url}/faults").status < 300

    def advance(self, seconds: float) -> None:
        """Move the clock forward (only on a stack with the virtual clock)."""
        answer = request("POST", f"{self.stack.host_url}/devhost/clock", {"advanceSeconds": seconds})
        assert answer.status == 200, answer
