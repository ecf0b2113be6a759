"""Document Intelligence through the real SDK: submitted once, polled until the end, each error with its cause."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Any

import pytest

from docpipeline.errors import (
    CircuitOpen,
    DocumentFailed,
    NothingSubmitted,
    OperationLost,
    ServiceRefused,
    ServiceUnavailable,
)
from docpipeline.models.extraction import Extraction
from docpipeline.models.failure import DOCUMENT_FAULTS
from docpipeline.models.page_reading import PageReading
from docpipeline.resilience import ServiceBreaker
from docpipeline.services.analysis import Analysis
from docpipeline.services.document_intelligence import DocumentIntelligence
from emulators.document_intelligence.service_errors import TOO_MANY_PAGES
from emulators.document_intelligence.submissions import TOO_LARGE
from tests.azurite import free_ports
from tests.unit.services.scripted_server import ScriptedServer

DOCUMENT = b"%PDF-1.7 a document"
MODEL = "prebuilt-document"


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=20)


def content() -> BytesIO:
    return BytesIO(DOCUMENT)


def a_result(**parts: object) -> str:
    result = {"apiVersion": "2023-07-31", "modelId": MODEL, "content": "", "pages": [], **parts}
    return json.dumps({"status": "succeeded", "analyzeResult": result})


def an_error(code: str, inner: str | None = None, message: str = "some words") -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner, "message": message}
    return {"error": error}


@pytest.fixture
async def service(server: ScriptedServer) -> AsyncIterator[DocumentIntelligence]:
    client = DocumentIntelligence(server.base_url, "the-key", ServiceBreaker("DI"), polling_interval=0.02)
    yield client
    await client.close()


async def test_a_submission_sends_the_document_once_and_returns_the_operation(
    service: DocumentIntelligence, server: ScriptedServer
) -> None:
    server.answer(202, headers={"Operation-Location": f"{server.base_url}/operations/1"})
    with SpooledTemporaryFile(max_size=1000) as document:
        document.write(DOCUMENT)
        document.seek(0)
        assert await service.submit(document, MODEL, soon()) == f"{server.base_url}/operations/1"
    (request,) = server.seen
    assert request.path == f"/formrecognizer/documentModels/{MODEL}:analyze"
    assert request.query["features"] == "languages"
    assert request.headers["Ocp-Apim-Subscription-Key"] == "the-key"
    assert request.body == DOCUMENT


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\x1b%-12345X@PJL\n", b"\0" * 1024])
@pytest.mark.parametrize("in_memory_bytes", [10, 10_000])
async def test_what_comes_before_a_pdfs_header_is_not_sent(
    service: DocumentIntelligence, server: ScriptedServer, before: bytes, in_memory_bytes: int
) -> None:
    """Intake accepts such a file, as PDF readers do. Whether the service does is not documented."""
    server.answer(202, headers={"Operation-Location": f"{server.base_url}/operations/1"})
    with SpooledTemporaryFile(max_size=in_memory_bytes) as document:
        document.write(before + DOCUMENT)
        document.seek(0)
        await service.submit(document, MODEL, soon())
    assert server.seen[0].body == DOCUMENT


async def test_a_result_is_polled_for_and_read(service: DocumentIntelligence, server: ScriptedServer) -> None:
    words = [{"content": "a", "confidence": 0.9}, {"content": "b", "confidence": 0.4}, {"content": "c"}]
    server.answer(200, json.dumps({"status": "notStarted"}), {"Retry-After": "0.01"})
    server.answer(200, json.dumps({"status": "running"}))
    server.answer(
        200,
        a_result(
            content="a b c",
            pages=[{"pageNumber": 1, "words": words}, {"pageNumber": 2, "spans": []}],
            languages=[
                {"locale": "en", "spans": [{"offset": 0, "length": 2}], "confidence": 0.9},
                {"locale": "de", "spans": [{"offset": 2, "length": 3}], "confidence": 0.9},
            ],
        ),
    )
    analysis = await service.result(f"{server.base_url}/operations/1", soon())
    pages = (PageReading(low_words_share=0.5), PageReading(is_empty=True))
    assert analysis == Analysis("a b c", 2, "de", 0.65, 0.4, 0.5, pages)
    assert {request.headers["Ocp-Apim-Subscription-Key"] for request in server.seen} == {"the-key"}


async def test_a_lone_surrogate_in_a_text_is_replaced(
    service: DocumentIntelligence, server: ScriptedServer
) -> None:
    """Broken fonts cause lone surrogates. A text with one could never be stored."""
    server.answer(200, a_result(content="Gr\ud800öße \ud83d\ude00"))
    read = await service.result(f"{server.base_url}/operations/1", soon())
    assert read.text == "Gr\ufffdöße 😀"


async def test_a_language_of_any_length_and_kind_fits_in_the_record() -> None:
    extraction = Extraction(language="x-\ud800" + "y" * 5000)
    assert extraction.language == "x-\ufffd" + "y" * 32


async def test_a_document_without_words_has_no_confidence(
    service: DocumentIntelligence, server: ScriptedServer
) -> None:
    server.answer(200, a_result(content=" \n", pages=[{"pageNumber": 1, "spans": []}]))
    analysis = await service.result(f"{server.base_url}/operations/1", soon())
    assert analysis == Analysis(" \n", 1, pages=(PageReading(is_empty=True),))
    assert not analysis.has_text


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, an_error("InvalidRequest", "InvalidContent"), "corrupt"),
        (400, an_error("InvalidRequest", "InvalidContent", "The file is locked with a password."), "encrypted"),
        (400, an_error("InvalidRequest", "UnsupportedContent"), "unsupported"),
        (400, an_error("InvalidRequest", "UnsupportedContent", "The file is encrypted."), "encrypted"),
        (400, an_error("InvalidRequest", "InvalidContentLength"), "tooLarge"),
        (400, an_error("InvalidRequest", "InvalidContentLength", TOO_MANY_PAGES), "tooManyPages"),
        (400, an_error("InvalidRequest", "InvalidContentLength", TOO_LARGE), "tooLarge"),
        (400, an_error("InvalidRequest", "InvalidContentDimensions"), "imageSize"),
        (400, an_error("InvalidRequest", "InvalidContentComplexity"), "tooComplex"),
        (400, an_error("InvalidRequest", "InvalidPageNumbers"), "unreadable"),
        (413, {}, "tooLarge"),
        (415, an_error("UnsupportedMediaType"), "unsupported"),
    ],
)
async def test_a_document_the_service_refuses_is_the_documents_fault(
    service: DocumentIntelligence, server: ScriptedServer, status: int, error: dict[str, Any], code: str
) -> None:
    server.answer(status, json.dumps(error), {"Content-Type": "application/json"})
    with pytest.raises(DocumentFailed) as failed:
        await service.submit(content(), MODEL, soon())
    assert failed.value.code == code
    assert code in DOCUMENT_FAULTS
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("InvalidContent", "corrupt"),
        ("UnsupportedContent", "unsupported"),
        ("InvalidContentComplexity", "tooComplex"),
        ("InvalidSomethingNew", "unreadable"),
    ],
)
async def test_an_operation_that_failed_for_its_document_is_the_documents_fault(
    service: DocumentIntelligence, server: ScriptedServer, inner: str, code: str
) -> None:
    server.answer(200, json.dumps({"status": "failed", **an_error("InvalidRequest", inner)}))
    with pytest.raises(DocumentFailed) as failed:
        await service.result(f"{server.base_url}/operations/1", soon())
    assert failed.value.code == code


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"status": "failed", **an_error("InternalServerError")}),
        (200, {"status": "failed"}),
        (200, {"status": "canceled"}),
        (404, an_error("NotFound", "OperationNotFound")),
    ],
)
async def test_an_operation_that_came_to_nothing_is_lost(
    service: DocumentIntelligence, server: ScriptedServer, status: int, body: dict[str, Any]
) -> None:
    server.answer(status, json.dumps(body))
    with pytest.raises(OperationLost):
        await service.result(f"{server.base_url}/operations/1", soon())


@pytest.mark.parametrize(
    "error", [an_error("InvalidRequest"), an_error("InvalidArgument", "InvalidParameter"), an_error("Forbidden")]
)
async def test_an_analysis_that_was_refused_is_not_worth_another(
    service: DocumentIntelligence, server: ScriptedServer, error: dict[str, Any]
) -> None:
    """The same request would be paid and refused again."""
    server.answer(200, json.dumps({"status": "failed", **error}))
    with pytest.raises(ServiceRefused, match="DOCUMENT_INTELLIGENCE_MODEL"):
        await service.result(f"{server.base_url}/operations/1", soon())


@pytest.mark.parametrize(
    ("status", "is_known"),
    [(408, True), (429, True), (500, True), (503, True), (502, False), (504, False), (202, False)],
)
async def test_only_the_service_itself_says_that_nothing_was_submitted(
    service: DocumentIntelligence, server: ScriptedServer, status: int, is_known: bool
) -> None:
    """After a gateway's 502 or 504 it is unknown, and a 202 without an operation means that it was submitted."""
    server.answer(status, json.dumps(an_error("x")))
    with pytest.raises(ServiceUnavailable) as raised:
        await service.submit(content(), MODEL, soon())
    assert isinstance(raised.value, NothingSubmitted) is is_known


async def test_a_connection_that_breaks_after_the_document_was_sent_may_have_submitted_it(
    service: DocumentIntelligence, server: ScriptedServer
) -> None:
    server.hang_up()
    with pytest.raises(ServiceUnavailable, match="did not answer") as raised:
        await service.submit(content(), MODEL, soon())
    assert not isinstance(raised.value, NothingSubmitted)
    assert [request.body for request in server.seen] == [DOCUMENT]


@pytest.mark.parametrize("retry_after", ["nan", "-nan", "-inf", "-5", "soon"])
async def test_a_retry_after_that_is_not_a_time_is_ignored(
    service: DocumentIntelligence, server: ScriptedServer, retry_after: str
) -> None:
    """NaN is a float, and an event loop that sleeps for NaN seconds may never wake up."""
    server.answer(200, json.dumps({"status": "running"}), {"Retry-After": retry_after})
    server.answer(200, a_result(content="x", pages=[{"pageNumber": 1}]))
    analysis = await service.result(f"{server.base_url}/operations/1", datetime.now(UTC) + timedelta(seconds=5))
    assert analysis.text == "x"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_service_that_is_busy_or_broken_is_unavailable_for_now_after_one_request(
    service: DocumentIntelligence, server: ScriptedServer, status: int
) -> None:
    server.answer(status, json.dumps(an_error("x")), {"Retry-After": "7"})
    with pytest.raises(ServiceUnavailable, match=f"{status} and asks to wait 7 s"):
        await service.submit(content(), MODEL, soon())
    with pytest.raises(ServiceUnavailable, match=str(status)) as raised:
        await service.result(f"{server.base_url}/operations/1", soon())
    assert not isinstance(raised.value, OperationLost)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("status", "setting"),
    [
        (401, "DOCUMENT_INTELLIGENCE_KEY"),
        (403, "DOCUMENT_INTELLIGENCE_KEY"),
        (404, "DOCUMENT_INTELLIGENCE_MODEL"),
        (400, "DOCUMENT_INTELLIGENCE_ENDPOINT"),
    ],
)
async def test_a_refusal_names_the_setting_to_look_at(
    service: DocumentIntelligence, server: ScriptedServer, status: int, setting: str
) -> None:
    server.answer(status, json.dumps(an_error("InvalidArgument", "InvalidParameter")))
    with pytest.raises(ServiceRefused, match=setting) as refused:
        await service.submit(content(), MODEL, soon())
    assert "the-key" not in str(refused.value)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_poll_is_a_refusal_too(
    service: DocumentIntelligence, server: ScriptedServer, status: int
) -> None:
    server.answer(status, json.dumps(an_error("Forbidden")))
    with pytest.raises(ServiceRefused, match="DOCUMENT_INTELLIGENCE_KEY"):
        await service.result(f"{server.base_url}/operations/1", soon())


@pytest.mark.parametrize("body", ["", "no json", "[]", '{"status": 5}', '{"status": "succeeded"}', "{}"])
async def test_a_poll_with_an_unknown_answer_is_repeated_later(
    service: DocumentIntelligence, server: ScriptedServer, body: str
) -> None:
    server.answer(200, body)
    with pytest.raises(ServiceUnavailable, match="could not be understood"):
        await service.result(f"{server.base_url}/operations/1", soon())


@pytest.mark.parametrize("headers", [{}, {"Operation-Location": "https://di.example/öperations/1"}])
async def test_an_acceptance_that_names_no_operation_is_unavailable(
    service: DocumentIntelligence, server: ScriptedServer, headers: dict[str, str]
) -> None:
    server.answer(202, headers=headers)
    with pytest.raises(ServiceUnavailable, match="without saying where"):
        await service.submit(content(), MODEL, soon())


async def test_a_service_that_is_not_there_is_unavailable() -> None:
    endpoint = f"http://127.0.0.1:{free_ports(1)[0]}"
    service = DocumentIntelligence(endpoint, "the-key", ServiceBreaker("DI"))
    with pytest.raises(NothingSubmitted, match="did not answer"):
        await service.submit(content(), MODEL, soon())
    await service.close()


@pytest.mark.parametrize("step", ["submit", "result"])
async def test_a_hang_ends_at_the_deadline(
    service: DocumentIntelligence, server: ScriptedServer, step: str
) -> None:
    server.hang()
    deadline = datetime.now(UTC) + timedelta(seconds=0.2)
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "submit": lambda: service.submit(content(), MODEL, deadline),
        "result": lambda: service.result(f"{server.base_url}/operations/1", deadline),
    }
    with pytest.raises(DocumentFailed) as failed:
        await steps[step]()
    assert failed.value.code == "extractionTimeout"


async def test_an_analysis_that_never_ends_is_given_up_at_the_deadline(
    service: DocumentIntelligence, server: ScriptedServer
) -> None:
    server.answer(200, json.dumps({"status": "running"}))
    with pytest.raises(DocumentFailed, match="before the deadline"):
        await service.result(f"{server.base_url}/operations/1", datetime.now(UTC) + timedelta(seconds=1))
    assert len(server.seen) > 1


async def test_after_consecutive_failures_the_service_gets_no_requests(server: ScriptedServer) -> None:
    breaker = ServiceBreaker("DI", failures_until_open=2)
    service = DocumentIntelligence(server.base_url, "the-key", breaker)
    server.answer(503)
    for _ in range(2):
        with pytest.raises(ServiceUnavailable, match="503"):
            await service.submit(content(), MODEL, soon())
    with pytest.raises(CircuitOpen):
        await service.submit(content(), MODEL, soon())
    assert len(server.seen) == 2
    await service.close()


async def test_many_documents_are_analyzed_at_once(service: DocumentIntelligence, server: ScriptedServer) -> None:
    server.answer(200, a_result(content="x", pages=[{"pageNumber": 1}]))
    results = await asyncio.gather(
        *(service.result(f"{server.base_url}/operations/{number}", soon()) for number in range(20))
    )
    assert {analysis.text for analysis in results} == {"x"}
