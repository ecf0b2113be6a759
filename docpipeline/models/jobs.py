"""Input of `document_processing_orchestrator`."""

from datetime import datetime
from typing import Self

from docpipeline.models.approvals import OpenReview
from docpipeline.models.compliance import ComplianceVerdict, review_reasons
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import Priority
from docpipeline.models.extraction import Extraction
from docpipeline.models.payload import Payload
from docpipeline.models.policy import ProcessingPolicy


class Examination(Payload):
    """The answers of both services about a document."""

    extraction: Extraction
    verdict: ComplianceVerdict
    review_reasons: list[str]
    """Why a person must review it; empty when no review is needed."""

    @classmethod
    def of(cls, extraction: Extraction, verdict: ComplianceVerdict, policy: ProcessingPolicy) -> Self:
        """Both answers with the reasons for a review that follow from them."""
        reasons = review_reasons(verdict, extraction, policy)
        return cls(extraction=extraction, verdict=verdict, review_reasons=reasons)


class RunIdentity(Payload):
    """The part of a run's input that identifies the run."""

    document_id: str
    accepted_at: datetime | None = None
    """When the run was accepted (UTC)."""

    def is_run_of(self, record: DocumentRecord) -> bool:
        """Whether this is the input of the run that the record belongs to.

        The instance id alone does not prove it: anybody with the runtime's key can start anything under any id.
        """
        return (self.document_id, self.accepted_at) == (record.document_id, record.submitted_at)


class DocumentJob(RunIdentity):
    """One run of one document: what to process, for whom, and under which policy."""

    blob_url: str
    """The document's blob in ``incoming``, without a SAS."""
    user_id: str
    priority: Priority = Priority.NORMAL
    policy: ProcessingPolicy
    started_at: datetime | None = None
    """When the run began (UTC); None before that."""
    examination: Examination | None = None
    """Set in a generation that continues the wait for a decision; see docs/decisions/0005."""
    open_review: OpenReview | None = None

    def begun(self, now: datetime) -> Self:
        """The job with the time that its run began; a later generation keeps the time it has."""
        return self if self.started_at else self.model_copy(update={"started_at": now})

    def waiting_on(self, examination: Examination, open_review: OpenReview) -> Self:
        """The input of the generation that continues the wait for a decision."""
        return self.model_copy(update={"examination": examination, "open_review": open_review})
