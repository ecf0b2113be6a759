"""Asking for a review, reminding, and the two ends without an approval."""

from datetime import timedelta
from typing import Any

import pytest

from activities.archive_rejected_document import archive_rejected_document
from activities.handle_approval_timeout import handle_approval_timeout
from activities.send_review_notification import send_review_notification
from docpipeline.errors import BlobUnavailable, ServiceUnavailable
from docpipeline.models.approvals import Decision, Review
from docpipeline.models.compliance import ComplianceIssue
from docpipeline.models.documents import DocumentStatus
from tests.unit.activities.conftest import Pipeline

DEADLINE = "2026-11-24T12:00:00Z"


def a_review_request(pipeline: Pipeline, **fields: Any) -> dict[str, Any]:
    return {**pipeline.run, "reasons": ["notCompliant"], "deadline": DEADLINE, **fields}


def a_rejection(pipeline: Pipeline) -> dict[str, Any]:
    review = {"approved": False, "reviewer": "grace", "comment": "no", "decidedAt": pipeline.clock().isoformat()}
    return {**pipeline.run, "review": review, "startedAt": pipeline.started_a_minute_ago()}


def a_timeout(pipeline: Pipeline) -> dict[str, Any]:
    return {**pipeline.run, "startedAt": pipeline.started_a_minute_ago()}


async def test_a_review_is_requested_with_reasons_codes_and_deadline(pipeline: Pipeline) -> None:
    issues = (
        ComplianceIssue(code="iban", message="x"),
        ComplianceIssue(code="cardNumber", message="secret words"),
    )
    await pipeline.accept(DocumentStatus.VALIDATING, issues=issues)
    assert await send_review_notification(a_review_request(pipeline)) == {}
    ((_, _, _, told),) = pipeline.notifier.sent
    record = await pipeline.record()
    assert pipeline.notifier.types() == ["document.review.requested"]
    assert told["reasons"] == ["notCompliant"]
    assert told["issueCodes"] == ["cardNumber", "iban"]
    assert told["deadline"] == DEADLINE
    assert told["links"]["approval"] == f"/api/documents/{pipeline.document_id}/approval"
    assert "secret words" not in str(told)
    assert record.status is DocumentStatus.AWAITING_REVIEW
    assert record.review == Review(requested_at=pipeline.clock())


async def test_a_second_request_keeps_the_time_of_the_first(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.VALIDATING)
    await send_review_notification(a_review_request(pipeline))
    requested = (await pipeline.record()).review
    pipeline.clock.advance(timedelta(minutes=5))
    await send_review_notification(a_review_request(pipeline))
    assert (await pipeline.record()).review == requested


async def test_a_reminder_is_one_by_its_type(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW)
    await send_review_notification(a_review_request(pipeline, reminder=True))
    assert pipeline.notifier.types() == ["document.review.reminder"]


@pytest.mark.parametrize("status", [DocumentStatus.STORING, DocumentStatus.REJECTED, DocumentStatus.TIMEOUT])
async def test_nobody_is_reminded_of_a_document_that_no_longer_waits(
    pipeline: Pipeline, status: DocumentStatus
) -> None:
    await pipeline.accept(status)
    await send_review_notification(a_review_request(pipeline, reminder=True))
    assert pipeline.notifier.sent == []


async def test_the_record_awaits_the_review_even_when_nobody_could_be_told(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.VALIDATING)
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")
    with pytest.raises(ServiceUnavailable):
        await send_review_notification(a_review_request(pipeline))
    assert (await pipeline.record()).status is DocumentStatus.AWAITING_REVIEW


async def test_a_review_that_timed_out_is_told_closed_and_counted_once(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW)
    for _ in range(2):
        await handle_approval_timeout(a_timeout(pipeline))
    record = await pipeline.record()
    assert pipeline.notifier.types() == ["document.approval.timedOut"]
    assert record.status is DocumentStatus.TIMEOUT
    assert record.completed_at == pipeline.clock()
    (duration,) = pipeline.metrics_named("OrchestrationDuration")
    (completed,) = pipeline.metrics_named("DocumentsCompleted")
    assert duration["value"] == 60_000
    assert completed["result"] == "timeout"


async def test_a_decision_made_in_time_is_returned_instead_of_timing_out(pipeline: Pipeline) -> None:
    review = Review(requested_at=pipeline.clock(), approved=True, reviewer="grace", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=review)
    assert await handle_approval_timeout(a_timeout(pipeline)) == review.to_payload()
    assert pipeline.notifier.types() == []
    assert (await pipeline.record()).status is DocumentStatus.AWAITING_REVIEW


async def test_a_timeout_that_could_not_be_told_is_told_by_the_next_attempt(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW)
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")
    with pytest.raises(ServiceUnavailable):
        await handle_approval_timeout(a_timeout(pipeline))
    assert (await pipeline.record()).status is DocumentStatus.AWAITING_REVIEW
    pipeline.notifier.fault = None
    await handle_approval_timeout(a_timeout(pipeline))
    assert pipeline.notifier.types() == ["document.approval.timedOut"]
    assert (await pipeline.record()).status is DocumentStatus.TIMEOUT


async def test_a_rejected_document_is_archived_told_and_closed_once(pipeline: Pipeline) -> None:
    requested = Review(requested_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=requested)
    for _ in range(2):
        await archive_rejected_document(a_rejection(pipeline))
    record = await pipeline.record()
    assert pipeline.notifier.types() == ["document.rejected"]
    assert (record.status, record.decision) == (DocumentStatus.REJECTED, Decision.REJECTED)
    assert record.review is not None
    assert (record.review.reviewer, record.review.requested_at) == ("grace", pipeline.clock())
    with pytest.raises(BlobUnavailable):
        await pipeline.blobs.open_incoming(pipeline.blob_url)
    assert [metric["result"] for metric in pipeline.metrics_named("DocumentsCompleted")] == ["rejected"]


async def test_a_superseded_run_tells_nobody_and_leaves_the_content_alone(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW)
    await pipeline.supersede()
    await send_review_notification(a_review_request(pipeline))
    await archive_rejected_document(a_rejection(pipeline))
    await handle_approval_timeout(a_timeout(pipeline))
    assert pipeline.notifier.sent == []
    (await pipeline.blobs.open_incoming(pipeline.blob_url)).close()
