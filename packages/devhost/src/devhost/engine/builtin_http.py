"""The built-in activity behind ``context.call_http``."""

import json
import urllib.error
import urllib.request
from email.message import Message
from http.client import HTTPException
from typing import Any

from devhost.engine.functions import FunctionFailed

_TIMEOUT_SECONDS = 100.0
_USER_AGENT = "Microsoft.Azure.WebJobs.Extensions.DurableTask/3.19.0"


def call_http(request_json: str) -> str:
    """Send the SDK's ``httpRequest`` and return ``{"statusCode", "headers", "content"}`` as JSON text.

    Raises:
        FunctionFailed: the request cannot be sent; the message says why.
    """
    described = json.loads(request_json)
    if described.get("tokenSource"):
        raise _failure(
            "Managed identities do not exist on this machine: leave token_source out when running locally."
        )
    try:
        with urllib.request.urlopen(_request(described), timeout=_TIMEOUT_SECONDS) as response:
            return _answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers, error.read())
    except (OSError, HTTPException, ValueError) as error:
        raise _failure(f"{described.get('method')} {described.get('uri')} failed: {error}") from error


def _request(described: dict[str, Any]) -> urllib.request.Request:
    uri, content = str(described["uri"]), described.get("content")
    if not uri.lower().startswith(("http://", "https://")):
        raise ValueError("only http and https addresses can be called")
    headers = {str(name): str(value) for name, value in (described.get("headers") or {}).items()}
    content_type = next((value for name, value in headers.items() if name.lower() == "content-type"), None)
    if "user-agent" not in {name.lower() for name in headers}:
        headers["User-Agent"] = _USER_AGENT
    if content is not None and content_type is None:
        headers["Content-Type"] = "text/plain"
    if (content_type or "").lower().startswith("multipart/"):
        raise ValueError("multipart content cannot be sent by an orchestrator; let an activity do it")
    body = None if content is None else str(content).encode()
    return urllib.request.Request(uri, data=body, headers=headers, method=str(described["method"]).upper())


def _answer(status: int, headers: Message, body: bytes) -> str:
    shown: dict[str, str | list[str]] = {}
    for name in dict.fromkeys(headers.keys()):
        # .NET keeps these with the content, and the extension shows only the others.
        if not name.lower().startswith("content-"):
            values = headers.get_all(name) or []
            # .NET takes this one apart.
            values = values[0].split() if name.lower() == "server" and len(values) == 1 else values
            shown[name] = values[0] if len(values) == 1 else values
    text = body.decode(headers.get_content_charset() or "utf-8", errors="replace")
    return json.dumps({"statusCode": status, "headers": shown, "content": text})


def _failure(message: str) -> FunctionFailed:
    return FunctionFailed("HttpRequestException", message)
