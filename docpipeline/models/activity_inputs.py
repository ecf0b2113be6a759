"""Inputs and outputs of the activities after the compliance check."""

from datetime import datetime

from docpipeline.models.approvals import FinalDecision
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.failure import Failure
from docpipeline.models.payload import Payload
from docpipeline.models.runs import RunReference


class ReviewNotification(RunReference):
    """Input of `send_review_notification`."""

    reasons: list[str]
    """Why a review is needed (`docpipeline.models.compliance.review_reasons`)."""
    deadline: datetime
    reminder: bool = False


class ApprovalTimeout(RunReference):
    """Input of `handle_approval_timeout`."""

    started_at: datetime


class Rejection(RunReference):
    """Input of `archive_rejected_document`."""

    started_at: datetime


class StorageRequest(RunReference):
    """Input of `store_processed_document`."""

    is_compliant: bool
    decision: FinalDecision


class CompletionNotice(RunReference):
    """Input of `send_completion_notification`."""

    is_compliant: bool
    decision: FinalDecision


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
    """Whether the end is counted."""


class RecordedEnd(Payload):
    """Output of `log_processing_error`: the end that the record shows."""

    status: DocumentStatus = DocumentStatus.FAILED
