"""Asking a person to review a document, and reminding them."""

import azure.durable_functions as df

from docpipeline import reviews
from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import ReviewNotification
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.event_names import NotificationType
from docpipeline.notification_contents import review_notice
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def send_review_notification(payload: dict) -> dict:
    """Ask for a review, or remind of one. ReviewNotification -> Review, or {}.

    The record changes before the notification is sent, so that a decision is accepted from the first moment.
    Returns the review as the record has it; its deadline is the one that counts. Nothing is sent for a document
    that is decided, or does not await a review any more. Raises ServiceUnavailable and ServiceRefused.

    Repeat-safe: time, deadline and reasons of the first request stay, and the notification keeps its id. A run
    that is started again after the decision finds it here.
    """
    request, services = ReviewNotification.from_payload(payload), get_services()
    record = await reviews.open_review(services, request)
    if record is None or record.review is None:
        return {}
    # Somebody may have decided before being asked, so nobody else needs to.
    if record.status is not DocumentStatus.AWAITING_REVIEW or record.review.is_decided:
        return record.review.to_payload()
    type = NotificationType.REVIEW_REMINDER if request.reminder else NotificationType.REVIEW_REQUESTED
    notice = review_notice(record, record.review)
    await services.notifier.send(type, request, notice)
    return record.review.to_payload()
