"""Between the wire and the SDK: aiohttp requests become ``func.HttpRequest``, results become aiohttp responses."""

import asyncio
import io
import json
import tempfile
from collections.abc import Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import IO, Any

import azure.functions as func
from aiohttp import web
from azure.functions.http import HttpRequest
from multidict import CIMultiDict, MultiMapping

from devhost.engine.functions import FunctionFailed
from devhost.functions.converters import converter_of

_SPOOL_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 18
# The server sets these itself; values of the app could contradict the actual response.
_SERVER_HEADERS = ("content-length", "transfer-encoding", "connection")

DEFAULT_BODY_LIMIT_BYTES = 104_857_600


class RequestBodyTooLarge(Exception):
    """A request's body is larger than the host takes."""


async def read_json_body(request: web.Request, limit_bytes: int) -> bytes:
    """Read the body of a request to the host itself, which is parsed in memory anyway.

    Raises RequestBodyTooLarge as soon as the limit is passed.
    """
    if (request.content_length or 0) > limit_bytes:
        raise RequestBodyTooLarge
    pieces = io.BytesIO()
    await _receive(request, limit_bytes, pieces)
    return pieces.getvalue()


async def read_body(request: web.Request, limit_bytes: int, spool_folder: Path) -> bytes:
    """Read a request's body into one ``bytes``, never holding it twice: large ones go through a temporary file.

    Works with and without a Content-Length. The folder must be on a disk; the system's folder for temporary
    files may be in memory. Raises RequestBodyTooLarge as soon as the limit is passed.
    """
    if (request.content_length or 0) > limit_bytes:
        raise RequestBodyTooLarge
    if not request.body_exists:
        return b""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES, dir=str(spool_folder)) as spool:
        size = await _receive(request, limit_bytes, spool)
        spool.seek(0)
        # Files are read in a thread, so that a large upload does not block other requests.
        return await asyncio.to_thread(spool.read) if size > _SPOOL_BYTES else spool.read()


async def receive_body(request: web.Request, limit_bytes: int, spool_folder: Path) -> bytes | Path:
    """Do the same as ``read_body``, but leave a large body, or one of unknown length, in a file for the caller."""
    if not request.body_exists or (request.content_length or limit_bytes) <= _SPOOL_BYTES:
        return await read_body(request, limit_bytes, spool_folder)
    if (request.content_length or 0) > limit_bytes:
        raise RequestBodyTooLarge
    with tempfile.NamedTemporaryFile(dir=spool_folder, prefix="body-", delete=False) as file:
        try:
            await _receive(request, limit_bytes, file)
        except BaseException:
            Path(file.name).unlink()
            raise
    return Path(file.name)


async def _receive(request: web.Request, limit_bytes: int, file: IO[bytes]) -> int:
    """Write a request's body into a file; returns its size."""
    size = 0
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        size += len(chunk)
        if size > limit_bytes:
            raise RequestBodyTooLarge
        file.write(chunk)
    return size


class SpooledRequest(HttpRequest):
    """A request whose body is in a file, on its way to the process that will read it.

    Attributes:
        body_file: The file.
    """

    def __init__(self, body_file: Path, **parts: Any) -> None:
        super().__init__(body_type="bytes", body=b"", **parts)
        self.body_file = body_file

    def get_body(self) -> bytes:
        """Read the file, for bindings of the host that need the body."""
        return self.body_file.read_bytes()


class SpooledResponse(func.HttpResponse):
    """A response whose body is in a file, from which it is sent piece by piece.

    Attributes:
        body_file: The open file; closed when it has been sent.
    """

    def __init__(self, body_file: IO[bytes], **parts: Any) -> None:
        super().__init__(**parts)
        self.body_file = body_file


def build_request(request: web.Request, route_params: Mapping[str, str], body: bytes | Path) -> HttpRequest:
    """Build what an HTTP function receives, as the worker does.

    Repeated headers and query keys are joined by a comma; query keys without a value are dropped.
    """
    parts: dict[str, Any] = {
        "method": request.method.upper(),
        "url": f"{origin_of(request)}{request.raw_path}",
        "headers": joined_headers(request),
        "params": {key: value for key, value in _joined(request.query).items() if value},
        "route_params": route_params,
    }
    if isinstance(body, Path):
        return SpooledRequest(body, **parts)
    return HttpRequest(body_type="bytes", body=body, **parts)


def origin_of(request: web.Request) -> str:
    """The ``scheme://host:port`` that the client used."""
    return f"{request.scheme}://{request.host}"


def joined_headers(request: web.Request) -> dict[str, str]:
    """The request's headers with lower-cased names; repeated ones joined by a comma."""
    return _joined(request.headers, lower=True)


def _joined(pairs: MultiMapping[str], lower: bool = False) -> dict[str, str]:
    joined: dict[str, str] = {}
    for key, value in pairs.items():
        name = key.lower() if lower else key
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def build_response(function_name: str, result: Any) -> web.Response:
    """Turn an HTTP function's result into the answer.

    Raises FunctionFailed for a result that is neither ``func.HttpResponse`` nor ``str``, as the real host fails.
    """
    try:
        datum = converter_of("http").encode(result, expected_type=None)
    except NotImplementedError as error:
        text = f"{function_name} returned {type(result).__name__}. Return func.HttpResponse (or str)."
        raise FunctionFailed("TypeError", text) from error
    if datum.type == "string":
        return _text_response(datum.value)
    response = _object_response(datum.value)
    if isinstance(result, SpooledResponse):
        response.body = result.body_file
    return response


def _object_response(value: Mapping[str, Any]) -> web.Response:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, header in value["headers"].items():
        if name.lower() not in _SERVER_HEADERS:
            headers[name] = header.value
    for cookie in value["cookies"] or ():
        _add_cookies(headers, cookie)
    return web.Response(status=int(value["status_code"].value), headers=headers, body=value["body"].value)


def _add_cookies(headers: CIMultiDict[str], cookie: SimpleCookie) -> None:
    for morsel in cookie.values():
        headers.add("Set-Cookie", morsel.OutputString())


def _text_response(text: str) -> web.Response:
    """A plain string; as on the real host, a JSON object with a ``body`` in it describes a whole response.

    Other JSON objects and lists are serialized again, so their whitespace may change.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return web.Response(text=text)
    if isinstance(document, dict) and "body" in document:
        return _described_response(document)
    # A lone number or word is sent unchanged: serializing it again would rarely make a difference.
    return web.Response(text=_as_text(document) if isinstance(document, dict | list) else text)


def _described_response(described: Mapping[str, Any]) -> web.Response:
    body = described["body"]
    status = described.get("statusCode", described.get("status", 200))
    headers = {
        str(name): str(value)
        for name, value in (described.get("headers") or {}).items()
        if str(name).lower() not in _SERVER_HEADERS
    }
    return web.Response(
        status=int(status or 200), headers=headers, text=body if isinstance(body, str) else _as_text(body)
    )


def _as_text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


def json_response(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer of the host itself, as JSON."""
    return web.Response(
        text=json.dumps(document), status=status, headers=headers, content_type="application/json", charset="utf-8"
    )
