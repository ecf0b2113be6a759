"""Names of events: those that instances wait for, and those that people and systems outside are told of.

Instances in flight wait for theirs, and receivers know theirs, by name: never rename one.
"""

from enum import StrEnum

DOCUMENT_APPROVAL = "documentApproval"
"""The external event that brings a person's decision."""


class NotificationType(StrEnum):
    """CloudEvents ``type`` of what the submitter and the reviewers are told."""

    REVIEW_REQUESTED = "document.review.requested"
    REVIEW_REMINDER = "document.review.reminder"
    APPROVED = "document.approved"
    COMPLETED = "document.completed"
    REJECTED = "document.rejected"
    APPROVAL_TIMED_OUT = "document.approval.timedOut"
    FAILED = "document.failed"
