"""What the page shows of instances and entities, read from the extension's own durable API."""

import json
from collections.abc import Sequence
from typing import Any

import requests

from devhost.engine.errors import InstanceFinished, InstanceNotFound, InvalidRequest, RequestRefused
from devhost.engine.queries import EntityQuery, InstanceQuery
from devhost.functions.durable_links import WEBHOOK_PATH, durable_segment
from devhost.functions.durable_requests import CONTINUATION_HEADER

Page = tuple[list[dict[str, Any]], str | None]
_TIMEOUT_SECONDS = 30.0
_CHILD_CREATED = "SubOrchestrationInstanceCreated"


class ExtensionInstances:
    """Instances and entities of the extension's task hub; thread-safe, every method blocks.

    The extension lists by instance id, whatever the requested order, and cannot filter by name. A page is
    filtered after it was read, so it may be shorter than requested although there is a next one.

    Args:
        origin: ``scheme://host:port`` of the extension.
    """

    def __init__(self, origin: str) -> None:
        self._base = f"{origin}{WEBHOOK_PATH}"

    def status(
        self,
        instance_id: str,
        show_input: bool = True,
        show_history: bool = False,
        show_history_output: bool = False,
    ) -> dict[str, Any] | None:
        """Return an instance's status object; None if it does not exist."""
        flags = {
            "showInput": show_input,
            "showHistory": show_history,
            "showHistoryOutput": show_history_output,
        }
        answer = self._send(
            "GET", path_of("instances", instance_id), {name: str(flag) for name, flag in flags.items()}
        )
        if answer.status_code == 404:
            return None
        status: dict[str, Any] = json_of(answer)
        return status

    def relatives(self, instance_id: str) -> tuple[str | None, Sequence[str]]:
        """Return the id of the instance's parent, if it has one, and those of its children."""
        status = self.status(instance_id, show_input=False, show_history=True) or {}
        events = status.get("historyEvents") or []
        children = [
            each["InstanceId"]
            for each in events
            if each.get("EventType") == _CHILD_CREATED and each.get("InstanceId")
        ]
        return status.get("parentInstanceId"), children

    def list(self, query: InstanceQuery) -> Page:
        """Return a page of status objects and the next page's token, None at the end."""
        parameters = {
            "top": str(query.top),
            "showInput": str(query.show_input),
            "instanceIdPrefix": query.instance_id_prefix,
            "runtimeStatus": ",".join(query.statuses),
        }
        present = {name: value for name, value in parameters.items() if value}
        items, token = self._page("instances", present, query.continuation_token)
        prefix = query.name_prefix.lower()
        return [item for item in items if str(item.get("name")).lower().startswith(prefix)], token

    def list_entities(self, query: EntityQuery) -> Page:
        """Return a page of entities and the next page's token, None at the end."""
        path = path_of("entities", query.name) if query.name else "entities"
        parameters = {"top": str(query.top), "fetchState": str(query.fetch_state)}
        return self._page(path, parameters, query.continuation_token)

    def raise_event(self, instance_id: str, name: str, raw_json: str | None) -> None:
        """Raise an external event. Raises InstanceNotFound, InstanceFinished, InvalidRequest."""
        self._act(instance_id, f"raiseEvent/{durable_segment(name)}", body=raw_json or "null")

    def terminate(self, instance_id: str, reason: str | None = None) -> None:
        """End an instance. Raises InstanceNotFound, InstanceFinished."""
        self._act(instance_id, "terminate", reason)

    def suspend(self, instance_id: str, reason: str | None = None) -> None:
        """Let an instance do nothing for now. Raises InstanceNotFound, InstanceFinished."""
        self._act(instance_id, "suspend", reason)

    def resume(self, instance_id: str, reason: str | None = None) -> None:
        """Let a suspended instance go on. Raises InstanceNotFound, InstanceFinished."""
        self._act(instance_id, "resume", reason)

    def rewind(self, instance_id: str, reason: str | None = None) -> None:
        """Run the failed parts of an instance again. Raises InstanceNotFound, RequestRefused."""
        self._act(instance_id, "rewind", reason)

    def _act(self, instance_id: str, verb: str, reason: str | None = None, body: str | None = None) -> None:
        path, query = f"{path_of('instances', instance_id)}/{verb}", {"reason": reason} if reason else {}
        answer = self._send("POST", path, query, body=body)
        match answer.status_code:
            case 404:
                raise InstanceNotFound(instance_id)
            case 410:
                raise InstanceFinished(instance_id, "finished")
            case code if code >= 400:
                raise RequestRefused(message_of(answer), code)

    def _page(self, path: str, query: dict[str, str], token: str | None) -> Page:
        answer = self._send("GET", path, query, {CONTINUATION_HEADER: token} if token else {})
        if answer.status_code >= 400:
            raise InvalidRequest(message_of(answer))
        items: list[dict[str, Any]] = json_of(answer)
        return items, answer.headers.get(CONTINUATION_HEADER) or None

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str] | None = None,
        body: str | None = None,
    ) -> requests.Response:
        headers = {"Content-Type": "application/json", **(headers or {})}
        data = None if body is None else body.encode()
        try:
            return requests.request(
                method, f"{self._base}/{path}", params=query, headers=headers, data=data, timeout=_TIMEOUT_SECONDS
            )
        except requests.RequestException as error:
            text = f"The durable extension does not answer ({type(error).__name__}). Try again in a moment."
            raise RequestRefused(text, 503) from error


def path_of(collection: str, name: str) -> str:
    """The path of one member of a collection, relative to the durable API."""
    return f"{collection}/{durable_segment(name)}"


def json_of(answer: requests.Response) -> Any:
    """The document of an answer. Raises RequestRefused where the extension refuses."""
    if answer.status_code not in (200, 202, 500):
        raise RequestRefused(message_of(answer), answer.status_code)
    return answer.json()


def message_of(answer: requests.Response) -> str:
    """The text with which the extension refuses."""
    try:
        document = json.loads(answer.text)
    except ValueError:
        document = answer.text
    text = document.get("Message") if isinstance(document, dict) else document
    return str(text or f"The durable extension answered {answer.status_code}.")
