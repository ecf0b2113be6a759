import pytest

from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import COUNTER_FIELDS, TRANSITIONS, DocumentStatus, document_links
from tests.records import a_record


def test_every_status_that_is_not_final_can_still_fail_and_every_final_one_is_counted() -> None:
    for status, following in TRANSITIONS.items():
        assert status.is_final == (not following)
        assert status.is_final or DocumentStatus.FAILED in following
        assert status.is_final == (status in COUNTER_FIELDS)


@pytest.mark.parametrize(
    ("status", "target", "reached"),
    [
        (DocumentStatus.VALIDATING, DocumentStatus.EXTRACTING, True),
        (DocumentStatus.EXTRACTING, DocumentStatus.EXTRACTING, True),
        (DocumentStatus.QUEUED, DocumentStatus.EXTRACTING, False),
        (DocumentStatus.FAILED, DocumentStatus.COMPLETED, True),
    ],
)
def test_a_document_has_reached_what_lies_behind_it_and_a_final_one_has_reached_everything(
    status: DocumentStatus, target: DocumentStatus, reached: bool
) -> None:
    assert a_record(status=status).has_reached(target) is reached


def test_the_api_shows_every_key_of_a_record_and_none_of_the_inner_ones() -> None:
    assert sorted(a_record().to_api()) == sorted(
        [
            "documentId", "instanceId", "userId", "priority", "fileName", "contentHash", "status", "submittedAt",
            "updatedAt", "completedAt", "pageCount", "language", "confidence", "doubtfulPages", "isCompliant",
            "issues", "decision", "review", "error", "links",
        ]
    )  # fmt: skip


def test_times_are_utc_with_z() -> None:
    assert a_record().to_api()["submittedAt"] == "2026-05-04T09:00:00Z"


def test_links_escape_what_a_path_cannot_hold() -> None:
    assert document_links("a b&c")["text"] == "/api/documents/a%20b%26c/text"


def test_a_record_survives_the_way_through_json() -> None:
    record = a_record(status=DocumentStatus.VALIDATING, confidence=0.97)
    assert DocumentRecord.from_payload(record.to_payload()) == record
