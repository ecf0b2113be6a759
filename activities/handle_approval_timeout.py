"""Closing a document nobody decided on in time."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import ApprovalTimeout
from docpipeline.models.document_record import RunEnd
from docpipeline.models.documents import DocumentStatus
from docpipeline.run_ends import end_run
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def handle_approval_timeout(payload: dict) -> dict:
    """Close the document as timed out, unless a person has decided. ApprovalTimeout -> {}, or Review.

    Both close the review by a write that only one of them can make: a decision that is in the record was answered
    202, and is returned to be followed. Raises ServiceUnavailable and RecordNotFound. Repeat-safe: what is written
    stays.
    """
    request = ApprovalTimeout.from_payload(payload)
    record = await end_run(get_services(), request, RunEnd(DocumentStatus.TIMEOUT), request.started_at)
    if record is None or record.review is None or not record.review.is_decided:
        return {}
    return record.review.to_payload()
