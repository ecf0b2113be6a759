"""The end of a run, in one order for all of them and for whoever ends it.

1. `end_run` writes the end into the record, which is then *unsettled*: neither counted nor told.
2. The caller counts it: an orchestrator with a signal of its own, anybody else by `settle`.
3. `announce_end` tells the submitter, and writes that both is done.

Nobody is told an end before it is written, and a run that stops between two of these is found by
`reconcile_documents`, which looks at every record that is not settled.
"""

import logging
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from docpipeline import telemetry
from docpipeline.durable_runtime import DurableRuntime, find_run
from docpipeline.errors import ReceiverAway, ServiceFault
from docpipeline.models.document_record import DocumentRecord, RunEnd
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.runs import RunReference
from docpipeline.notification_contents import END_NOTICES, end_notice

if TYPE_CHECKING:
    from docpipeline.composition import Services

log = logging.getLogger(__name__)


async def open_run(services: "Services", run: RunReference) -> DocumentRecord | None:
    """The record of a run that has not ended; None when it has, or a newer run has taken over."""
    record = await services.document_records.get(run.document_id)
    if record is None or not record.is_of(run) or record.status.is_final:
        return None
    return record


async def end_run(
    services: "Services", run: RunReference, end: RunEnd, started_at: datetime | None = None
) -> DocumentRecord | None:
    """Write the end of a run, unless it has ended, or a person has decided what is about to time out.

    Repeat-safe: an end that is written stays. The metrics count it once.

    Args:
        services: the process's services.
        run: which run of which document.
        end: how it ends.
        started_at: when the run began (UTC), for metric ``OrchestrationDuration``; None where nobody knows.

    Returns:
        The record as it now is; None when it belongs to another run.

    Raises:
        RecordNotFound: there is no record.
        RecordConflict: others kept writing.
    """
    written: DocumentRecord | None = None

    def ended(current: DocumentRecord) -> DocumentRecord:
        nonlocal written
        after = current.end(end, services.clock())
        written = None if after is current else after
        return after

    record = await services.document_records.change(run, ended)
    if record is not None and record is written:
        _measure(record, started_at)
        # A place that cannot be given back now is freed by the reconciliation.
        with suppress(ServiceFault):
            await services.pending_places.release(run)
    return record


async def announce_end(services: "Services", run: RunReference, *, counted: bool = True) -> None:
    """Tell the submitter how the run ended, and settle its record. Does nothing before the end is written.

    Repeat-safe: the notification keeps its id, and once the end is told nothing is sent.

    Args:
        services: the process's services.
        run: which run of which document.
        counted: whether the counter has been told; where it has not, the record stays unsettled.

    Raises:
        ServiceUnavailable, ServiceRefused: the receiver, or storage; what is done is on record.
    """
    record = await services.document_records.get(run.document_id)
    if record is None or not record.is_of(run) or not record.untold:
        return
    try:
        await services.notifier.send(END_NOTICES[record.status], run, end_notice(record))
    except ServiceFault:
        if counted:
            await services.document_records.change(run, DocumentRecord.mark_counted)
        raise
    await services.document_records.change(
        run, lambda current: (current.mark_counted() if counted else current).mark_told()
    )


async def settle(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> None:
    """Count the end that the record tells of, and tell it, as far as that is not done. Again changes nothing.

    For ends whose orchestrator no longer does so. Raises ServiceUnavailable and, from the receiver, ReceiverAway.
    """
    if record.uncounted:
        await _count(services, runtime, record)
    try:
        await announce_end(services, record.run)
    except ServiceFault as fault:
        raise ReceiverAway(fault) from fault


async def settle_before_next_run(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> None:
    """Settle what the next run of the document will overwrite; a receiver that is away holds nobody up.

    Raises ServiceUnavailable.
    """
    try:
        await settle(services, runtime, record)
    except ReceiverAway as away:
        ids = telemetry.log_fields(record.run)
        log.warning("The end of a run that is followed by another could not be told: %s", away, extra=ids)


async def _count(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> None:
    # By the shards that the run began with, where they can be told.
    instance = await find_run(runtime, record)
    job = instance.job if instance else None
    shards = job.policy.counter_shards if job else services.settings.counter_shards
    # The first step of a run tells its start and shows its stage; what failed later than queued got beyond it.
    begun = record.failed_in is not DocumentStatus.QUEUED or (instance is not None and instance.has_begun)
    await runtime.count_end(record, shards, begun=begun)
    await services.document_records.change(record.run, DocumentRecord.mark_counted)


def _measure(record: DocumentRecord, started_at: datetime | None) -> None:
    result = record.status.value
    if started_at and record.completed_at:
        milliseconds = (record.completed_at - started_at).total_seconds() * 1000
        telemetry.track("OrchestrationDuration", milliseconds, record.run, result=result)
    telemetry.track("DocumentsCompleted", 1, record.run, result=result)
