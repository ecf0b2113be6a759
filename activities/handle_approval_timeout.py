"""Closing a document that nobody decided on in time."""

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

    The timeout and a decision are conditional writes of one record, so only one of them closes the review. A
    decision in the record was answered with 202 and must be followed: it is returned. Raises ServiceUnavailable
    and RecordNotFound. Repeat-safe: a review is closed once.
    """
    request = ApprovalTimeout.from_payload(payload)
    record = await end_run(get_services(), request, RunEnd(DocumentStatus.TIMEOUT), request.started_at)
    if record is None or record.review is None or not record.review.is_decided:
        return {}
    return record.review.to_payload()
