"""The review of a document in its record: opened once, closed once.

A decision through the API, a decision that an event brings, and the timeout (`docpipeline.run_ends.end_run`) close
it by a conditional write of the one record. Whoever comes second finds it closed, and all that follows (the answer
of the API, the way the process takes, the notifications) is what was written.
"""

from typing import TYPE_CHECKING

from docpipeline.models.approvals import ApprovalEvent, Review
from docpipeline.models.documents import DocumentRecord, DocumentStatus
from docpipeline.models.notices import ReviewNotification
from docpipeline.models.runs import RunReference

if TYPE_CHECKING:
    from docpipeline.composition import Services


async def open_review(services: "Services", request: ReviewNotification) -> DocumentRecord | None:
    """Let the run's document await a review. What was written by the first request stays.

    Returns the record as it now is; None when it belongs to another run. Raises RecordNotFound.
    """
    review = Review(requested_at=services.clock(), deadline=request.deadline, reasons=tuple(request.reasons))
    return await services.document_records.advance(
        request.document_id, request.instance_id, DocumentStatus.AWAITING_REVIEW, review=review
    )


async def close_review(
    services: "Services", run: RunReference, decision: ApprovalEvent, *, until_deadline: bool = False
) -> Review | None:
    """Write a decision, unless the review is closed.

    Args:
        services: the process's services.
        run: which run of which document.
        decision: what a person decided.
        until_deadline: whether the clock closes the review too. Not for an event: it is in time when it came to
            the instance before the timer did, however late it is written.

    Returns:
        The review as the record has it, which may hold another's decision; None when the run's document awaits no
        review (any more).

    Raises:
        RecordNotFound: there is no record.
        RecordConflict: others kept writing.
    """

    def decided(current: DocumentRecord) -> DocumentRecord | None:
        if not is_awaited(current, run) or (current.review and current.review.is_decided):
            return None
        now, review = services.clock(), current.review or Review()
        if until_deadline and review.deadline and now >= review.deadline:
            return None
        told = {"approved": decision.approved, "reviewer": decision.reviewer, "comment": decision.comment}
        written = review.model_copy(update={**told, "decided_at": now})
        return current.model_copy(update={"review": written, "updated_at": now})

    record = await services.document_records.update(run.document_id, decided)
    return (record.review or Review()) if is_awaited(record, run) else None


async def give_up_review(services: "Services", run: RunReference) -> Review | None:
    """Let the time for a decision end now, unless there is one. Returns and raises as `close_review` does."""

    def given_up(current: DocumentRecord) -> DocumentRecord | None:
        if not is_awaited(current, run) or (current.review and current.review.is_decided):
            return None
        now, review = services.clock(), current.review or Review()
        ended = review.model_copy(update={"deadline": min(now, review.deadline or now)})
        return current.model_copy(update={"review": ended, "updated_at": now})

    record = await services.document_records.update(run.document_id, given_up)
    return (record.review or Review()) if is_awaited(record, run) else None


def is_awaited(record: DocumentRecord, run: RunReference) -> bool:
    """Whether the run's document awaits a review."""
    return record.instance_id == run.instance_id and record.status is DocumentStatus.AWAITING_REVIEW
