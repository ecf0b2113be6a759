"""The review of a document in its record: opened once, closed once.

A decision through the API, a decision that an event brings, and the timeout (`docpipeline.run_ends.end_run`) close
it by a conditional write of the one record. Whoever comes second finds it closed, and all that follows (the answer
of the API, the way the process takes, the notifications) is what was written.
"""

from typing import TYPE_CHECKING

from docpipeline.models.activity_inputs import ReviewNotification
from docpipeline.models.approvals import Decision, Review
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.runs import RunReference

if TYPE_CHECKING:
    from docpipeline.composition import Services


async def open_review(services: "Services", request: ReviewNotification) -> DocumentRecord | None:
    """Let the run's document await a review. What was written by the first request stays.

    Returns the record as it now is; None when it belongs to another run. Raises RecordNotFound.
    """
    return await services.document_records.change(
        request, lambda record: record.request_review(request.deadline, request.reasons, services.clock())
    )


async def close_review(
    services: "Services", run: RunReference, decision: Decision, *, until_deadline: bool = False
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

    record = await services.document_records.change(
        run, lambda current: current.decide(decision, services.clock(), until_deadline=until_deadline)
    )
    if record is None or record.status is not DocumentStatus.AWAITING_REVIEW:
        return None
    return record.review or Review()


async def give_up_review(services: "Services", run: RunReference) -> Review | None:
    """Let the time for a decision end now, unless there is one. Returns and raises as `close_review` does."""
    record = await services.document_records.change(run, lambda current: current.give_up_review(services.clock()))
    if record is None or record.status is not DocumentStatus.AWAITING_REVIEW:
        return None
    return record.review or Review()
