"""Names of external events and types of notifications.

Instances in flight and receivers of notifications depend on them: never rename one.
"""

from enum import StrEnum

DOCUMENT_APPROVAL = "documentApproval"
"""The external event that brings a person's decision."""


class NotificationType(StrEnum):
    """CloudEvents ``type`` of the notifications."""

    REVIEW_REQUESTED = "document.review.requested"
    REVIEW_REMINDER = "document.review.reminder"
    APPROVED = "document.approved"
    COMPLETED = "document.completed"
    REJECTED = "document.rejected"
    APPROVAL_TIMED_OUT = "document.approval.timedOut"
    FAILED = "document.failed"
