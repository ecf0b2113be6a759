"""What travels with a call and with its answer: triggers' values, results and failures as frames.

Only plain data crosses: the host can read every answer without a class of the app, so it never imports user code.
"""

import json
from typing import Any

import azure.functions as func
from azure.functions._abc import HttpResponse
from azure.functions.http import HttpRequest
from azure.functions.timer import TimerRequest

from devhost.durable_engine.functions import FunctionFailed
from devhost.functions_host.converters import decode, encode
from devhost.functions_host.http_messages import SpooledRequest
from devhost.functions_host.indexing import (
    ACTIVITY_TRIGGER,
    DURABLE_ALIASES,
    HTTP_TRIGGER,
    TIMER_TRIGGER,
    IndexedFunction,
)
from devhost.worker.frames import Body, Frame

# The triggers whose values can be sent to a worker.
CARRIED_TRIGGERS = (HTTP_TRIGGER, TIMER_TRIGGER, *DURABLE_ALIASES)


def pack_argument(value: Any) -> tuple[dict[str, Any], Body]:
    """Turn the value of a trigger into what a frame carries: its header's part, and the body.

    A text is the wire form of a durable trigger; the worker decodes it. Raises TypeError for what cannot be sent.
    """
    if isinstance(value, str):
        return {}, value.encode()
    if isinstance(value, HttpRequest):
        body: Body = value.body_file if isinstance(value, SpooledRequest) else value.get_body()
        request = {"method": value.method, "url": value.url, "headers": dict(value.headers)}
        return {**request, "params": dict(value.params), "routeParams": dict(value.route_params)}, body
    if isinstance(value, TimerRequest):
        timer = {"Schedule": value.schedule, "ScheduleStatus": value.schedule_status or None}
        return {}, json.dumps({**timer, "IsPastDue": value.past_due}).encode()
    raise TypeError(f"A {type(value).__name__} cannot be sent to a worker process.")


def unpack_argument(function: IndexedFunction, header: dict[str, Any], body: bytes) -> Any:
    """Turn what a frame carried into the argument of the function. Raises FunctionFailed if the SDK refuses it."""
    if function.trigger_type == HTTP_TRIGGER:
        return HttpRequest(
            method=header["method"],
            url=header["url"],
            headers=header["headers"],
            params=header["params"],
            route_params=header["routeParams"],
            body_type="bytes",
            body=body,
        )
    form = "json" if function.trigger_type == TIMER_TRIGGER else "string"
    return decode(function.trigger_type, body.decode(), form)


def pack_result(function: IndexedFunction, result: Any) -> tuple[dict[str, Any], bytes]:
    """Turn a function's result into what a frame carries. Raises FunctionFailed for one that has no wire form."""
    if result is None:
        return {"kind": "none"}, b""
    if function.trigger_type == HTTP_TRIGGER:
        return _pack_response(function, result)
    text = encode(ACTIVITY_TRIGGER, result) if function.trigger_type == ACTIVITY_TRIGGER else result
    return {"kind": "text"}, str(text).encode()


def pack_failure(failure: FunctionFailed) -> tuple[dict[str, Any], bytes]:
    """Turn a failure into what a frame carries; an orchestrator's message may be long, so it is the body."""
    texts = {"type": failure.type_name, "message": failure.message, "stack": failure.stack}
    return {"kind": "failure"}, json.dumps(texts).encode()


def unpack_answer(frame: Frame) -> Any:
    """Return what the function returned: None, a text or an ``HttpResponse``. Raises FunctionFailed."""
    kind, body = frame.header["kind"], frame.take_body()
    if kind == "none":
        return None
    if kind == "text":
        return body.decode()
    if kind == "http":
        return _unpack_response(frame.header, body)
    texts = json.loads(body)
    raise FunctionFailed(texts["type"], texts["message"], texts["stack"])


def _pack_response(function: IndexedFunction, result: Any) -> tuple[dict[str, Any], bytes]:
    if isinstance(result, str):
        return {"kind": "text"}, result.encode()
    if not isinstance(result, HttpResponse):
        text = f"{function.name} returned {type(result).__name__}. Return func.HttpResponse (or str)."
        raise FunctionFailed("TypeError", text)
    header = {"kind": "http", "status": result.status_code, "mimetype": result.mimetype}
    header |= {"charset": result.charset, "headers": [list(pair) for pair in result.headers.items()]}
    return header, result.get_body() or b""


def _unpack_response(header: dict[str, Any], body: bytes) -> func.HttpResponse:
    response = func.HttpResponse(
        body, status_code=header["status"], mimetype=header["mimetype"], charset=header["charset"]
    )
    for name, value in header["headers"]:
        response.headers.add(name, value)
    return response
