"""A document's record, and everything that may happen to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self, TypedDict, Unpack

from pydantic import AwareDatetime, ConfigDict, Field

from docpipeline.errors import IllegalTransition
from docpipeline.models.approvals import Decision, FinalDecision, Review
from docpipeline.models.compliance import ComplianceIssue
from docpipeline.models.documents import (
    MAX_FILE_NAME,
    TRANSITIONS,
    DocumentStatus,
    Priority,
    document_links,
    way_to,
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
    *("failed_in", "uncounted", "untold", "telling_since"),
}


@dataclass(frozen=True)
class RunEnd:
    """How a run ends: a final status, and what its record says of it beyond what it says already."""

    status: DocumentStatus
    decision: FinalDecision | None = None
    error: Failure | None = None
    is_compliant: bool | None = None


class _Changes(TypedDict, total=False):
    """The fields of a record that change while its run goes on, so that a misspelt one is found by mypy."""

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


class DocumentRecord(Payload):
    """All that is known of a document. One record a document; a new run of it overwrites the last.

    Each text has a bound, so that a document which was accepted fits in its row whatever comes to it
    (`docpipeline.models.record_limits`).

    It is changed by its methods alone, one for each thing that happens to a document. Each returns the record as
    it should be next, which is this very record when there is nothing to change: everything may happen twice, or
    too late. Times are UTC.
    """

    # What JSON cannot say would spoil every list it is in.
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
    """Where the content lies in the ``incoming`` container; never with a SAS."""
    metadata: dict[str, str] | None = None
    status: DocumentStatus = DocumentStatus.QUEUED
    submitted_at: AwareDatetime
    updated_at: AwareDatetime
    completed_at: AwareDatetime | None = None
    page_count: int | None = None
    language: LanguageTag | None = None
    confidence: float | None = None
    doubtful_pages: tuple[int, ...] = Field(default=(), max_length=MOST_DOUBTFUL_PAGES)
    """Numbers, from 1, of the pages that were read badly; the first 100 at most."""
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
    """Whether the end is written, and the counter may not know of it."""
    untold: bool = False
    """Whether the end is written, and the submitter may not know of it."""
    telling_since: AwareDatetime | None = None
    """Since when the reconciliation tries to tell the end."""

    @property
    def run(self) -> RunReference:
        """The run it tells of."""
        return RunReference(document_id=self.document_id, instance_id=self.instance_id)

    def is_of(self, run: RunReference) -> bool:
        """Whether it tells of this run, and not of a newer one of the same document."""
        return (self.document_id, self.instance_id) == (run.document_id, run.instance_id)

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done for its run."""
        return self.is_unsettled or not self.status.is_final

    @property
    def is_unsettled(self) -> bool:
        """Whether its end is written and not yet counted, or not yet told."""
        return self.uncounted or self.untold

    def has_reached(self, target: DocumentStatus) -> bool:
        """Whether the document is at ``target`` or beyond: moving it there again would change nothing."""
        return self.status.is_final or _ORDER.index(self.status) >= _ORDER.index(target)

    def begin_extraction(self, at: datetime) -> Self:
        """The document's text is being extracted."""
        return self._reach(DocumentStatus.EXTRACTING, at)

    def show_extraction(self, extraction: Extraction, at: datetime) -> Self:
        """What was extracted, unless the run has ended."""
        return self._amend(
            at,
            page_count=extraction.page_count,
            language=extraction.language,
            confidence=extraction.confidence,
            doubtful_pages=extraction.doubtful_pages,
            text_blob=extraction.text_blob,
        )

    def begin_validation(self, at: datetime) -> Self:
        """The document's text is being checked."""
        return self._reach(DocumentStatus.VALIDATING, at)

    def show_verdict(self, is_compliant: bool, issues: tuple[ComplianceIssue, ...], at: datetime) -> Self:
        """What the check found, unless the run has ended."""
        return self._amend(at, is_compliant=is_compliant, issues=issues)

    def request_review(self, deadline: datetime, reasons: Sequence[str], at: datetime) -> Self:
        """A person is asked to look at it until ``deadline`` (UTC, exclusive)."""
        review = Review(requested_at=at, deadline=deadline, reasons=tuple(reasons))
        return self._reach(DocumentStatus.AWAITING_REVIEW, at, review=review)

    def decide(self, decision: Decision, at: datetime, *, until_deadline: bool) -> Self:
        """A person has decided, unless no review is awaited, or it is decided already.

        Args:
            decision: what they decided.
            at: the present moment (UTC).
            until_deadline: whether a decision after the review's deadline comes too late.
        """
        review = self.review or Review()
        if self.status is not DocumentStatus.AWAITING_REVIEW or review.is_decided:
            return self
        if until_deadline and review.deadline and at >= review.deadline:
            return self
        return self._copy(review=review.closed_by(decision, at), updated_at=at)

    def give_up_review(self, at: datetime) -> Self:
        """Nobody waits for a decision any more: its time ends now, unless it has, or there is one."""
        review = self.review or Review()
        if self.status is not DocumentStatus.AWAITING_REVIEW or review.is_decided:
            return self
        if review.deadline and review.deadline <= at:
            return self
        return self._copy(review=review.ending(at), updated_at=at)

    def begin_storing(self, is_compliant: bool, decision: FinalDecision, at: datetime) -> Self:
        """The document has passed, and its result is being stored.

        Args:
            is_compliant: the verdict of the compliance check.
            decision: how it passed.
            at: the present moment (UTC).
        """
        return self._reach(DocumentStatus.STORING, at, is_compliant=is_compliant, decision=decision)

    def end(self, end: RunEnd, at: datetime) -> Self:
        """The run has ended, unless it had before, or a person has decided what is about to time out.

        A record may lag behind its run by more than one move: all of them are made.
        """
        is_decided = self.review is not None and self.review.is_decided
        if self.status.is_final or (end.status is DocumentStatus.TIMEOUT and is_decided):
            return self
        record = self
        for status in way_to(self.status, end.status)[:-1]:
            record = record._move_to(status, at)
        return record._move_to(
            end.status,
            at,
            decision=end.decision or self.decision,
            error=end.error or self.error,
            is_compliant=self.is_compliant if end.is_compliant is None else end.is_compliant,
        )

    def mark_counted(self) -> Self:
        """The counter knows of the end."""
        return self._copy(uncounted=False)

    def mark_told(self) -> Self:
        """The submitter knows of the end, or it is not tried any more."""
        return self._copy(untold=False)

    def keep_telling(self, since: datetime) -> Self:
        """The end could not be told, which has been tried ``since`` then (UTC)."""
        return self._copy(telling_since=since)

    def rename_run(self, run: RunReference, instance_id: str, at: datetime) -> Self:
        """``run`` gets another instance id, unless it has begun, or another run has taken over."""
        if not self.is_of(run) or self.status is not DocumentStatus.QUEUED:
            return self
        return self._copy(instance_id=instance_id, updated_at=at)

    def abridged(self, issues: tuple[ComplianceIssue, ...], metadata: dict[str, str] | None) -> Self:
        """The record with less in it than there was no room for."""
        return self._copy(issues=issues, metadata=metadata)

    def _reach(self, target: DocumentStatus, at: datetime, **changes: Unpack[_Changes]) -> Self:
        """The document at ``target``, with what comes with the move; as it is when it is there or beyond."""
        return self if self.has_reached(target) else self._move_to(target, at, **changes)

    def _move_to(self, target: DocumentStatus, at: datetime, **changes: Unpack[_Changes]) -> Self:
        """The record in its next status. ``at`` is UTC. Raises IllegalTransition naming the move."""
        if target not in TRANSITIONS[self.status]:
            raise IllegalTransition(self.document_id, self.status, target)
        changes |= {"status": target, "updated_at": at}
        if target.is_final:
            changes |= {"completed_at": at, "uncounted": True, "untold": True}
        if target is DocumentStatus.FAILED:
            changes["failed_in"] = self.status
        return self._copy(**changes)

    def _amend(self, at: datetime, **changes: Unpack[_Changes]) -> Self:
        """The record with other fields than its status changed; as it is when its run has ended."""
        if self.status.is_final:
            return self
        amended = self._copy(**changes)
        return self if amended == self else amended._copy(updated_at=at)

    def _copy(self, **changes: Unpack[_Changes]) -> Self:
        """The record with these fields changed, and checked: what is written must be readable again."""
        return self.model_validate({**dict(self), **changes})

    def to_api(self) -> dict[str, Any]:
        """The record as ``GET /documents/{documentId}`` answers it: every key always there, no inner names."""
        shown = self.model_dump(mode="json", by_alias=True, exclude=_INNER_FIELDS)
        return {**shown, "links": document_links(self.document_id)}
