"""A document's record, its statuses, and the table of what may follow what."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from urllib.parse import quote

from pydantic import AwareDatetime, ConfigDict, Field

from docpipeline.errors import IllegalTransition
from docpipeline.models.approvals import Decision, Review
from docpipeline.models.compliance import ComplianceIssue
from docpipeline.models.extraction import LanguageTag
from docpipeline.models.failure import Failure
from docpipeline.models.instance_ids import MAX_ID_LENGTH
from docpipeline.models.page_reading import MOST_DOUBTFUL_PAGES
from docpipeline.models.payload import Payload

MAX_FILE_NAME = 200


class Priority(StrEnum):
    """How urgent a document is: it decides how long extraction may take."""

    HIGH = "high"
    NORMAL = "normal"


class DocumentStatus(StrEnum):
    """Where a document stands."""

    QUEUED = "queued"
    EXTRACTING = "extracting"
    VALIDATING = "validating"
    AWAITING_REVIEW = "awaitingReview"
    STORING = "storing"
    COMPLETED = "completed"
    REJECTED = "rejected"
    TIMEOUT = "timeout"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows but a new run."""
        return not TRANSITIONS[self]


_S = DocumentStatus
TRANSITIONS: dict[DocumentStatus, frozenset[DocumentStatus]] = {
    _S.QUEUED: frozenset({_S.EXTRACTING, _S.FAILED}),
    _S.EXTRACTING: frozenset({_S.VALIDATING, _S.FAILED}),
    _S.VALIDATING: frozenset({_S.AWAITING_REVIEW, _S.STORING, _S.FAILED}),
    _S.AWAITING_REVIEW: frozenset({_S.STORING, _S.REJECTED, _S.TIMEOUT, _S.FAILED}),
    _S.STORING: frozenset({_S.COMPLETED, _S.FAILED}),
    _S.COMPLETED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.TIMEOUT: frozenset(),
    _S.FAILED: frozenset(),
}
_ORDER = list(DocumentStatus)

COUNTER_FIELDS = {
    _S.COMPLETED: "processed",
    _S.REJECTED: "rejected",
    _S.TIMEOUT: "timedOut",
    _S.FAILED: "failed",
}
"""Which field of the counter each end adds to."""

_INNER_FIELDS = {
    *("blob_url", "text_blob", "metadata", "content_type"),
    *("failed_in", "uncounted", "untold", "telling_since"),
}


class DocumentRecord(Payload):
    """All that is known of a document. One record a document; a new run of it overwrites the last.

    Each text has a bound, so that a document which was accepted fits in its row whatever comes to it
    (`docpipeline.models.record_limits`).
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
    decision: Decision = Decision.NONE
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

    def move_to(self, target: DocumentStatus, at: datetime, **changes: Any) -> Self:
        """The record in its next status. ``at`` is UTC. Raises IllegalTransition naming the move."""
        if target not in TRANSITIONS[self.status]:
            raise IllegalTransition(self.document_id, self.status, target)
        ended: dict[str, Any] = {}
        if target.is_final:
            ended = {"completed_at": at, "uncounted": True, "untold": True}
        if target is DocumentStatus.FAILED:
            ended["failed_in"] = self.status
        return self.model_copy(update={**changes, **ended, "status": target, "updated_at": at})

    def to_api(self) -> dict[str, Any]:
        """The record as ``GET /documents/{documentId}`` answers it: every key always there, no inner names."""
        shown = self.model_dump(mode="json", by_alias=True, exclude=_INNER_FIELDS)
        return {**shown, "links": document_links(self.document_id)}


def way_to(current: DocumentStatus, target: DocumentStatus) -> list[DocumentStatus]:
    """The statuses after ``current`` up to ``target``, by the shortest way there is; empty when there is none."""
    ways = [[status] for status in sorted(TRANSITIONS[current])]
    while ways:
        way = ways.pop(0)
        if way[-1] is target:
            return way
        ways += [[*way, status] for status in sorted(TRANSITIONS[way[-1]])]
    return []


def document_links(document_id: str) -> dict[str, str]:
    """Paths of a document's own resources, relative to the host."""
    path = f"/api/documents/{quote(document_id, safe='')}"
    return {"self": path, "text": f"{path}/text", "approval": f"{path}/approval"}
