"""Converts a call to a frame, with function, invocation and arguments, and back to what the invoker takes."""

from collections.abc import Mapping
from typing import Any

from devhost.engine.functions import FunctionFailed, FunctionTimedOut
from devhost.functions.indexing import IndexedFunction
from devhost.functions.invocation_context import Invocation
from devhost.worker.frames import Body, Frame
from devhost.worker.payloads import pack_arguments, unpack_arguments

# The others are for the host's bindings only, or have a form of their own on the wire.
_PLAIN_FIELDS = [
    field for field in Invocation.__dataclass_fields__ if field not in ("last_failure", "binding_data")
]


def pack_call(
    function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation
) -> tuple[dict[str, Any], Body]:
    """Turn a call into header and body. Raises TypeError for an argument that cannot be sent."""
    parts, body = pack_arguments(arguments)
    return {"call": function.name, "invocation": _pack_invocation(invocation), "arguments": parts}, body


def unpack_call(
    functions: Mapping[str, IndexedFunction], frame: Frame
) -> tuple[IndexedFunction, dict[str, Any], Invocation]:
    """Turn a frame into what the invoker takes. Raises FunctionFailed if the SDK refuses an argument."""
    function = functions[frame.header["call"]]
    arguments = unpack_arguments(function, frame.header["arguments"], frame.take_body())
    return function, arguments, _unpack_invocation(frame.header["invocation"])


def _pack_invocation(invocation: Invocation) -> dict[str, Any]:
    parts = {name: getattr(invocation, name) for name in _PLAIN_FIELDS}
    failure = invocation.last_failure
    if isinstance(failure, FunctionFailed):
        parts["failed"] = [failure.type_name, failure.message, failure.stack]
    elif failure is not None:
        parts["timed_out"] = str(failure)
    return parts


def _unpack_invocation(parts: dict[str, Any]) -> Invocation:
    failed, timed_out = parts.pop("failed", None), parts.pop("timed_out", None)
    last = FunctionFailed(*failed) if failed else FunctionTimedOut(timed_out) if timed_out else None
    return Invocation(**parts, last_failure=last)
