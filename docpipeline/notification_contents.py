"""The data of each notification: ids, states and links; never the document's text, a SAS or a key."""

from collections.abc import Callable
from typing import Any

from docpipeline.models.approvals import FinalDecision, Review
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus, document_links
from docpipeline.models.event_names import NotificationType


def review_notice(record: DocumentRecord, review: Review) -> dict[str, Any]:
    """Data of ``document.review.requested`` and ``document.review.reminder``."""
    return {
        **_about(record, DocumentStatus.AWAITING_REVIEW),
        "reasons": list(review.reasons),
        "issueCodes": sorted({issue.code for issue in record.issues}),
        "doubtfulPages": list(record.doubtful_pages),
        "deadline": review.deadline.isoformat().replace("+00:00", "Z") if review.deadline else None,
    }


def approval_notice(record: DocumentRecord, decision: FinalDecision, is_compliant: bool) -> dict[str, Any]:
    """Data of ``document.approved``; it says nothing of the result, which is being stored meanwhile."""
    about = _about(record, DocumentStatus.STORING)
    return {**about, "decision": decision.value, "isCompliant": is_compliant}


def end_notice(record: DocumentRecord) -> dict[str, Any]:
    """Data of the notification of the end that the record shows; END_NOTICES has its type."""
    return {**_about(record, record.status), **_END_DETAILS[record.status](record)}


def _completed(record: DocumentRecord) -> dict[str, Any]:
    return {"decision": record.decision.value, "isCompliant": record.is_compliant}


def _rejected(record: DocumentRecord) -> dict[str, Any]:
    reviewer = record.review.reviewer if record.review else None
    return {"decision": FinalDecision.REJECTED.value, "reviewer": reviewer}


def _timed_out(record: DocumentRecord) -> dict[str, Any]:
    return {"decision": FinalDecision.NONE.value}


def _failed(record: DocumentRecord) -> dict[str, Any]:
    # Only the code: the message may hold text from outside.
    error = {"code": record.error.code} if record.error else None
    return {"stage": (record.failed_in or DocumentStatus.QUEUED).value, "error": error}


END_NOTICES = {
    DocumentStatus.COMPLETED: NotificationType.COMPLETED,
    DocumentStatus.REJECTED: NotificationType.REJECTED,
    DocumentStatus.TIMEOUT: NotificationType.APPROVAL_TIMED_OUT,
    DocumentStatus.FAILED: NotificationType.FAILED,
}
"""The type of the notification of each end."""

_END_DETAILS: dict[DocumentStatus, Callable[[DocumentRecord], dict[str, Any]]] = {
    DocumentStatus.COMPLETED: _completed,
    DocumentStatus.REJECTED: _rejected,
    DocumentStatus.TIMEOUT: _timed_out,
    DocumentStatus.FAILED: _failed,
}


def _about(record: DocumentRecord, status: DocumentStatus) -> dict[str, Any]:
    return {
        "documentId": record.document_id,
        "instanceId": record.instance_id,
        "userId": record.user_id,
        "fileName": record.file_name,
        "status": status.value,
        "links": document_links(record.document_id),
    }
