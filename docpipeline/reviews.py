"""The review of a document in its record: opened once, closed once.

Three things close it, each by a conditional write of the one record: a decision through the API, a decision in an
event, and the timeout (`docpipeline.run_ends.end_run`). The second finds it closed. The answer of the API, the
further process and the notifications all follow what is in the record.
"""

import logging
from typing import TYPE_CHECKING

from docpipeline.durable_runtime import DurableRuntime, find_run
from docpipeline.errors import (
    DecidedAlready,
    InstanceGone,
    NotAwaitingReview,
    OwnDocument,
    ReviewOver,
    ServiceUnavailable,
)
from docpipeline.models.activity_inputs import ReviewNotification
from docpipeline.models.approvals import Decision, Review, is_own_document
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.runs import RunReference
from docpipeline.run_starts import may_restart
from docpipeline.telemetry import log_fields

if TYPE_CHECKING:
    from docpipeline.composition import Services

log = logging.getLogger(__name__)


async def open_review(services: "Services", request: ReviewNotification) -> DocumentRecord | None:
    """Let the run's document await a review. What the first request wrote stays.

    Returns the record as it now is; None when it belongs to another run. Raises RecordNotFound.
    """
    return await services.document_records.change(
        request, lambda record: record.request_review(request.deadline, request.reasons, services.clock())
    )


async def decide(
    services: "Services", runtime: DurableRuntime, record: DocumentRecord, decision: Decision
) -> None:
    """Close the review of the record's run with a person's decision, and raise its event.

    A decision counts from the moment it is written: the reconciliation raises an event that was lost. Repeat-safe:
    the same decision by the same reviewer changes nothing.

    Raises:
        NotAwaitingReview: the document awaits no review.
        DecidedAlready: the review was closed with another decision.
        ReviewOver: the decision comes too late.
        OwnDocument: the reviewer is the submitter.
        RecordNotFound, RecordConflict, ServiceUnavailable: nothing was written.
    """
    _require_waiting(record)
    await _require_entitled(services, runtime, record, decision)
    review = await close_review(services, record.run, decision, until_deadline=True)
    if review is None or not review.is_decided:
        raise ReviewOver(record.document_id)
    if not review.agrees_with(decision):
        raise DecidedAlready(record.document_id, review.reviewer)
    await _raise_event(services, runtime, record, decision)
    log.info("Review decided", extra=log_fields(record.run))


async def close_review(
    services: "Services", run: RunReference, decision: Decision, *, until_deadline: bool = False
) -> Review | None:
    """Write a decision, unless the review is closed.

    Args:
        services: the process's services.
        run: which run of which document.
        decision: what a person decided.
        until_deadline: whether a decision after the deadline is refused. False for an event, which is in time if
            it reached the instance before the timer fired, however late it is written.

    Returns:
        The review as the record has it, possibly with another decision; None when the run's document does not
        await a review.

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
    """End the time for a decision now, unless there is one. Returns and raises as `close_review` does."""
    record = await services.document_records.change(run, lambda current: current.give_up_review(services.clock()))
    if record is None or record.status is not DocumentStatus.AWAITING_REVIEW:
        return None
    return record.review or Review()


def _require_waiting(record: DocumentRecord) -> None:
    if record.status is DocumentStatus.TIMEOUT:
        raise ReviewOver(record.document_id)
    if record.status is not DocumentStatus.AWAITING_REVIEW:
        raise NotAwaitingReview(record.document_id, record.status.value, record.status.is_final)


async def _require_entitled(
    services: "Services", runtime: DurableRuntime, record: DocumentRecord, decision: Decision
) -> None:
    """Check the reviewer by the policy that the run was accepted under, as the orchestrator does."""
    instance = await find_run(runtime, record)
    job = instance.job if instance else None
    four_eyes = job.policy.require_four_eyes if job else services.settings.require_four_eyes
    if four_eyes and is_own_document(decision.reviewer, record.user_id):
        raise OwnDocument
    if instance is None or (instance.has_ended and not may_restart(record, instance)):
        raise ReviewOver(record.document_id)


async def _raise_event(
    services: "Services", runtime: DurableRuntime, record: DocumentRecord, decision: Decision
) -> None:
    """Raise the event of the recorded decision. Raises ReviewOver when the instance ended without the decision."""
    try:
        await runtime.raise_decision(record.instance_id, decision)
    except InstanceGone as error:
        if not (await _took_effect(services, record, decision) or await _goes_on(services, runtime, record)):
            raise ReviewOver(record.document_id) from error
    except ServiceUnavailable as fault:
        ids = log_fields(record.run)
        log.warning("A decision is recorded; the reconciliation will raise its event: %s", fault, extra=ids)


async def _took_effect(services: "Services", record: DocumentRecord, decision: Decision) -> bool:
    """Whether the run ended with this decision, which it found in the record before the event came."""
    ended = await services.document_records.get(record.document_id)
    if ended is None or not ended.is_of(record.run) or ended.review is None:
        return False
    by_review = ended.status in (DocumentStatus.COMPLETED, DocumentStatus.REJECTED)
    return by_review and ended.review.agrees_with(decision)


async def _goes_on(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> bool:
    """Whether the run is at work again, or the reconciliation will start it again: it finds the decision then."""
    current = await services.document_records.get(record.document_id)
    if current is None or not current.is_of(record.run):
        return False
    instance = await find_run(runtime, current)
    return instance is not None and (not instance.has_ended or may_restart(current, instance))
