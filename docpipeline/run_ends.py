"""The end of a run, in the same three steps for every end, whether a run or the reconciliation writes it.

1. `end_run` writes the end into the record, which is then *unsettled*: neither counted nor announced.
2. The caller counts it: an orchestrator with a signal of its own, the reconciliation with `settle`.
3. `announce_end` notifies the submitter, and writes that both are done.

No end is announced before it is written. When a run stops between two steps, `reconcile_documents`, which checks
every unsettled record, finishes the rest.
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
    """Write the end of a run, unless it has ended, or it would time out although a person has decided.

    Repeat-safe: an end that is written stays, and its metrics are recorded once.

    Args:
        services: the process's services.
        run: which run of which document.
        end: how it ends.
        started_at: when the run began (UTC), for metric ``OrchestrationDuration``; None when it is unknown.

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
        # The reconciliation releases a place that cannot be released now.
        with suppress(ServiceFault):
            await services.pending_places.release(run)
    return record


async def announce_end(services: "Services", run: RunReference, *, counted: bool = True) -> None:
    """Notify the submitter of how the run ended, and settle its record. Does nothing before the end is written.

    Repeat-safe: the notification keeps its id, and an end that is announced is not announced again.

    Args:
        services: the process's services.
        run: which run of which document.
        counted: whether the end is counted; when it is not, the record stays unsettled.

    Raises:
        ServiceUnavailable, ServiceRefused: the receiver or storage failed; the record shows what is done.
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
        run, lambda current: (current.mark_counted() if counted else current).mark_announced()
    )


async def settle(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> None:
    """Count the end that the record shows, and announce it, as far as that is not done. Repeat-safe.

    For ends whose orchestrator does not do so any more. Raises ServiceUnavailable, and ReceiverAway when the
    submitter could not be notified.
    """
    if record.uncounted:
        await _count(services, runtime, record)
    try:
        await announce_end(services, record.run)
    except ServiceFault as fault:
        raise ReceiverAway(fault) from fault


async def settle_before_next_run(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> None:
    """Settle a run whose record the next run will overwrite, whether or not its end can be announced.

    Raises ServiceUnavailable.
    """
    try:
        await settle(services, runtime, record)
    except ReceiverAway as away:
        ids = telemetry.log_fields(record.run)
        log.warning("The end of a run was not announced before the next run of its document: %s", away, extra=ids)


async def _count(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> None:
    # With the number of shards that the run began with, if it can be read.
    instance = await find_run(runtime, record)
    job = instance.job if instance else None
    shards = job.policy.counter_shards if job else services.settings.counter_shards
    # A run counts its start in its first step, which also sets its stage; one that failed later has counted it.
    begun = record.failed_in is not DocumentStatus.QUEUED or (instance is not None and instance.has_begun)
    await runtime.count_end(record, shards, begun=begun)
    await services.document_records.change(record.run, DocumentRecord.mark_counted)


def _measure(record: DocumentRecord, started_at: datetime | None) -> None:
    result = record.status.value
    if started_at and record.completed_at:
        milliseconds = (record.completed_at - started_at).total_seconds() * 1000
        telemetry.track("OrchestrationDuration", milliseconds, record.run, result=result)
    telemetry.track("DocumentsCompleted", 1, record.run, result=result)
