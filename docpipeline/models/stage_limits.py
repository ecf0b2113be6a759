"""How long a run may stay in one stage before it is taken for stuck.

The engine loses a run without a trace when it calls an activity that no process has: the instance stays
``Running``. Nothing but the time since the record last moved tells such a run from one at work.
"""

from datetime import datetime, timedelta

from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.policy import ProcessingPolicy

RETRIES = timedelta(minutes=15)
"""More than the retries of any stage take; those of the extraction end at its deadline."""
MARGIN = timedelta(hours=1)
"""For what no policy limits: a queue behind a burst of documents, messages that stay hidden after a crash, an
activity that takes all the time of a function, clocks that differ."""


def moves_by(record: DocumentRecord, policy: ProcessingPolicy) -> datetime:
    """When a run at work has moved its open record again, at the latest (UTC)."""
    return _stage_ends(record, policy) + RETRIES + MARGIN


def _stage_ends(record: DocumentRecord, policy: ProcessingPolicy) -> datetime:
    review = record.review
    if record.status is DocumentStatus.EXTRACTING:
        return record.updated_at + policy.extraction_timeout
    if record.status is DocumentStatus.AWAITING_REVIEW and not (review and review.is_decided):
        # A reminder does not move the record.
        return (review and review.deadline) or record.updated_at + policy.approval_timeout
    return record.updated_at
