"""Converts arguments, results and failures to the contents of frames, and back."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azure.functions._abc import HttpResponse

from devhost.engine.functions import FunctionFailed
from devhost.functions.bound_invoker import RETURN, OutValue
from devhost.functions.converters import converter_of, decode, encode
from devhost.functions.indexing import (
    ACTIVITY_TRIGGER,
    BLOB,
    DURABLE_ALIASES,
    HTTP_OUTPUT,
    QUEUE,
    IndexedFunction,
)
from devhost.functions.storage.queue_text import bodies_of
from devhost.worker.frames import Body, Frame
from devhost.worker.values import WireText, pack_value, unpack_large_response, unpack_value

Parts = list[dict[str, Any]]


def pack_arguments(arguments: Mapping[str, Any]) -> tuple[Parts, Body]:
    """Turn arguments into what a frame carries; outputs are left out, since the worker makes its own.

    Raises TypeError for what cannot be sent.
    """
    return _pack({name: value for name, value in arguments.items() if not isinstance(value, OutValue)})


def unpack_arguments(function: IndexedFunction, parts: Parts, body: bytes) -> dict[str, Any]:
    """Turn what a frame carried into arguments. Raises FunctionFailed if the SDK refuses one."""
    values = _unpack(parts, body)
    decoded = {
        name: decode(function.trigger_type, value.text) if isinstance(value, WireText) else value
        for name, value in values.items()
    }
    return {**decoded, **{name: OutValue() for name in function.output_parameters}}


def pack_results(function: IndexedFunction, result: Any, arguments: Mapping[str, Any]) -> tuple[Parts, Body]:
    """Turn what a function returned and put into its outputs into what a frame carries.

    Raises FunctionFailed for a value that its binding cannot carry.
    """
    if function.trigger_type in DURABLE_ALIASES and result is not None:
        result = str(encode(ACTIVITY_TRIGGER, result) if function.trigger_type == ACTIVITY_TRIGGER else result)
    given = {RETURN: result, **{name: arguments[name].get() for name in function.output_parameters}}
    types = {binding.name: binding.type for binding in function.bindings}
    return _pack({name: _plain(function, types.get(name), value) for name, value in given.items()})


def pack_failure(failure: FunctionFailed) -> bytes:
    """Turn a failure into a body, not a header, since an orchestrator's message may be long."""
    return json.dumps([failure.type_name, failure.message, failure.stack]).encode()


def unpack_answer(frame: Frame, arguments: Mapping[str, Any] | None = None) -> Any:
    """Return what the function returned, and fill the outputs among the arguments. Raises FunctionFailed."""
    parts = frame.header.get("results", [])
    if isinstance(frame.body, Path) and [part["kind"] for part in parts] == [HttpResponse.__name__]:
        return unpack_large_response(parts[0], frame.body)
    body = frame.take_body()
    if "failed" in frame.header:
        raise FunctionFailed(*json.loads(body))
    values = _unpack(parts, body)
    for name, value in values.items():
        if name != RETURN and arguments is not None:
            arguments[name].set(value)
    return values[RETURN]


def _plain(function: IndexedFunction, binding_type: str | None, value: Any) -> Any:
    """Convert an output to plain data that its binding accepts like the original."""
    if value is None or binding_type is None:
        return value
    if binding_type == HTTP_OUTPUT and not isinstance(value, str | HttpResponse):
        text = f"{function.name} returned {type(value).__name__}. Return func.HttpResponse (or str)."
        raise FunctionFailed("TypeError", text)
    if binding_type == QUEUE:
        bodies = bodies_of(value)
        return bodies[0] if len(bodies) == 1 else bodies
    if binding_type == BLOB:
        return _blob_content(value)
    return value


def _blob_content(value: Any) -> str | bytes:
    try:
        content: str | bytes = converter_of(BLOB).encode(value, expected_type=None).value
    except NotImplementedError as error:
        text = f"a blob output cannot carry {type(value).__name__}. Give str, bytes, or something to read from."
        raise FunctionFailed("TypeError", text) from error
    return content if isinstance(content, str) else bytes(content)


def _pack(values: Mapping[str, Any]) -> tuple[Parts, Body]:
    """Join the values to one body. A file is passed on only if it is the single value, then without a copy."""
    parts, bodies = [], []
    for name, value in values.items():
        described, body = pack_value(value)
        if isinstance(body, Path):
            if len(values) == 1:
                return [{**described, "to": name}], body
            body = body.read_bytes()
        parts.append({**described, "to": name, "size": len(body)})
        bodies.append(body)
    return parts, b"".join(bodies)


def _unpack(parts: Parts, body: bytes) -> dict[str, Any]:
    values, start = {}, 0
    for part in parts:
        end = start + part.get("size", len(body))
        values[part["to"]] = unpack_value(part, body[start:end])
        start = end
    return values
