"""Calls a running host over HTTP: the durable webhooks, and the host's own list of instances."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from devhost.cli.errors import (
    HostNotRunning,
    InstanceEnded,
    KeyNeeded,
    NotADevhost,
    NotAnInstance,
    RequestFailed,
    ToolError,
    UnknownInstance,
)
from devhost.engine.events import FINISHED
from devhost.functions.durable_links import durable_segment

_INSTANCES = "/runtime/webhooks/durabletask/instances"
_TIMEOUT_SECONDS = 60.0
_END_SECONDS, _LOOK_AGAIN_SECONDS = 10.0, 0.05
# A host on this machine is never behind a proxy, whatever the environment says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class HostClient:
    """A client of one host. Every method raises ToolError, whose text says what to do.

    Attributes:
        url: ``http://host:port``.
        key: The master key, for a host that asks for keys.
    """

    url: str
    key: str | None = None

    def list(self, status: str, name: str, instance_id: str, top: int, with_input: bool) -> dict[str, Any]:
        """The newest instances that match: ``{"instances": [...], "next": token or null}``."""
        query = {"status": status, "name": name, "id": instance_id, "top": str(top)}
        query["showInput"] = "true" if with_input else "false"
        code, text = self._send("GET", "/devhost/api/instances", query)
        if code != 200:
            raise self._failure(code, text, "")
        found: dict[str, Any] = self._parsed(text)
        return found

    def status(self, instance_id: str, history: bool = False) -> dict[str, Any]:
        """The status object of an instance, with its history and results on request."""
        query = {"showHistory": "true", "showHistoryOutput": "true"} if history else {}
        code, text = self._send("GET", f"{_INSTANCES}/{durable_segment(instance_id)}", query)
        if code not in (200, 202):
            raise self._failure(code, text, instance_id)
        found: dict[str, Any] = self._parsed(text)
        return found

    def activities(self) -> tuple[str, ...]:
        """The names by which orchestrators call the activities that the app has."""
        code, text = self._send("GET", "/admin/functions", {})
        if code != 200:
            raise self._failure(code, text, "")
        bindings = [(one["name"], binding) for one in self._parsed(text) for binding in one["config"]["bindings"]]
        names = (
            binding.get("activity") or name for name, binding in bindings if binding["type"] == "activityTrigger"
        )
        return tuple(sorted(names))

    def raise_event(self, instance_id: str, name: str, data: str) -> None:
        """Raise an external event; the data is JSON text."""
        self._act("POST", instance_id, f"/raiseEvent/{durable_segment(name)}", {}, data.encode())

    def steer(self, verb: str, instance_id: str, reason: str | None) -> None:
        """Terminate, suspend, resume or rewind an instance."""
        self._act("POST", instance_id, f"/{verb}", {"reason": reason} if reason else {})

    def end(self, instance_id: str) -> None:
        """Terminate an instance, and wait until it has ended, at most 10 s."""
        self.steer("terminate", instance_id, "purged")
        deadline = time.monotonic() + _END_SECONDS
        while self.status(instance_id)["runtimeStatus"] not in FINISHED and time.monotonic() < deadline:
            time.sleep(_LOOK_AGAIN_SECONDS)

    def purge(self, instance_id: str) -> int:
        """Delete an instance that has ended; returns 1."""
        self._act("DELETE", instance_id, "", {})
        return 1

    def purge_finished(self, statuses: str, created_before: str) -> int:
        """Delete finished instances; returns how many."""
        query = {
            "createdTimeFrom": "1970-01-01T00:00:00Z",
            # Without any, running instances would go as well.
            "runtimeStatus": statuses or ",".join(sorted(FINISHED)),
            "createdTimeTo": created_before,
        }
        code, text = self._send("DELETE", _INSTANCES, query)
        if code == 404:
            return 0
        if code != 200:
            raise self._failure(code, text, "")
        return int(self._parsed(text)["instancesDeleted"])

    def _act(
        self, method: str, instance_id: str, path: str, query: Mapping[str, str], body: bytes | None = None
    ) -> None:
        code, text = self._send(method, f"{_INSTANCES}/{durable_segment(instance_id)}{path}", query, body)
        if code not in (200, 202):
            raise self._failure(code, text, instance_id)

    def _send(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None = None
    ) -> tuple[int, str]:
        query_string = urlencode({name: value for name, value in query.items() if value})
        headers = {"Content-Type": "application/json"} | ({"x-functions-key": self.key} if self.key else {})
        request = urllib.request.Request(f"{self.url}{path}?{query_string}", body, headers, method=method)
        try:
            with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except http.client.HTTPException as error:
            raise NotADevhost(self.url) from error
        except OSError as error:
            raise HostNotRunning(self.url) from error

    def _failure(self, code: int, text: str, instance_id: str) -> ToolError:
        if code == 401:
            return KeyNeeded(self.url)
        if code == 404:
            return self._not_found(instance_id) if instance_id else NotADevhost(self.url)
        if code == 410:
            return InstanceEnded(instance_id)
        return RequestFailed(f"The host refused ({code}): {_explanation(text)}")

    def _not_found(self, instance_id: str) -> ToolError:
        is_entity = instance_id.startswith("@") and instance_id.count("@") > 1
        return NotAnInstance(instance_id, self.url) if is_entity else UnknownInstance(instance_id)

    def _parsed(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise NotADevhost(self.url) from error


def checked_url(text: str) -> str:
    """A base URL without its last slash. Raises ValueError for anything but http or https."""
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text} is not a URL like http://127.0.0.1:7071")
    return f"{parts.scheme}://{parts.netloc}"


def _explanation(text: str) -> str:
    """The message in an error's body, in the form of the durable API or any other."""
    try:
        document = json.loads(text)
    except ValueError:
        return text.strip()[:500] or "it gave no reason. Look in its log."
    if isinstance(document, dict):
        return str(document.get("ExceptionMessage") or document.get("Message") or document)
    return str(document)
