"""Converts single values between host and worker: arguments, results and outputs of functions.

Only plain data is sent, so the host can read every answer without importing classes of the app.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import azure.functions as func
from azure.functions._abc import HttpResponse
from azure.functions.blob import InputStream
from azure.functions.http import HttpRequest
from azure.functions.queue import QueueMessage
from azure.functions.timer import TimerRequest

from devhost.functions.http_messages import SpooledRequest, SpooledResponse
from devhost.worker.frames import Body

Packed = tuple[dict[str, Any], Body]

_STREAM_PARTS = ("name", "length", "uri", "blob_properties", "metadata")
_TIMES = ("expiration_time", "insertion_time", "time_next_visible")


@dataclass(frozen=True)
class WireText:
    """The wire form of a durable trigger's value, which only the worker decodes."""

    text: str


def pack_value(value: Any) -> Packed:
    """Turn a value into plain JSON and bytes. Raises TypeError for what cannot be sent."""
    for kind, (pack, _) in _PLAIN.items():
        if isinstance(value, kind):
            described, body = pack(value)
            return {**described, "kind": kind.__name__}, body
    if value is None:
        return {"kind": "None"}, b""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return {"kind": "list"}, json.dumps(value).encode()
    raise TypeError(f"A {type(value).__name__} cannot be sent between the host and a worker process.")


def unpack_value(described: dict[str, Any], body: bytes) -> Any:
    """Turn what was packed into the value again."""
    if described["kind"] == "None":
        return None
    if described["kind"] == "list":
        return json.loads(body)
    return _UNPACK[described["kind"]](described, body)


def _pack_request(request: HttpRequest) -> Packed:
    body: Body = request.body_file if isinstance(request, SpooledRequest) else request.get_body()
    described = {"method": request.method, "url": request.url, "headers": dict(request.headers)}
    return {**described, "params": dict(request.params), "routeParams": dict(request.route_params)}, body


def _unpack_request(described: dict[str, Any], body: bytes) -> HttpRequest:
    return HttpRequest(
        method=described["method"],
        url=described["url"],
        headers=described["headers"],
        params=described["params"],
        route_params=described["routeParams"],
        body_type="bytes",
        body=body,
    )


def _pack_response(response: HttpResponse) -> Packed:
    described = {"status": response.status_code, "mimetype": response.mimetype, "charset": response.charset}
    headers = [list(pair) for pair in response.headers.items()]
    return {**described, "headers": headers}, response.get_body() or b""


def unpack_large_response(described: dict[str, Any], body: Path) -> func.HttpResponse:
    """Do for a response what ``unpack_value`` does, with the body left in its file, which is removed after use."""
    file = body.open("rb")
    body.unlink()
    return _unpack_response(described, file)


def _unpack_response(described: dict[str, Any], body: bytes | IO[bytes]) -> func.HttpResponse:
    parts = {"mimetype": described["mimetype"], "charset": described["charset"]}
    parts["status_code"] = described["status"]
    response = func.HttpResponse(body, **parts) if isinstance(body, bytes) else SpooledResponse(body, **parts)
    for name, value in described["headers"]:
        response.headers.add(name, value)
    return response


def _pack_timer(request: TimerRequest) -> Packed:
    described = {"past_due": request.past_due, "schedule_status": request.schedule_status}
    return {**described, "schedule": request.schedule}, b""


def _unpack_timer(described: dict[str, Any], _: bytes) -> TimerRequest:
    names = ("past_due", "schedule_status", "schedule")
    return TimerRequest(**{name: described[name] for name in names})


def _pack_message(message: QueueMessage) -> Packed:
    described = {"id": message.id, "dequeue_count": message.dequeue_count, "pop_receipt": message.pop_receipt}
    moments = {name: getattr(message, name) for name in _TIMES}
    described |= {name: moment and moment.isoformat() for name, moment in moments.items()}
    return described, message.get_body()


def _unpack_message(described: dict[str, Any], body: bytes) -> QueueMessage:
    parts = {name: described[name] for name in ("id", "dequeue_count", "pop_receipt")}
    moments = {name: described[name] and datetime.fromisoformat(described[name]) for name in _TIMES}
    return QueueMessage(body=body, **parts, **moments)  # type: ignore[no-untyped-call]


def _pack_stream(stream: InputStream) -> Packed:
    return {name: getattr(stream, name) for name in _STREAM_PARTS}, stream.read()


def _unpack_stream(described: dict[str, Any], body: bytes) -> InputStream:
    return InputStream(data=body, **{name: described[name] for name in _STREAM_PARTS})


# How each kind is packed and unpacked; tried in this order.
_PLAIN: dict[type, tuple[Callable[[Any], Packed], Callable[[dict[str, Any], bytes], Any]]] = {
    WireText: (lambda wire: ({}, wire.text.encode()), lambda _, body: WireText(body.decode())),
    str: (lambda text: ({}, text.encode()), lambda _, body: body.decode()),
    bytes: (lambda content: ({}, content), lambda _, body: body),
    HttpRequest: (_pack_request, _unpack_request),
    HttpResponse: (_pack_response, _unpack_response),
    TimerRequest: (_pack_timer, _unpack_timer),
    QueueMessage: (_pack_message, _unpack_message),
    InputStream: (_pack_stream, _unpack_stream),
}
_UNPACK = {kind.__name__: unpack for kind, (_, unpack) in _PLAIN.items()}
