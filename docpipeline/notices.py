"""What each notification tells: ids, states and links; never the document's text, a SAS or a key."""

from typing import Any

from docpipeline.models.approvals import Decision
from docpipeline.models.documents import DocumentRecord, DocumentStatus, document_links
from docpipeline.models.notices import ErrorReport, ReviewNotification


def review_notice(record: DocumentRecord, request: ReviewNotification) -> dict[str, Any]:
    """Data of ``document.review.requested`` and ``document.review.reminder``."""
    return {
        **_about(record, DocumentStatus.AWAITING_REVIEW),
        "reasons": request.reasons,
        "issueCodes": sorted({issue.code for issue in record.issues}),
        "deadline": request.deadline.isoformat().replace("+00:00", "Z"),
    }


def completion_notice(record: DocumentRecord, decision: Decision, is_compliant: bool) -> dict[str, Any]:
    """Data of ``document.completed``."""
    return {
        **_about(record, DocumentStatus.COMPLETED),
        "decision": decision.value,
        "isCompliant": is_compliant,
    }


def rejection_notice(record: DocumentRecord, reviewer: str | None) -> dict[str, Any]:
    """Data of ``document.rejected``."""
    about = _about(record, DocumentStatus.REJECTED)
    return {**about, "decision": Decision.REJECTED.value, "reviewer": reviewer}


def timeout_notice(record: DocumentRecord) -> dict[str, Any]:
    """Data of ``document.approval.timedOut``."""
    return {**_about(record, DocumentStatus.TIMEOUT), "decision": Decision.NONE.value}


def failure_notice(record: DocumentRecord, report: ErrorReport) -> dict[str, Any]:
    """Data of ``document.failed``. The code only: a message may come from anywhere."""
    return {
        **_about(record, DocumentStatus.FAILED),
        "stage": report.stage,
        "error": {"code": report.error.code},
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
