"""Closing a document nobody decided on in time."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.notices import ApprovalTimeout, NotificationType
from docpipeline.notices import timeout_notice
from docpipeline.run_ends import end_run, open_run
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def handle_approval_timeout(payload: dict) -> dict:
    """Tell the submitter, then close the document as timed out. ApprovalTimeout -> {}, or Review.

    A decision that is in the record was made in time, and is returned instead: its event is merely late. Raises
    ServiceUnavailable and ServiceRefused. Repeat-safe: the record is moved last, and once it is moved nothing is
    sent; before that, the notification keeps its id.
    """
    request, services = ApprovalTimeout.from_payload(payload), get_services()
    record = await open_run(services, request)
    if record is None:
        return {}
    if record.review and record.review.approved is not None:
        return record.review.to_payload()
    await services.notifier.send(
        NotificationType.APPROVAL_TIMED_OUT, request.instance_id, request.document_id, timeout_notice(record)
    )
    await end_run(services, request, DocumentStatus.TIMEOUT, request.started_at)
    return {}
