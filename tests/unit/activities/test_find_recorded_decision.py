"""Looking into the record for a decision whose event was lost."""

from activities.find_recorded_decision import find_recorded_decision
from docpipeline.models.approvals import Review
from docpipeline.models.documents import DocumentStatus
from tests.unit.activities.conftest import Pipeline


async def test_a_decision_in_the_record_is_found(pipeline: Pipeline) -> None:
    review = Review(approved=False, reviewer="grace", comment="no", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=review)
    assert await find_recorded_decision(pipeline.run) == review.to_payload()


async def test_an_undecided_review_is_found_undecided(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=Review(requested_at=pipeline.clock()))
    assert "approved" not in await find_recorded_decision(pipeline.run)


async def test_the_decision_of_another_run_is_not_ours(pipeline: Pipeline) -> None:
    review = Review(approved=True, reviewer="grace", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=review)
    assert await find_recorded_decision({**pipeline.run, "instanceId": "an-older-run"}) == {"reasons": []}
