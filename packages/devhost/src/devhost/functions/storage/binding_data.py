"""What each trigger offers to the ``{tokens}`` of a function's other bindings."""

import json
from collections.abc import Mapping
from typing import Any

import azure.functions as func
from azure.functions.queue import QueueMessage


def data_of_request(request: func._abc.HttpRequest) -> dict[str, Any]:
    """Route parameters, ``{Query.x}``, ``{Headers.x}``, and the properties of a JSON body."""
    return {
        **_properties(request.get_body()),
        **request.params,
        **request.route_params,
        "Query": dict(request.params),
        "Headers": dict(request.headers),
    }


def data_of_message(message: QueueMessage) -> dict[str, Any]:
    """The message's fields and text, and the properties of a JSON body."""
    body = message.get_body()
    return {
        **_properties(body),
        "queueTrigger": body.decode(errors="replace"),
        "Id": message.id,
        "DequeueCount": message.dequeue_count,
        "PopReceipt": message.pop_receipt,
        "ExpirationTime": _text(message.expiration_time),
        "InsertionTime": _text(message.insertion_time),
        "NextVisibleTime": _text(message.time_next_visible),
    }


def data_of_blob(path: str, uri: str, tokens: Mapping[str, str], metadata: Mapping[str, str]) -> dict[str, Any]:
    """The tokens of the trigger's path, the blob's path and address, and its metadata."""
    return {**tokens, "blobTrigger": path, "Uri": uri, "metadata": dict(metadata)}


def _properties(body: bytes) -> dict[str, Any]:
    # Most bodies are not JSON objects and have no properties.
    if not body.lstrip().startswith(b"{"):
        return {}
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _text(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
