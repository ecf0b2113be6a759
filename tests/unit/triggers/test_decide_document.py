"""POST /documents/{documentId}/approval: who may decide what, when, and how often."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Unpack

import pytest

from docpipeline import reviews
from docpipeline.models.approvals import Decision
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from tests.records import SUBMITTED, PolicyFields, a_record, changed
from tests.unit.triggers.conftest import Pipeline
from tests.unit.triggers.records import awaiting_review

APPROVAL = {"approved": True, "reviewer": "rita", "comment": "looks fine"}


Change = Callable[[DocumentRecord], DocumentRecord]


def waiting(
    pipeline: Pipeline, record: DocumentRecord | None = None, **limits: Unpack[PolicyFields]
) -> DocumentRecord:
    """A document that waits for a review, and its instance that does."""
    record = pipeline.records.put(record or awaiting_review())
    pipeline.runs(record, **limits)
    return record


async def test_a_decision_is_recorded_and_raised(pipeline: Pipeline) -> None:
    record = waiting(pipeline)

    answer = await pipeline.decide("inv-17", APPROVAL)

    review = pipeline.records.rows["inv-17"].review
    assert (answer.status, answer.json["documentId"]) == (202, "inv-17")
    assert review is not None
    assert (review.approved, review.reviewer, review.comment) == (True, "rita", "looks fine")
    assert review.requested_at == SUBMITTED
    assert review.decided_at is not None
    assert [(raised[0], raised[1]) for raised in pipeline.runtime.raised] == [
        (record.instance_id, "documentApproval")
    ]
    assert json.loads(pipeline.runtime.raised[0][2]) == APPROVAL


async def test_a_rejection_needs_no_comment(pipeline: Pipeline) -> None:
    waiting(pipeline)

    assert (await pipeline.decide("inv-17", {"approved": False, "reviewer": "rita"})).status == 202
    assert json.loads(pipeline.runtime.raised[0][2]) == {"approved": False, "reviewer": "rita"}


async def test_an_unknown_document_is_a_404(pipeline: Pipeline) -> None:
    assert (await pipeline.decide("unknown", APPROVAL)).is_problem(404, "not-found")


@pytest.mark.parametrize(
    "status", sorted(set(DocumentStatus) - {DocumentStatus.EXTRACTING, DocumentStatus.AWAITING_REVIEW})
)
async def test_a_document_that_waits_for_no_review_is_a_409(pipeline: Pipeline, status: DocumentStatus) -> None:
    pipeline.records.put(a_record("inv-17", status=status))

    answer = await pipeline.decide("inv-17", APPROVAL)

    assert answer.is_problem(409, "conflict")
    assert ("too late" if status == "timeout" else status) in answer.json["detail"]


@pytest.mark.parametrize("reviewer", ["ann", " ANN ", "an\u200bn", "\u3000ａｎｎ", "an\u00adn"])
async def test_the_submitter_may_not_review(pipeline: Pipeline, reviewer: str) -> None:
    waiting(pipeline)

    answer = await pipeline.decide("inv-17", {"approved": True, "reviewer": reviewer})

    assert answer.is_problem(403, "forbidden")
    assert pipeline.runtime.raised == []
    assert pipeline.records.rows["inv-17"] == awaiting_review()


async def test_the_submitter_may_review_where_the_run_does_not_ask_for_four_eyes(pipeline: Pipeline) -> None:
    waiting(pipeline, require_four_eyes=False)

    assert (await pipeline.decide("inv-17", {"approved": True, "reviewer": "ann"})).status == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", {}, {"approved": True}, {**APPROVAL, "approved": "yes"}, {**APPROVAL, "reviewer": "  "},
     {**APPROVAL, "comment": "x" * 2001}, {**APPROVAL, "extra": 1}],
)  # fmt: skip
async def test_a_malformed_body_is_a_400(pipeline: Pipeline, body: object) -> None:
    waiting(pipeline)

    assert (await pipeline.decide("inv-17", body)).is_problem(400, "invalid-request")
    assert pipeline.runtime.raised == []


async def test_of_two_simultaneous_deciders_one_wins(pipeline: Pipeline) -> None:
    waiting(pipeline)

    answers = await asyncio.gather(
        pipeline.decide("inv-17", APPROVAL),
        pipeline.decide("inv-17", {"approved": False, "reviewer": "rob"}),
    )

    assert sorted(answer.status for answer in answers) == [202, 409]
    assert len(pipeline.runtime.raised) == 1


async def test_the_same_decision_again_is_raised_again(pipeline: Pipeline) -> None:
    waiting(pipeline)

    answers = [await pipeline.decide("inv-17", APPROVAL) for _ in range(2)]

    assert [answer.status for answer in answers] == [202, 202]
    assert len(pipeline.runtime.raised) == 2


@pytest.mark.parametrize("change", [{"approved": False}, {"reviewer": "rob"}])
async def test_another_decision_after_the_first_is_a_409(pipeline: Pipeline, change: dict[str, Any]) -> None:
    waiting(pipeline)
    await pipeline.decide("inv-17", APPROVAL)

    answer = await pipeline.decide("inv-17", {**APPROVAL, **change})

    assert answer.is_problem(409, "conflict")
    assert "decided already" in answer.json["detail"]


@pytest.mark.parametrize("status", ["Terminated", "Completed"])
async def test_an_instance_that_ended_is_too_late_and_nothing_is_recorded(pipeline: Pipeline, status: str) -> None:
    record = waiting(pipeline)
    pipeline.runtime.instances[record.instance_id].status = status

    answer = await pipeline.decide("inv-17", APPROVAL)

    assert answer.is_problem(409, "conflict")
    assert pipeline.records.rows["inv-17"] == record


async def test_after_the_deadline_it_is_too_late(pipeline: Pipeline) -> None:
    record = waiting(pipeline, awaiting_review(deadline=pipeline.clock.now))

    assert (await pipeline.decide("inv-17", APPROVAL)).is_problem(409, "conflict")
    assert pipeline.records.rows["inv-17"] == record


async def test_a_decision_that_comes_after_the_timeout_was_written_is_too_late(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the last quarter of a second decisions were answered 202, and the document timed out all the same."""
    waiting(pipeline)
    update = pipeline.records.update

    async def time_out_then_update(document_id: str, change: Change) -> DocumentRecord:
        pipeline.is_at(document_id, status=DocumentStatus.TIMEOUT)
        return await update(document_id, change)

    monkeypatch.setattr(pipeline.records, "update", time_out_then_update)

    assert (await pipeline.decide("inv-17", APPROVAL)).is_problem(409, "conflict")
    assert pipeline.runtime.raised == []


async def test_a_decision_that_comes_after_an_event_was_written_is_told_so(pipeline: Pipeline) -> None:
    record = waiting(pipeline)
    event = Decision(approved=False, reviewer="rob")
    await reviews.close_review(pipeline.services.as_services(), record.run, event)

    answer = await pipeline.decide("inv-17", APPROVAL)

    assert answer.is_problem(409, "conflict")
    assert "by rob" in answer.json["detail"]


async def test_the_instance_of_another_document_cannot_be_decided(pipeline: Pipeline) -> None:
    record = pipeline.records.put(awaiting_review())
    pipeline.runs(changed(record, document_id="other"))

    assert (await pipeline.decide("inv-17", APPROVAL)).is_problem(409, "conflict")
    assert pipeline.runtime.raised == []


async def test_a_decision_that_is_written_counts_though_its_event_cannot_be_raised(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(pipeline)
    update = pipeline.records.update

    async def update_then_fall(document_id: str, change: Change) -> DocumentRecord:
        decided = await update(document_id, change)
        pipeline.runtime.is_down = True
        return decided

    monkeypatch.setattr(pipeline.records, "update", update_then_fall)

    assert (await pipeline.decide("inv-17", APPROVAL)).status == 202


async def test_an_instance_that_ends_while_the_decision_is_written_is_too_late(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = waiting(pipeline)
    update = pipeline.records.update

    async def end_then_update(document_id: str, change: Change) -> DocumentRecord:
        pipeline.runtime.instances[record.instance_id].status = "Terminated"
        return await update(document_id, change)

    monkeypatch.setattr(pipeline.records, "update", end_then_update)

    assert (await pipeline.decide("inv-17", APPROVAL)).is_problem(409, "conflict")


@pytest.mark.parametrize(("status", "answered"), [(DocumentStatus.COMPLETED, 202), (DocumentStatus.TIMEOUT, 409)])
async def test_a_decision_by_which_the_run_ended_before_its_event_was_raised_was_taken(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, status: DocumentStatus, answered: int
) -> None:
    record = waiting(pipeline)
    update = pipeline.records.update

    async def update_then_end(document_id: str, change: Change) -> DocumentRecord:
        decided = await update(document_id, change)
        pipeline.runtime.instances[record.instance_id].status = "Completed"
        pipeline.records.put(changed(decided, status=status))
        return decided

    monkeypatch.setattr(pipeline.records, "update", update_then_end)

    assert (await pipeline.decide("inv-17", APPROVAL)).status == answered


async def test_a_runtime_that_is_down_is_a_503(pipeline: Pipeline) -> None:
    waiting(pipeline)
    pipeline.runtime.is_down = True

    assert (await pipeline.decide("inv-17", APPROVAL)).is_problem(503, "unavailable")
