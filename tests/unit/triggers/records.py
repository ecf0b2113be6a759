"""Records in any state, for tests that begin in the middle of things."""

from datetime import UTC, datetime, timedelta
from typing import Any

from docpipeline.models.approvals import Review
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.jobs import DocumentJob
from docpipeline.models.policy import ProcessingPolicy

SUBMITTED = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def a_record(document_id: str = "inv-17", status: str = "queued", **changes: Any) -> DocumentRecord:
    """A record of user ann, last written three hours ago."""
    return DocumentRecord(
        **{
            "document_id": document_id,
            "instance_id": f"doc-{document_id}-ann-1",
            "user_id": "ann",
            "content_hash": "ab" * 32,
            "blob_url": f"https://acct.blob.core.windows.net/incoming/{document_id}/abab",
            "status": DocumentStatus(status),
            "submitted_at": SUBMITTED,
            "updated_at": SUBMITTED,
            **changes,
        }
    )


def awaiting_review(document_id: str = "inv-17", **review: Any) -> DocumentRecord:
    """A record of a document that a person was asked about."""
    asked = {"requested_at": SUBMITTED, "deadline": SUBMITTED + timedelta(hours=48)}
    return a_record(document_id, "awaitingReview", review=Review(**{**asked, **review}))


def a_job(record: DocumentRecord, **policy: Any) -> dict[str, Any]:
    """The input of the record's run, as the status API shows it."""
    job = DocumentJob(
        document_id=record.document_id,
        blob_url=record.blob_url,
        user_id=record.user_id,
        policy=ProcessingPolicy(**policy),
        accepted_at=record.submitted_at,
    )
    return job.to_payload()
