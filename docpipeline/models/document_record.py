"""A document's record, and every change that may be made to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self, TypedDict, Unpack

from pydantic import AwareDatetime, ConfigDict, Field

from docpipeline.errors import IllegalTransition
from docpipeline.models.approvals import Decision, FinalDecision, Review
from docpipeline.models.compliance import ComplianceIssue, ComplianceVerdict
from docpipeline.models.documents import (
    MAX_FILE_NAME,
    TRANSITIONS,
    DocumentStatus,
    Priority,
    document_links,
    path_to,
)
from docpipeline.models.extraction import Extraction, LanguageTag
from docpipeline.models.failure import Failure
from docpipeline.models.instance_ids import MAX_ID_LENGTH
from docpipeline.models.page_reading import MOST_DOUBTFUL_PAGES
from docpipeline.models.payload import Payload
from docpipeline.models.runs import RunReference

_ORDER = list(DocumentStatus)

_INNER_FIELDS = {
    *("blob_url", "text_blob", "metadata", "content_type"),
    *("failed_in", "uncounted", "untold", "telling_since", "verdict", "restarts"),
}


@dataclass(frozen=True)
class RunEnd:
    """How a run ends: a final status, and fields of the record to set with it; None leaves a field as it is."""

    status: DocumentStatus
    decision: FinalDecision | None = None
    error: Failure | None = None
    is_compliant: bool | None = None


class _Changes(TypedDict, total=False):
    """The fields of a record that may change during its run. Typed, so that mypy finds a misspelt one."""

    instance_id: str
    metadata: dict[str, str] | None
    status: DocumentStatus
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


class DocumentRecord(Payload):
    """Everything that is known of a document. A document has one record; a new run overwrites that of the last.

    Every text has a maximum length, so that the record of an accepted document always fits in its row
    (`docpipeline.models.record_limits`).

    Only its methods change it, one for each event in a document's life. Each returns the changed record, or this
    same object when there is nothing to change, since every event may come twice or too late. Times are UTC.
    """

    # JSON has no NaN or infinity: one such value would make every list with this record unreadable.
    model_config = ConfigDict(allow_inf_nan=False)

    document_id: Annotated[str, Field(max_length=MAX_ID_LENGTH)]
    instance_id: Annotated[str, Field(max_length=256)]
    user_id: Annotated[str, Field(max_length=MAX_ID_LENGTH)]
    priority: Priority = Priority.NORMAL
    file_name: Annotated[str, Field(max_length=MAX_FILE_NAME)] | None = None
    content_hash: Annotated[str, Field(max_length=64)]
    """SHA-256 of the content, hex."""
    content_type: Annotated[str, Field(max_length=40)] = "application/octet-stream"
    blob_url: Annotated[str, Field(max_length=1024)]
    """The content's blob in container ``incoming``; never with a SAS."""
    metadata: dict[str, str] | None = None
    status: DocumentStatus = DocumentStatus.QUEUED
    submitted_at: AwareDatetime
    updated_at: AwareDatetime
    completed_at: AwareDatetime | None = None
    page_count: int | None = None
    language: LanguageTag | None = None
    confidence: float | None = None
    doubtful_pages: tuple[int, ...] = Field(default=(), max_length=MOST_DOUBTFUL_PAGES)
    """Numbers, from 1, of the pages that were read badly; at most the first 100."""
    is_compliant: bool | None = None
    issues: tuple[ComplianceIssue, ...] = ()
    decision: FinalDecision = FinalDecision.NONE
    review: Review | None = None
    error: Failure | None = None
    text_blob: Annotated[str, Field(max_length=300)] | None = None
    """``container/name`` of the extracted text."""
    failed_in: DocumentStatus | None = None
    """The status a failed document was in when it failed."""
    uncounted: bool = False
    """Whether the end is written and may not be counted yet."""
    untold: bool = False
    """Whether the end is written and may not be announced to the submitter yet."""
    telling_since: AwareDatetime | None = None
    """When the reconciliation first failed to announce the end."""
    verdict: ComplianceVerdict | None = None
    """The answer of the compliance check: a run that is started again goes the same way as before."""
    restarts: int = 0
    """How often the reconciliation has started the run again."""

    @property
    def run(self) -> RunReference:
        """The run that it belongs to."""
        return RunReference(document_id=self.document_id, instance_id=self.instance_id)

    def is_of(self, run: RunReference) -> bool:
        """Whether it belongs to this run, and not to a newer one of the same document."""
        return (self.document_id, self.instance_id) == (run.document_id, run.instance_id)

    @property
    def is_open(self) -> bool:
        """Whether something remains to be done for its run."""
        return self.is_unsettled or not self.status.is_final

    @property
    def is_unsettled(self) -> bool:
        """Whether its end is written, but not yet counted or not yet announced."""
        return self.uncounted or self.untold

    def has_reached(self, target: DocumentStatus) -> bool:
        """Whether the document is at ``target`` or beyond it."""
        return self.status.is_final or _ORDER.index(self.status) >= _ORDER.index(target)

    def begin_extraction(self, at: datetime) -> Self:
        """Extraction begins."""
        return self._reach(DocumentStatus.EXTRACTING, at)

    def show_extraction(self, extraction: Extraction, at: datetime) -> Self:
        """Show the result of the extraction, unless the run has ended."""
        return self._amend(
            at,
            page_count=extraction.page_count,
            language=extraction.language,
            confidence=extraction.confidence,
            doubtful_pages=extraction.doubtful_pages,
            text_blob=extraction.text_blob,
        )

    def begin_validation(self, at: datetime) -> Self:
        """The compliance check begins."""
        return self._reach(DocumentStatus.VALIDATING, at)

    def show_verdict(self, verdict: ComplianceVerdict, issues: tuple[ComplianceIssue, ...], at: datetime) -> Self:
        """Show the result of the compliance check, unless there is one, or the run has ended."""
        if self.verdict:
            return self
        return self._amend(at, is_compliant=verdict.is_compliant, issues=issues, verdict=verdict)

    def request_review(self, deadline: datetime, reasons: Sequence[str], at: datetime) -> Self:
        """A person is asked for a review by ``deadline`` (UTC, exclusive)."""
        review = Review(requested_at=at, deadline=deadline, reasons=tuple(reasons))
        return self._reach(DocumentStatus.AWAITING_REVIEW, at, review=review)

    def decide(self, decision: Decision, at: datetime, *, until_deadline: bool) -> Self:
        """A person decides, unless the document awaits no review, or it is decided already.

        Args:
            decision: the person's decision.
            at: the current time (UTC).
            until_deadline: whether a decision after the review's deadline is refused.
        """
        review = self.review or Review()
        if self.status is not DocumentStatus.AWAITING_REVIEW or review.is_decided:
            return self
        if until_deadline and review.deadline and at >= review.deadline:
            return self
        return self._copy(review=review.closed_by(decision, at), updated_at=at)

    def give_up_review(self, at: datetime) -> Self:
        """The time for a decision ends now, unless it has ended already, or there is a decision."""
        review = self.review or Review()
        if self.status is not DocumentStatus.AWAITING_REVIEW or review.is_decided:
            return self
        if review.deadline and review.deadline <= at:
            return self
        return self._copy(review=review.ending(at), updated_at=at)

    def begin_storing(self, is_compliant: bool, decision: FinalDecision, at: datetime) -> Self:
        """The document is approved, and its result is being stored.

        Args:
            is_compliant: the verdict of the compliance check.
            decision: how it was approved.
            at: the current time (UTC).
        """
        return self._reach(DocumentStatus.STORING, at, is_compliant=is_compliant, decision=decision)

    def end(self, end: RunEnd, at: datetime) -> Self:
        """The run ends, unless it has ended already, or would time out although a person has decided.

        A record may be several transitions behind its run; all of them are made.
        """
        is_decided = self.review is not None and self.review.is_decided
        if self.status.is_final or (end.status is DocumentStatus.TIMEOUT and is_decided):
            return self
        record = self
        for status in path_to(self.status, end.status)[:-1]:
            record = record._move_to(status, at)
        return record._move_to(
            end.status,
            at,
            decision=end.decision or self.decision,
            error=end.error or self.error,
            is_compliant=self.is_compliant if end.is_compliant is None else end.is_compliant,
        )

    def mark_counted(self) -> Self:
        """The end is counted."""
        return self._copy(uncounted=False)

    def mark_announced(self) -> Self:
        """The end is announced, or no more attempts are made."""
        return self._copy(untold=False)

    def keep_announcing(self, since: datetime) -> Self:
        """The end could not be announced; the first attempt of the reconciliation was at ``since`` (UTC)."""
        return self._copy(telling_since=since)

    def rename_run(self, run: RunReference, instance_id: str, at: datetime) -> Self:
        """Give ``run`` another instance id, unless it has begun, or another run has taken over."""
        if not self.is_of(run) or self.status is not DocumentStatus.QUEUED:
            return self
        return self._copy(instance_id=instance_id, updated_at=at)

    def count_restart(self, restarts: int, at: datetime) -> Self:
        """The run is started again after ``restarts`` others, unless it has ended, or somebody else was faster."""
        if self.status.is_final or self.restarts != restarts:
            return self
        return self._copy(restarts=restarts + 1, updated_at=at)

    def abridged(self, issues: tuple[ComplianceIssue, ...], metadata: dict[str, str] | None) -> Self:
        """The record with fewer issues and less metadata, so that it fits in its row."""
        return self._copy(issues=issues, metadata=metadata)

    def _reach(self, target: DocumentStatus, at: datetime, **changes: Unpack[_Changes]) -> Self:
        """Move to ``target`` with these changes, unless the document is there or beyond it."""
        return self if self.has_reached(target) else self._move_to(target, at, **changes)

    def _move_to(self, target: DocumentStatus, at: datetime, **changes: Unpack[_Changes]) -> Self:
        """Move to the next status. ``at`` is UTC. Raises IllegalTransition when it may not follow this one."""
        if target not in TRANSITIONS[self.status]:
            raise IllegalTransition(self.document_id, self.status, target)
        changes |= {"status": target, "updated_at": at}
        if target.is_final:
            changes |= {"completed_at": at, "uncounted": True, "untold": True}
        if target is DocumentStatus.FAILED:
            changes["failed_in"] = self.status
        return self._copy(**changes)

    def _amend(self, at: datetime, **changes: Unpack[_Changes]) -> Self:
        """Change other fields than the status, unless the run has ended."""
        if self.status.is_final:
            return self
        amended = self._copy(**changes)
        return self if amended == self else amended._copy(updated_at=at)

    def _copy(self, **changes: Unpack[_Changes]) -> Self:
        """The record with these fields changed and validated, so that what is written can be read again."""
        return self.model_validate({**dict(self), **changes})

    def to_api(self) -> dict[str, Any]:
        """The record as ``GET /documents/{documentId}`` answers it: with every key, without inner fields."""
        shown = self.model_dump(mode="json", by_alias=True, exclude=_INNER_FIELDS)
        return {**shown, "links": document_links(self.document_id)}
