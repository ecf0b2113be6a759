"""Records under review, and inputs of runs, for tests that begin in the middle of things."""

from datetime import datetime, timedelta
from typing import Any, Unpack

from docpipeline.models.approvals import Review
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.jobs import DocumentJob
from tests.records import SUBMITTED, PolicyFields, a_policy, a_record


def awaiting_review(
    document_id: str = "inv-17",
    deadline: datetime = SUBMITTED + timedelta(hours=48),
    approved: bool | None = None,
    reviewer: str | None = None,
    decided_at: datetime | None = None,
) -> DocumentRecord:
    """The record of a document whose review was requested, and perhaps decided."""
    review = Review(
        requested_at=SUBMITTED, deadline=deadline, approved=approved, reviewer=reviewer, decided_at=decided_at
    )
    return a_record(document_id, status=DocumentStatus.AWAITING_REVIEW, review=review)


def a_job(record: DocumentRecord, **limits: Unpack[PolicyFields]) -> dict[str, Any]:
    """The input of the record's run, as the status API shows it."""
    job = DocumentJob(
        document_id=record.document_id,
        blob_url=record.blob_url,
        user_id=record.user_id,
        policy=a_policy(**limits),
        accepted_at=record.submitted_at,
    )
    return job.to_payload()
