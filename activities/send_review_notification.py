"""Asking a person to look at a document, and reminding them."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.approvals import Review
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.notices import NotificationType, ReviewNotification
from docpipeline.notices import review_notice
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def send_review_notification(payload: dict) -> dict:
    """Ask for a review, or remind of one. ReviewNotification -> {}.

    The record is moved before anybody is asked, so that an answer is accepted from the first moment. A document
    that no longer waits is left in peace. Raises ServiceUnavailable and ServiceRefused.

    Repeat-safe: the time of the first request stays, and the notification keeps its id.
    """
    request, services = ReviewNotification.from_payload(payload), get_services()
    ids = (request.document_id, request.instance_id)
    requested = Review(requested_at=services.clock())
    record = await services.document_records.advance(*ids, DocumentStatus.AWAITING_REVIEW, review=requested)
    if record is None or record.status is not DocumentStatus.AWAITING_REVIEW:
        return {}
    type = NotificationType.REVIEW_REMINDER if request.reminder else NotificationType.REVIEW_REQUESTED
    await services.notifier.send(type, request.instance_id, request.document_id, review_notice(record, request))
    return {}
