"""GET of a record, of a page of records, and of a text."""

import pytest

from docpipeline.models.documents import DocumentStatus
from tests.records import a_record
from tests.unit.triggers.conftest import ORIGIN, Pipeline

KEYS = {
    *("documentId", "instanceId", "userId", "priority", "fileName", "contentHash", "status", "submittedAt"),
    *(
        "updatedAt",
        "completedAt",
        "pageCount",
        "language",
        "confidence",
        "isCompliant",
        "issues",
        "doubtfulPages",
        "decision",
    ),
    *("review", "error", "links"),
}


async def test_a_record_has_every_key_and_links_that_can_be_followed(pipeline: Pipeline) -> None:
    pipeline.records.put(a_record("inv-17"))

    answer = await pipeline.show("inv-17")

    assert answer.status == 200
    assert answer.json.keys() == KEYS
    assert answer.json["submittedAt"] == "2026-05-04T09:00:00Z"
    assert answer.json["links"]["text"] == f"{ORIGIN}/api/documents/inv-17/text"


@pytest.mark.parametrize("document_id", ["unknown", "a#b", "x" * 300, "a\x00b"])
async def test_an_unknown_or_impossible_document_is_a_404(pipeline: Pipeline, document_id: str) -> None:
    assert (await pipeline.show(document_id)).is_problem(404, "not-found")
    assert (await pipeline.text(document_id)).is_problem(404, "not-found")


async def test_a_list_is_a_page_with_the_token_of_the_next(pipeline: Pipeline) -> None:
    for number in range(3):
        pipeline.records.put(a_record(f"d-{number}"))

    answer = await pipeline.list(limit="2", status="queued", userId="ann", continuationToken="before")

    assert [document["documentId"] for document in answer.json["documents"]] == ["d-0", "d-1"]
    assert answer.json["continuationToken"] == "next"
    assert pipeline.records.asked == [(DocumentStatus.QUEUED, "ann", 2, "before")]


async def test_a_list_without_parameters_is_the_newest_fifty(pipeline: Pipeline) -> None:
    answer = await pipeline.list()

    assert answer.json == {"documents": [], "continuationToken": None}
    assert pipeline.records.asked == [(None, None, 50, None)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "done"}, "status"),
        ({"userId": "a/b"}, "userId"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "10000"}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"continuationToken": "nonsense"}, "continuationToken"),
    ],
)
async def test_a_wrong_parameter_of_the_list_is_named(
    pipeline: Pipeline, query: dict[str, str], field: str
) -> None:
    answer = await pipeline.list(**query)

    assert answer.is_problem(400, "invalid-request")
    assert answer.fields == [field]


async def test_a_text_is_plain_utf_8(pipeline: Pipeline) -> None:
    pipeline.records.put(a_record("inv-17", text_blob="extractions/inv-17/text.txt"))
    pipeline.blobs.texts["extractions/inv-17/text.txt"] = "Überweisung".encode()

    answer = await pipeline.text("inv-17")

    assert (answer.status, answer.content.decode()) == (200, "Überweisung")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_a_document_without_a_text_yet_says_so(pipeline: Pipeline) -> None:
    pipeline.records.put(a_record("inv-17", status=DocumentStatus.EXTRACTING))

    answer = await pipeline.text("inv-17")

    assert answer.is_problem(404, "not-found")
    assert "extracting" in answer.json["detail"]


async def test_a_text_deleted_by_hand_is_a_404(pipeline: Pipeline) -> None:
    pipeline.records.put(a_record("inv-17", text_blob="extractions/inv-17/text.txt"))

    assert (await pipeline.text("inv-17")).is_problem(404, "not-found")
