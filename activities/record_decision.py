"""Closing a review by the decision that an event brought."""

import azure.durable_functions as df

from docpipeline import reviews
from docpipeline.composition import get_services
from docpipeline.models.approvals import Review, ReviewDecision
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def record_decision(payload: dict) -> dict:
    """Write what an event says a person decided, unless the review is closed. ReviewDecision -> Review.

    What comes back is what the record says, and what the process follows: of an event and a decision through the
    API one closes the review, and the other finds it closed. Raises ServiceUnavailable and RecordNotFound.
    Repeat-safe: a review is closed once.
    """
    decision = ReviewDecision.from_payload(payload)
    review = await reviews.close_review(get_services(), decision, decision.event)
    return (review or Review()).to_payload()
