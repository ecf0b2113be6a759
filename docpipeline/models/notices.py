"""What the activities after compliance are given, one payload each, and the types of notifications."""

from datetime import datetime
from enum import StrEnum

from docpipeline.models.approvals import Decision, Review
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.failure import Failure
from docpipeline.models.payload import Payload
from docpipeline.models.runs import RunReference


class NotificationType(StrEnum):
    """CloudEvents ``type`` of what the submitter and the reviewers are told."""

    REVIEW_REQUESTED = "document.review.requested"
    REVIEW_REMINDER = "document.review.reminder"
    APPROVED = "document.approved"
    COMPLETED = "document.completed"
    REJECTED = "document.rejected"
    APPROVAL_TIMED_OUT = "document.approval.timedOut"
    FAILED = "document.failed"


class ReviewNotification(RunReference):
    """Input of `send_review_notification`."""

    reasons: list[str]
    """Why a person must look (`docpipeline.models.compliance.review_reasons`)."""
    deadline: datetime
    reminder: bool = False


class ApprovalTimeout(RunReference):
    """Input of `handle_approval_timeout`."""

    started_at: datetime


class Rejection(RunReference):
    """Input of `archive_rejected_document`."""

    review: Review
    started_at: datetime


class StorageRequest(RunReference):
    """Input of `store_processed_document`."""

    is_compliant: bool
    decision: Decision
    review: Review | None = None


class CompletionNotice(RunReference):
    """Input of `send_completion_notification`."""

    is_compliant: bool
    decision: Decision


class Completion(RunReference):
    """Input of `complete_document`."""

    started_at: datetime


class ErrorReport(RunReference):
    """Input of `log_processing_error`."""

    stage: str
    error: Failure
    started_at: datetime


class EndNotice(RunReference):
    """Input of `announce_end` and of `send_error_notification`."""

    counted: bool = True
    """Whether the counter has been told of the end."""


class RecordedEnd(Payload):
    """Output of `log_processing_error`: the end that the record shows."""

    status: DocumentStatus = DocumentStatus.FAILED
