"""Closing a review with the decision in an event."""

import azure.durable_functions as df

from docpipeline import reviews
from docpipeline.composition import get_services
from docpipeline.models.approvals import Review, ReviewDecision
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def record_decision(payload: dict) -> dict:
    """Write the decision that an event holds, unless the review is closed. ReviewDecision -> Review.

    Returns the review as the record has it, which is what the process follows: when a decision also came through
    the API, the first one closed the review. Raises ServiceUnavailable and RecordNotFound. Repeat-safe: a review
    is closed once.
    """
    decision = ReviewDecision.from_payload(payload)
    review = await reviews.close_review(get_services(), decision, decision.event)
    return (review or Review()).to_payload()
