"""Failures of activities as .NET serialises its exceptions, which is what orchestrators find after the reason."""

import json
from typing import Any

from devhost.engine.functions import FunctionFailed

_CORE = "System.Private.CoreLib"
_RPC = "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, Microsoft.Azure.WebJobs.Script.Grpc"
_FAILURE_CODE = -2146233088


def raised(failure: FunctionFailed) -> str:
    """Return the text for what a function raised; the worker's own words are inside."""
    said = f"{failure.type_name}: {failure.message}"
    inner = {
        "$type": _RPC,
        "Message": f"Result: Failure\nException: {said}\nStack: {failure.stack}",
        "Data": {"$type": f"System.Collections.ListDictionaryInternal, {_CORE}"},
        "InnerException": None,
        "HelpLink": None,
        "Source": _CORE,
        "HResult": _FAILURE_CODE,
        "StackTrace": "",
    }
    return _exception("System.Exception", _CORE, f" {said}", inner)


def plain(message: str) -> str:
    """Return the text for a failure of the host's own."""
    return _exception("System.Exception", _CORE, message)


def unreadable(message: str) -> str:
    """Return the text for a result that .NET's JSON reader refuses."""
    kind = "Newtonsoft.Json.JsonSerializationException"
    return _exception(kind, "Newtonsoft.Json", message, stack="", source="Newtonsoft.Json")


def _exception(
    kind: str,
    assembly: str,
    message: str,
    inner: dict[str, Any] | None = None,
    stack: str | None = None,
    source: str | None = None,
) -> str:
    shown = {
        "$type": f"{kind}, {assembly}",
        "ClassName": kind,
        "Message": message,
        "Data": None,
        "InnerException": inner,
        "HelpURL": None,
        "StackTraceString": stack,
        "RemoteStackTraceString": None,
        "RemoteStackIndex": 0,
        "ExceptionMethod": None,
        "HResult": _FAILURE_CODE,
        "Source": source,
        "WatsonBuckets": None,
    }
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False)
