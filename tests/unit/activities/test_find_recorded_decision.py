"""Finds the recorded decision whose event was lost."""

from datetime import timedelta

from activities.find_recorded_decision import find_recorded_decision
from docpipeline import reviews
from docpipeline.composition import get_services
from docpipeline.models.approvals import Decision, Review
from docpipeline.models.documents import DocumentStatus
from tests.unit.activities.conftest import Pipeline
from tests.unit.activities.results import result_of


async def test_a_decision_in_the_record_is_found(pipeline: Pipeline) -> None:
    review = Review(approved=False, reviewer="grace", comment="no", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=review)
    assert await find_recorded_decision(pipeline.run) == result_of("find_recorded_decision", review.to_payload())


async def test_an_undecided_review_is_found_undecided(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=Review(requested_at=pipeline.clock()))
    assert "approved" not in await find_recorded_decision(pipeline.run)


async def test_the_decision_of_another_run_does_not_count(pipeline: Pipeline) -> None:
    review = Review(approved=True, reviewer="grace", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=review)
    assert await find_recorded_decision({**pipeline.run, "instanceId": "an-older-run"}) == result_of(
        "find_recorded_decision", {"reasons": []}
    )


async def test_a_review_that_is_given_up_is_too_late_to_decide(pipeline: Pipeline) -> None:
    """A decision between the last lookup and the failure could be answered 202."""
    later = pipeline.clock() + timedelta(hours=48)
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=Review(deadline=later))
    for _ in range(2):
        answer = await find_recorded_decision({**pipeline.run, "giveUp": True})
    event = Decision(approved=True, reviewer="grace")
    run = (await pipeline.record()).run
    assert "approved" not in answer
    late = await reviews.close_review(get_services(), run, event, until_deadline=True)
    assert late is None or not late.is_decided
    assert (await pipeline.record()).review == Review(deadline=pipeline.clock())


async def test_a_review_that_is_decided_cannot_be_given_up(pipeline: Pipeline) -> None:
    review = Review(approved=True, reviewer="grace", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=review)
    assert (await find_recorded_decision({**pipeline.run, "giveUp": True}))["reviewer"] == "grace"
    assert (await pipeline.record()).review == review
