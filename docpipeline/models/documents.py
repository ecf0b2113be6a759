"""Documents' statuses, the transitions between them, their priority and their links."""

from enum import StrEnum
from urllib.parse import quote

MAX_FILE_NAME = 200


class Priority(StrEnum):
    """How urgent a document is. It decides how long extraction may take."""

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
        """Whether a run ends with it."""
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
"""The field of the counter that each end adds to."""


def path_to(current: DocumentStatus, target: DocumentStatus) -> list[DocumentStatus]:
    """The statuses after ``current`` up to ``target`` on the shortest path; empty when there is none."""
    paths = [[status] for status in sorted(TRANSITIONS[current])]
    while paths:
        path = paths.pop(0)
        if path[-1] is target:
            return path
        paths += [[*path, status] for status in sorted(TRANSITIONS[path[-1]])]
    return []


def document_links(document_id: str) -> dict[str, str]:
    """Paths of a document's resources, relative to the host."""
    path = f"/api/documents/{quote(document_id, safe='')}"
    return {"self": path, "text": f"{path}/text", "approval": f"{path}/approval"}
