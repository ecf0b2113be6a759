"""POST /documents with bad input: nothing is stored, and the answer says what to change."""

from typing import Any

import pytest

from tests.unit.triggers.conftest import BLOB, PDF, Pipeline, PipelineFactory

PNG = b"\x89PNG\r\n\x1a\n pixels"
REFERENCE = {"blobUrl": BLOB, "userId": "ann"}


@pytest.fixture(autouse=True)
def nothing_starts(pipeline: Pipeline) -> Any:
    yield
    assert pipeline.runtime.started == []
    assert pipeline.records.rows == {}
    assert pipeline.blobs.stored == {}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"priority": "urgent"}, "priority"),
        ({"userId": "a/b"}, "userId"),
        ({"userId": " ann"}, "userId"),
        ({"documentId": "a#b"}, "documentId"),
        ({"documentId": "a?b"}, "documentId"),
        ({"documentId": "a\\b"}, "documentId"),
        ({"documentId": "a\x07b"}, "documentId"),
        ({"documentId": "x" * 101}, "documentId"),
        ({"userId": "\u200b"}, "userId"),
        ({"userId": "nna\u202e"}, "userId"),
        ({"documentId": "a\u2066b"}, "documentId"),
        ({"fileName": "a\x00b.pdf"}, "fileName"),
        ({"fileName": "a\x9fb.pdf"}, "fileName"),
        ({"fileName": "a\u2028b.pdf"}, "fileName"),
        ({"fileName": "a\ud800b.pdf"}, "fileName"),
        ({"fileName": "invoice\u202efdp.exe"}, "fileName"),
        ({"fileName": "\u200d"}, "fileName"),
        ({"fileName": "x" * 201}, "fileName"),
        ({"fileName": "scans/"}, "fileName"),
        ({"fileName": "a/.."}, "fileName"),
        ({"reprocess": "maybe"}, "reprocess"),
    ],
)
async def test_a_wrong_parameter_is_named(pipeline: Pipeline, query: dict[str, str], field: str) -> None:
    answer = await pipeline.upload(PDF, "application/pdf", None, **query)

    assert answer.is_problem(400, "invalid-request")
    assert answer.fields == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"userId": None}, "userId"),
        ({"userId": 7}, "userId"),
        ({"priority": "urgent"}, "priority"),
        ({"documentId": "a/b"}, "documentId"),
        ({"blobURL": "typo"}, "blobURL"),
        ({"user_id": "ann"}, "user_id"),
        ({"metadata": ["a"]}, "metadata"),
        ({"metadata": {"a": {"nested": "b"}}}, "metadata.a"),
        ({"metadata": {"a": "x" * 501}}, "metadata.a"),
        ({"metadata": {f"k{number}": "v" for number in range(21)}}, "metadata"),
        ({"metadata": {f"k{number}": "🧾" * 500 for number in range(20)}}, "metadata"),
        ({"metadata": {f"k{number}": '"' * 500 for number in range(20)}}, "metadata"),
        ({"metadata": {"a": "b\x00"}}, "metadata.a"),
        ({"metadata": {"a": "b\x85"}}, "metadata.a"),
        ({"metadata": {"a": "line 1\nline 2"}}, "metadata.a"),
        ({"metadata": {"a\tb": "c"}}, "metadata.a b.[key]"),
        ({"blobUrl": "http://acct.blob.core.windows.net/inbox/a.pdf"}, "blobUrl"),
        ({"blobUrl": "https://evil.example.com/inbox/a.pdf?sig=SECRET"}, "blobUrl"),
        ({"blobUrl": "http://169.254.169.254/latest/meta-data"}, "blobUrl"),
        ({"blobUrl": f"{BLOB}-missing?sig=SECRET"}, "blobUrl"),
        ({"blobUrl": ""}, "blobUrl"),
    ],
)
async def test_a_wrong_key_of_the_json_form_is_named(
    pipeline: Pipeline, change: dict[str, Any], field: str
) -> None:
    answer = await pipeline.refer({**REFERENCE, **change})

    assert answer.is_problem(400, "invalid-request")
    assert field in answer.fields
    assert "SECRET" not in answer.content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"blobUrl": "https://" + "x" * 5000},
        {"blobUrl": "http://elsewhere.example.com/inbox/a.pdf"},
        {"metadata": {str(number): "x" for number in range(21)}},
        {"metadata": {"note": "x" * 501}},
    ],
)
async def test_a_sentence_about_a_key_begins_with_the_key_as_the_client_writes_it(
    pipeline: Pipeline, change: dict[str, Any]
) -> None:
    detail = (await pipeline.refer({**REFERENCE, **change})).json["detail"]

    assert detail.startswith(
        (f"{next(iter(change))} must", f"{next(iter(change))} should", "metadata.note should")
    )


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({str(number): "🧾" * 500 for number in range(13)}, "takes 13095: that is 1095 too many"),
        ({"a": "x" * 512}, "at most 500 characters, and has 512"),
        ({"k" * 66: "x"}, "at most 64 characters, and has 66"),
    ],
)
async def test_metadata_is_told_by_how_much_it_is_too_large(
    pipeline: Pipeline, metadata: dict[str, str], told: str
) -> None:
    """It was accepted, and the document could never come to its end for want of room in its record."""
    answer = await pipeline.refer({**REFERENCE, "metadata": metadata})

    assert answer.is_problem(400, "invalid-request")
    assert told in answer.json["errors"][0]["message"]


async def test_all_faults_are_told_together(pipeline: Pipeline) -> None:
    answer = await pipeline.refer({"priority": "urgent", "extra": 1})

    assert sorted(answer.fields) == ["blobUrl", "extra", "priority", "userId"]


async def test_a_missing_user_is_told_in_both_forms(pipeline: Pipeline) -> None:
    by_file, by_reference = await pipeline.upload(userId=""), await pipeline.refer({"blobUrl": BLOB})

    assert by_file.is_problem(400, "invalid-request")
    assert by_reference.json["errors"] == [{"field": "userId", "message": "is required"}]


@pytest.mark.parametrize(
    "body", [b"[]", b'"text"', b"null", b"7", b"{", b"\xff", b"[" * 100_000, b'{"userId": "\\ud800"}', b""]
)
async def test_a_body_that_is_no_json_object_is_refused(pipeline: Pipeline, body: bytes) -> None:
    assert (await pipeline.refer(body)).is_problem(400, "invalid-request")


async def test_an_overlong_json_body_is_refused(pipeline: Pipeline) -> None:
    assert (await pipeline.refer({**REFERENCE, "userId": "x" * 300_000})).is_problem(413, "too-large")


async def test_an_empty_file_is_refused(pipeline: Pipeline) -> None:
    assert (await pipeline.upload(b"")).is_problem(400, "invalid-request")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/octet-stream", "", "multipart/form-data; boundary=x"]
)
async def test_a_type_that_is_not_accepted_is_named(pipeline: Pipeline, content_type: str) -> None:
    answer = await pipeline.upload(PDF, content_type)

    assert answer.is_problem(415, "unsupported-type")
    assert "application/pdf" in answer.json["detail"]


async def test_content_that_lies_about_its_type_is_refused_naming_both(pipeline: Pipeline) -> None:
    answer = await pipeline.upload(PNG, "application/pdf")

    assert answer.is_problem(415, "unsupported-type")
    assert "application/pdf" in answer.json["detail"]
    assert "image/png" in answer.json["detail"]


async def test_content_of_no_accepted_type_is_refused(pipeline: Pipeline) -> None:
    pipeline.lies_at(BLOB, b"MZ a program")

    uploaded, referred = await pipeline.upload(b"MZ a program"), await pipeline.refer(REFERENCE)

    assert uploaded.is_problem(415, "unsupported-type")
    assert referred.is_problem(415, "unsupported-type")


async def test_an_empty_blob_is_refused(pipeline: Pipeline) -> None:
    pipeline.lies_at(BLOB, b"")

    answer = await pipeline.refer(REFERENCE)

    assert answer.is_problem(400, "invalid-request")
    assert answer.fields == ["blobUrl"]


async def test_a_document_above_the_limit_is_refused_in_both_forms(pipeline_with: PipelineFactory) -> None:
    pipeline = pipeline_with(MAX_DOCUMENT_MEGABYTES="0.01")
    pipeline.lies_at(BLOB, PDF + bytes(20_000))

    uploaded, referred = await pipeline.upload(PDF + bytes(20_000)), await pipeline.refer(REFERENCE)

    assert uploaded.is_problem(413, "too-large")
    assert referred.is_problem(413, "too-large")
    assert "MAX_DOCUMENT_MEGABYTES" in uploaded.json["detail"]


@pytest.mark.parametrize("key", ["", "x" * 201, "bell\x07", "clé"])
async def test_an_idempotency_key_of_a_wrong_form_is_refused(pipeline: Pipeline, key: str) -> None:
    answer = await pipeline.upload(key=key)

    assert answer.is_problem(400, "invalid-request")
    assert answer.fields == ["Idempotency-Key"]
