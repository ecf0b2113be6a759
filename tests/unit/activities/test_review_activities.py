"""Activities of a review: the request, the reminder, and the two ends without an approval."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from activities.announce_end import announce_end
from activities.archive_rejected_document import archive_rejected_document
from activities.handle_approval_timeout import handle_approval_timeout
from activities.record_decision import record_decision
from activities.send_review_notification import send_review_notification
from docpipeline.errors import BlobUnavailable, ServiceUnavailable
from docpipeline.models.approvals import FinalDecision, Review
from docpipeline.models.compliance import ComplianceIssue
from docpipeline.models.documents import DocumentStatus
from tests.unit.activities.conftest import Pipeline
from tests.unit.activities.results import result_of

DEADLINE = "2026-11-24T12:00:00Z"


def a_review_request(pipeline: Pipeline, **fields: Any) -> dict[str, Any]:
    return {**pipeline.run, "reasons": ["notCompliant"], "deadline": DEADLINE, **fields}


def a_rejection(pipeline: Pipeline) -> dict[str, Any]:
    return {**pipeline.run, "startedAt": pipeline.started_a_minute_ago()}


def an_event(pipeline: Pipeline, **event: Any) -> dict[str, Any]:
    return {**pipeline.run, "event": event}


def a_timeout(pipeline: Pipeline) -> dict[str, Any]:
    return {**pipeline.run, "startedAt": pipeline.started_a_minute_ago()}


async def test_a_review_is_requested_with_reasons_codes_and_deadline(pipeline: Pipeline) -> None:
    issues = (
        ComplianceIssue(code="iban", message="x"),
        ComplianceIssue(code="cardNumber", message="secret words"),
    )
    await pipeline.accept(DocumentStatus.VALIDATING, issues=issues, doubtful_pages=(2, 7))
    answer = await send_review_notification(a_review_request(pipeline))
    ((_, _, _, data),) = pipeline.notifier.sent
    record = await pipeline.record()
    assert pipeline.notifier.types() == ["document.review.requested"]
    assert data["reasons"] == ["notCompliant"]
    assert data["issueCodes"] == ["cardNumber", "iban"]
    assert data["doubtfulPages"] == [2, 7]
    assert data["deadline"] == DEADLINE
    assert data["links"]["approval"] == f"/api/documents/{pipeline.document_id}/approval"
    assert "secret words" not in str(data)
    assert record.status is DocumentStatus.AWAITING_REVIEW
    assert record.review is not None
    assert answer == result_of("send_review_notification", record.review.to_payload())
    assert answer["deadline"] == DEADLINE
    assert answer["reasons"] == ["notCompliant"]
    assert record.review.requested_at == pipeline.clock()


async def test_a_second_request_keeps_time_and_deadline_of_the_first(pipeline: Pipeline) -> None:
    """The API and the orchestrator use the same deadline."""
    await pipeline.accept(DocumentStatus.VALIDATING)
    first = await send_review_notification(a_review_request(pipeline))
    pipeline.clock.advance(timedelta(minutes=5))
    later = await send_review_notification(a_review_request(pipeline, deadline="2026-11-25T12:00:00Z"))
    review = (await pipeline.record()).review
    assert review is not None
    assert later == first == result_of("send_review_notification", review.to_payload())
    assert {data["deadline"] for *_, data in pipeline.notifier.sent} == {DEADLINE}


async def test_the_record_has_the_reasons_and_the_deadline_of_the_review(pipeline: Pipeline) -> None:
    """The record of a flagged document could be compliant, without issues, and without any reason."""
    await pipeline.accept(DocumentStatus.VALIDATING, is_compliant=True)
    await send_review_notification(a_review_request(pipeline, reasons=["extractionConfidenceLow"]))
    shown = (await pipeline.record()).to_api()["review"]
    assert (shown["reasons"], shown["deadline"]) == (["extractionConfidenceLow"], DEADLINE)


async def test_a_reminder_has_its_own_type(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=Review(requested_at=pipeline.clock()))
    await send_review_notification(a_review_request(pipeline, reminder=True))
    assert pipeline.notifier.types() == ["document.review.reminder"]


@pytest.mark.parametrize("status", [DocumentStatus.STORING, DocumentStatus.REJECTED, DocumentStatus.TIMEOUT])
async def test_nobody_is_reminded_of_a_document_that_no_longer_waits(
    pipeline: Pipeline, status: DocumentStatus
) -> None:
    review = Review(requested_at=pipeline.clock())
    await pipeline.accept(status, review=review)
    assert await send_review_notification(a_review_request(pipeline, reminder=True)) == result_of(
        "send_review_notification", review.to_payload()
    )
    assert pipeline.notifier.sent == []


@pytest.mark.parametrize("status", [DocumentStatus.FAILED, DocumentStatus.STORING])
async def test_no_review_is_requested_of_a_document_that_is_beyond_it(
    pipeline: Pipeline, status: DocumentStatus
) -> None:
    await pipeline.accept(status)
    assert await send_review_notification(a_review_request(pipeline)) == result_of("send_review_notification")
    assert pipeline.notifier.sent == []


async def test_a_run_that_is_started_again_after_the_decision_finds_it(pipeline: Pipeline) -> None:
    decided = Review(deadline=pipeline.clock(), approved=True, reviewer="grace", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.STORING, review=decided)
    assert await send_review_notification(a_review_request(pipeline)) == result_of(
        "send_review_notification", decided.to_payload()
    )
    assert pipeline.notifier.sent == []


@pytest.mark.parametrize("reminder", [False, True])
async def test_no_request_is_sent_for_a_decided_review(pipeline: Pipeline, reminder: bool) -> None:
    """The request may be retried for minutes, while the record already awaits its review."""
    decided = Review(approved=True, reviewer="grace", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=decided)
    answer = await send_review_notification(a_review_request(pipeline, reminder=reminder))
    assert answer == result_of("send_review_notification", decided.to_payload())
    assert pipeline.notifier.sent == []


async def test_the_record_awaits_the_review_even_when_the_request_cannot_be_sent(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.VALIDATING)
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")
    with pytest.raises(ServiceUnavailable):
        await send_review_notification(a_review_request(pipeline))
    assert (await pipeline.record()).status is DocumentStatus.AWAITING_REVIEW


async def test_a_review_that_timed_out_is_closed_and_counted_once_and_then_announced(pipeline: Pipeline) -> None:
    """A timeout was announced that a decision could still prevent."""
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW)
    for _ in range(2):
        assert await handle_approval_timeout(a_timeout(pipeline)) == result_of("handle_approval_timeout")
    record = await pipeline.record()
    assert pipeline.notifier.sent == []
    assert (record.status, record.completed_at) == (DocumentStatus.TIMEOUT, pipeline.clock())
    assert record.is_unsettled
    (duration,) = pipeline.metrics.named("OrchestrationDuration")
    (completed,) = pipeline.metrics.named("DocumentsCompleted")
    assert duration.value == 60_000
    assert completed.properties["result"] == "timeout"
    for _ in range(2):
        await announce_end(pipeline.run)
    assert pipeline.notifier.types() == ["document.approval.timedOut"]
    assert not (await pipeline.record()).is_open


async def test_a_decision_made_in_time_is_returned_instead_of_timing_out(pipeline: Pipeline) -> None:
    review = Review(requested_at=pipeline.clock(), approved=True, reviewer="grace", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=review)
    assert await handle_approval_timeout(a_timeout(pipeline)) == result_of(
        "handle_approval_timeout", review.to_payload()
    )
    assert pipeline.notifier.types() == []
    assert (await pipeline.record()).status is DocumentStatus.AWAITING_REVIEW


async def test_an_end_that_could_not_be_announced_is_announced_by_the_next_attempt(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW)
    await handle_approval_timeout(a_timeout(pipeline))
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")
    with pytest.raises(ServiceUnavailable):
        await announce_end(pipeline.run)
    record = await pipeline.record()
    assert (record.uncounted, record.untold) == (False, True)
    pipeline.notifier.fault = None
    await announce_end(pipeline.run)
    assert pipeline.notifier.types() == ["document.approval.timedOut"]


async def test_an_end_that_is_announced_but_not_counted_stays_unsettled(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW)
    await handle_approval_timeout(a_timeout(pipeline))
    await announce_end({**pipeline.run, "counted": False})
    record = await pipeline.record()
    assert (record.uncounted, record.untold) == (True, False)
    assert record.is_open


async def test_no_end_is_announced_before_it_is_recorded(pipeline: Pipeline) -> None:
    for status in DocumentStatus:
        if not status.is_final:
            await pipeline.accept(status)
            await announce_end(pipeline.run)
    assert pipeline.notifier.sent == []


async def test_a_rejected_document_is_archived_and_closed_once_and_then_announced(pipeline: Pipeline) -> None:
    review = Review(requested_at=pipeline.clock(), approved=False, reviewer="grace", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=review)
    for _ in range(2):
        await archive_rejected_document(a_rejection(pipeline))
    record = await pipeline.record()
    assert pipeline.notifier.sent == []
    assert (record.status, record.decision) == (DocumentStatus.REJECTED, FinalDecision.REJECTED)
    assert record.review == review
    with pytest.raises(BlobUnavailable):
        await pipeline.blobs.open_incoming(pipeline.blob_url)
    assert [metric.properties["result"] for metric in pipeline.metrics.named("DocumentsCompleted")] == ["rejected"]
    await announce_end(pipeline.run)
    ((*_, data),) = pipeline.notifier.sent
    assert pipeline.notifier.types() == ["document.rejected"]
    assert data["reviewer"] == "grace"


async def test_the_decision_in_an_event_is_recorded_and_returned(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=Review(requested_at=pipeline.clock()))
    for _ in range(2):
        answer = await record_decision(an_event(pipeline, approved=True, reviewer="grace", comment="fine"))
    review = (await pipeline.record()).review
    assert review is not None
    assert answer == result_of("record_decision", review.to_payload())
    assert (review.approved, review.reviewer, review.comment) == (True, "grace", "fine")
    assert review.requested_at == review.decided_at == pipeline.clock()


async def test_of_two_decisions_at_once_every_one_learns_which_counts(pipeline: Pipeline) -> None:
    """The API answered 202 to one decision, and the other counted."""
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=Review(requested_at=pipeline.clock()))
    answers = await asyncio.gather(
        *(
            record_decision(an_event(pipeline, approved=number % 2 == 0, reviewer=f"r-{number}"))
            for number in range(6)
        )
    )
    review = (await pipeline.record()).review
    assert review is not None
    assert answers == [result_of("record_decision", review.to_payload())] * 6


@pytest.mark.parametrize("first", ["timeout", "decision"])
async def test_a_timeout_and_a_decision_close_a_review_once(pipeline: Pipeline, first: str) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=Review(requested_at=pipeline.clock()))
    event = an_event(pipeline, approved=True, reviewer="grace")
    if first == "timeout":
        assert await handle_approval_timeout(a_timeout(pipeline)) == result_of("handle_approval_timeout")
        assert await record_decision(event) == result_of("record_decision", {"reasons": []})
        assert (await pipeline.record()).status is DocumentStatus.TIMEOUT
    else:
        decided = await record_decision(event)
        assert await handle_approval_timeout(a_timeout(pipeline)) == result_of("handle_approval_timeout", decided)
        assert (await pipeline.record()).status is DocumentStatus.AWAITING_REVIEW


async def test_a_superseded_run_announces_nothing_and_leaves_the_content_alone(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW)
    await pipeline.supersede()
    before = await pipeline.record()
    await send_review_notification(a_review_request(pipeline))
    await record_decision(an_event(pipeline, approved=True, reviewer="grace"))
    await archive_rejected_document(a_rejection(pipeline))
    await handle_approval_timeout(a_timeout(pipeline))
    await announce_end(pipeline.run)
    assert pipeline.notifier.sent == []
    assert await pipeline.record() == before
    (await pipeline.blobs.open_incoming(pipeline.blob_url)).close()
