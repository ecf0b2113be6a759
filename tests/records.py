"""Records and policies for tests, made from the fields that a test cares about. mypy checks names and types."""

from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from docpipeline.models.approvals import FinalDecision, Review
from docpipeline.models.compliance import ComplianceIssue, ComplianceVerdict
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus, Priority
from docpipeline.models.failure import Failure
from docpipeline.models.policy import ProcessingPolicy

SUBMITTED = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
CONTENT_HASH = "ab" * 32


class RecordFields(TypedDict, total=False):
    """The fields of a record beside the id of its document."""

    instance_id: str
    user_id: str
    priority: Priority
    file_name: str | None
    content_hash: str
    content_type: str
    blob_url: str
    metadata: dict[str, str] | None
    status: DocumentStatus
    submitted_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    page_count: int | None
    language: str | None
    confidence: float | None
    doubtful_pages: tuple[int, ...]
    is_compliant: bool | None
    issues: tuple[ComplianceIssue, ...]
    decision: FinalDecision
    review: Review | None
    error: Failure | None
    text_blob: str | None
    failed_in: DocumentStatus | None
    uncounted: bool
    untold: bool
    telling_since: datetime | None
    verdict: ComplianceVerdict | None
    restarts: int


class AllRecordFields(RecordFields, total=False):
    """The fields of a record."""

    document_id: str


class PolicyFields(TypedDict, total=False):
    """The limits in a policy that tests change."""

    extraction_timeout: timedelta
    approval_timeout: timedelta
    require_four_eyes: bool
    counter_shards: int


def a_record(document_id: str = "inv-17", **fields: Unpack[RecordFields]) -> DocumentRecord:
    """The record of a document that user ann has just submitted, with other values in these fields."""
    usual: RecordFields = {
        "instance_id": f"doc-{document_id}-ann-1",
        "user_id": "ann",
        "content_hash": CONTENT_HASH,
        "blob_url": f"https://acct.blob.core.windows.net/incoming/{document_id}/{CONTENT_HASH}",
        "submitted_at": SUBMITTED,
        "updated_at": SUBMITTED,
    }
    usual.update(fields)
    return DocumentRecord(document_id=document_id, **usual)


def changed(record: DocumentRecord, /, **fields: Unpack[AllRecordFields]) -> DocumentRecord:
    """The record with other values in these fields."""
    return record.model_copy(update={**fields})


def a_policy(**limits: Unpack[PolicyFields]) -> ProcessingPolicy:
    """The usual policy with other limits."""
    return ProcessingPolicy(**limits)
