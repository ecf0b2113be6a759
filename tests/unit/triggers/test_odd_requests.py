"""Whatever bytes a request holds, in its headers, query, path or body, the answer is no 500.

A 500 says that the fault is ours, and makes clients send the same again.
"""

from typing import Protocol

import pytest
from azure.functions.decorators.function_app import FunctionBuilder

from tests.unit.triggers.conftest import PDF, Pipeline, request
from triggers.approvals import decide_document
from triggers.counters import get_counters, reset_counters
from triggers.documents import get_document, get_document_text, list_documents, submit_document

ROUTES: dict[str, tuple[str, FunctionBuilder]] = {
    "submit": ("POST", submit_document),
    "show": ("GET", get_document),
    "list": ("GET", list_documents),
    "text": ("GET", get_document_text),
    "decide": ("POST", decide_document),
    "count": ("GET", get_counters),
    "reset": ("POST", reset_counters),
}

ODD_TEXTS = [
    "",
    " ",
    "\xff",
    "\udcff",  # how a byte that is no UTF-8 arrives
    "\ud800",
    "\x00",
    "\x7f",
    "\u2028",
    "é",
    "٣",  # digits, as str.isdigit has it
    "²",
    "-1",
    "nan",
    "1e400",
    "9223372036854775808",
    "9" * 5000,
    "x" * 5000,
    "%ff",
    "'; --",
    "../..",
]
ODD_BODIES = [
    b"",
    b"\xff",
    b"\x00",
    b"{",
    b"[]",
    b"null",
    b"NaN",
    b"[" * 100_000,
    b"9" * 5000,
    b'{"userId": NaN}',
    b'{"userId": ' + b"9" * 5000 + b"}",
    b'{"userId": "\\ud800", "blobUrl": "\\udfff", "documentId": "\\u0000", "metadata": {"\\ud800": "\\ud800"}}',
    b'{"userId": "a", "blobUrl": "https://[::1/"}',
    b'{"userId": "a", "blobUrl": "https://acct.blob.core.windows.net:99999/a/b"}',
    b'{"userId": "a", "blobUrl": "https://acct.blob.core.windows.net/a/%ff%ed%a0%80"}',
    b'{"userId": 1e999, "blobUrl": {}, "metadata": [1e999], "priority": []}',
    b'{"approved": 1e999, "reviewer": "\\ud800", "comment": "\\u0000"}',
    b'{"approved": true, "reviewer": "\\u0000\\u202e"}',
    b"--x\r\nContent-Disposition: form-data",
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
]
QUERY = (
    "userId",
    "documentId",
    "priority",
    "fileName",
    "reprocess",
    "status",
    "limit",
    "continuationToken",
    "code",
)
HEADERS = ("Content-Type", "Idempotency-Key", "x-functions-key", "Cookie", "Accept", "traceparent")
CONTENT_TYPES = ("application/pdf", "application/json", "application/json; charset=nope", "multipart/form-data")


class Ask(Protocol):
    """Sends one request, and checks that the API documents its answer."""

    async def __call__(
        self,
        route: str,
        body: bytes = PDF,
        headers: dict[str, str] | None = None,
        document_id: str = "inv-17",
        query: dict[str, str] | None = None,
    ) -> None: ...


@pytest.fixture
def ask(pipeline: Pipeline) -> Ask:
    """Sends requests to the functions."""

    async def send(
        route: str,
        body: bytes = PDF,
        headers: dict[str, str] | None = None,
        document_id: str = "inv-17",
        query: dict[str, str] | None = None,
    ) -> None:
        method, function = ROUTES[route]
        content = body if method == "POST" else b""
        given = {"Content-Type": "application/pdf", **(headers or {})}
        parameters = {"userId": "ann", **(query or {})}
        req = request(method, "documents", content, given, parameters, {"documentId": document_id})
        answer = await pipeline.call(function, req)
        assert answer.status < 500, (answer.status, answer.content)
        if answer.status >= 400:
            assert answer.json["detail"]

    return send


@pytest.mark.parametrize("route", ROUTES)
async def test_odd_texts_in_headers(ask: Ask, route: str) -> None:
    for name in HEADERS:
        for text in ODD_TEXTS:
            await ask(route, headers={name: text})


@pytest.mark.parametrize("route", ROUTES)
async def test_odd_texts_in_the_query(ask: Ask, route: str) -> None:
    for name in QUERY:
        for text in ODD_TEXTS:
            await ask(route, query={name: text})


@pytest.mark.parametrize("route", ["show", "text", "decide"])
async def test_odd_texts_in_the_path(ask: Ask, route: str) -> None:
    for text in ODD_TEXTS:
        await ask(route, b'{"approved": true, "reviewer": "bob"}', document_id=text)


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize("route", ["submit", "decide"])
async def test_odd_bodies(ask: Ask, route: str, content_type: str) -> None:
    for body in ODD_BODIES:
        await ask(route, body, {"Content-Type": content_type})
