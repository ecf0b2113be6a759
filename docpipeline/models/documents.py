"""Documents' statuses, what may follow what, how urgent they are, and where they are found."""

from enum import StrEnum
from urllib.parse import quote

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

COUNTER_FIELDS = {
    _S.COMPLETED: "processed",
    _S.REJECTED: "rejected",
    _S.TIMEOUT: "timedOut",
    _S.FAILED: "failed",
}
"""Which field of the counter each end adds to."""


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
