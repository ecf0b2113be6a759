"""Looking in the record for a decision whose event was lost."""

import azure.durable_functions as df

from docpipeline import reviews
from docpipeline.composition import get_services
from docpipeline.models.approvals import Review, ReviewLookup
from docpipeline.run_ends import open_run
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def find_recorded_decision(payload: dict) -> dict:
    """The review as the record has it, decided or not. ReviewLookup -> Review.

    The API writes a decision into the record before it raises its event. The event of a decision that is not found
    here is therefore still to come; when the review is given up, the API refuses a later decision as too late.
    Raises ServiceUnavailable and RecordNotFound. Repeat-safe: it only reads, or gives a review up once.
    """
    lookup, services = ReviewLookup.from_payload(payload), get_services()
    if lookup.give_up:
        return (await reviews.give_up_review(services, lookup) or Review()).to_payload()
    record = await open_run(services, lookup)
    review = record.review if record else None
    return (review or Review()).to_payload()
