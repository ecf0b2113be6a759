"""Looking for a decision whose event was lost."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.approvals import Review
from docpipeline.models.runs import RunReference
from docpipeline.run_ends import open_run
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def find_recorded_decision(payload: dict) -> dict:
    """The review as the record has it: what a person decided over the API, or undecided. RunReference -> Review.

    The API writes a decision into the record before it raises its event, so one that is not found here has an
    event that is still to come. Raises ServiceUnavailable. Repeat-safe: it only reads.
    """
    run = RunReference.from_payload(payload)
    record = await open_run(get_services(), run)
    review = record.review if record else None
    return (review or Review()).to_payload()
