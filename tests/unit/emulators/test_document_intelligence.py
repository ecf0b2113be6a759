"""Document Intelligence as the real SDK meets it."""

from __future__ import annotations

import io
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
import requests
from azure.ai.formrecognizer.aio import DocumentAnalysisClient as AsyncDocumentAnalysisClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from emulators.document_intelligence.submissions import DocumentFile
from emulators.settings import EmulatorSettings
from tests.unit.emulators import sample_documents
from tests.unit.emulators.emulator_process import EmulatorProcess, error_of


def test_digital_pdf_gives_every_page_with_words_where_their_spans_say(running_emulators: EmulatorProcess) -> None:
    result = running_emulators.analyze(sample_documents.digital_pdf(page_count=12))

    assert [page.page_number for page in result.pages] == list(range(1, 13))
    assert result.content.startswith("Page 1\n" + "\n".join(sample_documents.LINES) + "\nPage 2\n")
    for page in result.pages:
        for word in page.words:
            assert result.content[word.span.offset :][: word.span.length] == word.content
            assert 0.99 <= word.confidence <= 1.0
        for line in page.lines:
            assert result.content[line.spans[0].offset :][: line.spans[0].length] == line.content


def test_languages_are_told_when_asked_for_as_by_the_service(running_emulators: EmulatorProcess) -> None:
    document = sample_documents.digital_pdf()

    assert running_emulators.analyze(document).languages == []
    assert [
        language.locale for language in running_emulators.analyze(document, features=["languages"]).languages
    ] == ["en"]


def test_digital_pdf_words_have_their_boxes_in_inches_from_the_top_left(
    running_emulators: EmulatorProcess,
) -> None:
    page = running_emulators.analyze(sample_documents.digital_pdf()).pages[0]

    first = page.words[0]
    assert (page.unit, round(page.width, 1), round(page.height, 1)) == ("inch", 8.3, 11.7)
    assert first.content == "Page"
    assert first.polygon[0].x == pytest.approx(1.0, abs=0.05)
    assert first.polygon[2].y == pytest.approx(1.0, abs=0.05)  # the baseline was drawn 72 points below the top


def test_only_the_selected_pages_are_analyzed_and_keep_their_numbers(running_emulators: EmulatorProcess) -> None:
    before = running_emulators.get("/usage")["documentIntelligence"]["pages"]

    result = running_emulators.analyze(sample_documents.digital_pdf(page_count=6), pages="2, 4-5")

    assert [page.page_number for page in result.pages] == [2, 4, 5]
    assert running_emulators.get("/usage")["documentIntelligence"]["pages"] - before == 3


def test_scanned_page_between_digital_and_blank_ones_is_read_by_ocr(running_emulators: EmulatorProcess) -> None:
    result = running_emulators.analyze(sample_documents.mixed_pdf("Scanned words"))

    assert [len(page.lines) for page in result.pages] == [1, 1, 0]
    assert result.pages[1].lines[0].content == "Scanned words"
    assert result.pages[1].unit == "inch"
    assert all(0.5 < word.confidence <= 1.0 for word in result.pages[1].words)


def test_every_frame_of_a_tiff_is_a_page_in_pixels(running_emulators: EmulatorProcess) -> None:
    result = running_emulators.analyze(sample_documents.tiff(["First frame", ""]))

    assert [page.unit for page in result.pages] == ["pixel", "pixel"]
    assert [[word.content for word in page.words] for page in result.pages] == [["First", "frame"], []]


@pytest.mark.parametrize(
    ("document", "inner_code", "hint"),
    [
        (b"just some text, whatever its header said", "UnsupportedContent", "none of PDF"),
        (b"%PDF-1.7\n" + b"nonsense " * 50, "InvalidContent", "corrupted"),
        (sample_documents.image_file("cut off")[:400], "InvalidContent", "corrupted"),
        (sample_documents.digital_pdf(password="local-test"), "InvalidContent", "password"),
    ],
    ids=["unknown", "corrupt-pdf", "truncated-png", "locked-pdf"],
)
def test_unreadable_document_fails_with_the_services_error(
    running_emulators: EmulatorProcess, document: bytes, inner_code: str, hint: str
) -> None:
    failure = running_emulators.failure_of(document)

    assert failure.status_code == 200  # the poll succeeded; the operation did not
    assert (error_of(failure).code, error_of(failure).innererror["code"]) == ("InvalidRequest", inner_code)
    assert hint in error_of(failure).innererror["message"]


def test_image_below_50_pixels_is_refused_for_its_dimensions(running_emulators: EmulatorProcess) -> None:
    buffer = io.BytesIO()
    sample_documents.picture("x").resize((40, 40)).save(buffer, "PNG")

    assert (
        error_of(running_emulators.failure_of(buffer.getvalue())).innererror["code"] == "InvalidContentDimensions"
    )


@pytest.mark.parametrize("pages", ["abc", "0", "3-1", "1,,2", "1;2"])
def test_malformed_pages_are_refused_at_once(running_emulators: EmulatorProcess, pages: str) -> None:
    failure = running_emulators.failure_of(b"%PDF-1.7", pages=pages)

    assert (failure.status_code, error_of(failure).code) == (400, "InvalidArgument")


def test_wrong_key_unknown_model_and_empty_document_are_refused(running_emulators: EmulatorProcess) -> None:
    with running_emulators.client(key="wrong-key") as client, pytest.raises(ClientAuthenticationError):
        client.begin_analyze_document("prebuilt-read", b"x")
    with running_emulators.client() as client:
        with pytest.raises(ResourceNotFoundError) as missing:
            client.begin_analyze_document("prebuilt-unheard-of", b"x")
        with pytest.raises(HttpResponseError) as empty:
            client.begin_analyze_document("custom-invoices", b"")
    assert error_of(missing.value).innererror["code"] == "ModelNotFound"
    assert empty.value.status_code == 400


def test_unknown_operation_is_not_found(running_emulators: EmulatorProcess) -> None:
    path = "/formrecognizer/documentModels/prebuilt-read/analyzeResults/unknown?api-version=2023-07-31"

    answer = requests.get(running_emulators.url + path, headers={"Authorization": "Bearer token"}, timeout=10)

    assert answer.status_code == 404
    assert answer.json()["error"]["innererror"]["code"] == "OperationNotFound"


def test_url_source_is_fetched_from_allowed_hosts_only(running_emulators: EmulatorProcess) -> None:
    with running_emulators.client() as client:
        with pytest.raises(HttpResponseError) as foreign:
            client.begin_analyze_document_from_url("prebuilt-read", "http://169.254.169.254/latest/meta-data")
        with pytest.raises(HttpResponseError) as disguised:
            client.begin_analyze_document_from_url("prebuilt-read", "http://127.0.0.1@example.org/a.pdf")
        with pytest.raises(HttpResponseError) as missing:
            client.begin_analyze_document_from_url("prebuilt-read", running_emulators.url + "/nowhere")
        # The index page is reachable and no document: the fetch worked, the analysis says what it is.
        poller = client.begin_analyze_document_from_url("prebuilt-read", running_emulators.url + "/")
        with pytest.raises(HttpResponseError) as fetched:
            poller.result()
    assert [foreign.value.status_code, disguised.value.status_code] == [403, 403]
    assert error_of(foreign.value).innererror["code"] == "OutboundAccessForbidden"
    assert error_of(missing.value).innererror["code"] == "ContentSourceNotAccessible"
    assert error_of(fetched.value).innererror["code"] == "UnsupportedContent"


def test_same_document_submitted_twice_shows_in_the_usage(running_emulators: EmulatorProcess) -> None:
    document = sample_documents.digital_pdf(lines=["Submitted twice"])

    for _ in range(2):
        running_emulators.analyze(document)

    assert 2 in running_emulators.get("/usage")["documentIntelligence"]["documents"].values()


async def test_aio_client_gets_the_same_result(running_emulators: EmulatorProcess) -> None:
    credential = AzureKeyCredential("any-key")
    async with AsyncDocumentAnalysisClient(running_emulators.url, credential, polling_interval=0.05) as client:
        poller = await client.begin_analyze_document("prebuilt-layout", sample_documents.digital_pdf())
        result = await poller.result()
    assert result.model_id == "prebuilt-layout"
    assert sample_documents.LINES[0] in result.content


async def test_document_that_cannot_be_stored_is_refused_for_now_and_the_next_one_is_taken(
    emulators: aiohttp.ClientSession, settings: EmulatorSettings
) -> None:
    """Guards against a full disk that answers a bare 500, which tells nobody what to do."""
    path = "/formrecognizer/documentModels/prebuilt-read:analyze?api-version=2023-07-31"
    headers = {"Ocp-Apim-Subscription-Key": "k", "Content-Type": "application/pdf"}
    documents = settings.data_dir / "documents"
    documents.rmdir()
    async with emulators.post(path, data=b"x", headers=headers) as refused:
        assert (refused.status, (await refused.json())["error"]["code"]) == (503, "ServiceUnavailable")
    documents.mkdir()
    async with emulators.post(path, data=b"x", headers=headers) as taken:
        assert taken.status == 202


async def test_document_for_whose_last_bytes_there_is_no_room_leaves_no_file(tmp_path: Path) -> None:
    """Guards against files of refused documents, which keep a full disk full."""
    path = tmp_path / "document"
    with pytest.raises(OSError, match="too large"), a_file_size_limit(100), DocumentFile(path, 1000) as file:
        await file.receive(pieces(b"x" * 200))

    assert not path.exists()


@contextmanager
def a_file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece
