"""The start of a run, by a submission, by a repeated one, or by the reconciliation, which may start it again."""

import logging
from typing import TYPE_CHECKING

from docpipeline import telemetry
from docpipeline.durable_runtime import DurableRuntime, Instance
from docpipeline.errors import ServiceUnavailable
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.instance_ids import new_instance_id
from docpipeline.models.jobs import DocumentJob
from docpipeline.telemetry import log_fields

if TYPE_CHECKING:
    from docpipeline.composition import Services

log = logging.getLogger(__name__)

_START_ATTEMPTS = 3
MOST_RESTARTS = 2
"""How often a run is started again at most."""


async def start_run(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> DocumentRecord:
    """Start the run of a queued record. A run that somebody else has started is a success.

    When another instance has its id, the record gets a new instance id first.

    Returns:
        The record, which names the instance that processes it.

    Raises:
        ServiceUnavailable: the record stays queued; the next submission or the reconciliation starts the run.
    """
    for _ in range(_START_ATTEMPTS):
        if record.status is not DocumentStatus.QUEUED or await _start(services, runtime, record):
            return record
        record = await _renamed(services, record)
    raise ServiceUnavailable("durable runtime", "it answers for every new instance id that it exists")


async def start_lost_run(
    services: "Services", runtime: DurableRuntime, record: DocumentRecord
) -> DocumentRecord | None:
    """Start the run of a queued record whose submission died, with a new id if another instance has its own.

    Returns:
        The record, as `start_run` does; None when the run exists already. Raises as `start_run` does.
    """
    present = await runtime.find(record.instance_id)
    if present is None:
        return await start_run(services, runtime, record)
    if present.is_run_of(record):
        return None
    # A start under the same id would replace the other instance, if that has ended.
    return await start_run(services, runtime, await _renamed(services, record))


def may_restart(record: DocumentRecord, instance: Instance) -> bool:
    """Whether the reconciliation starts this run of the record again: it failed, and wrote neither end nor error.

    It failed through no fault of its own then: its worker died, or another function exceeded the time of the
    process. A run whose limits cannot be read stays as it is: under others it might pass what a person must see.
    """
    failed = instance.has_failed and instance.job is not None
    return failed and not record.status.is_final and record.restarts < MOST_RESTARTS


async def restart_run(
    services: "Services", runtime: DurableRuntime, record: DocumentRecord, job: DocumentJob
) -> bool:
    """Start a run again, under its instance id, that `may_restart`. Its activities find what they did before.

    The restart is counted first, by a conditional write, so that of several reconciliations at once one starts it.

    Returns:
        Whether this call has counted it; False when the run has ended, or another reconciliation was faster.

    Raises:
        RecordNotFound, RecordConflict: nothing was written.
        ServiceUnavailable: it may be counted, and not started.
    """
    written: DocumentRecord | None = None

    def counted(current: DocumentRecord) -> DocumentRecord:
        nonlocal written
        after = current.count_restart(record.restarts, services.clock())
        written = None if after is current else after
        return after

    current = await services.document_records.change(record.run, counted)
    if current is None or current is not written:
        return False
    # False when an operator has brought it back meanwhile.
    await runtime.start(record.instance_id, job)
    telemetry.track("RunRestarts", 1, record.run, stage=record.status.value, restart=current.restarts)
    log.warning("A failed run that wrote no error was started again", extra=log_fields(record.run))
    return True


async def _start(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> bool:
    """Start the record's run. Returns whether it exists now; False when another instance has its id."""
    job = DocumentJob(
        document_id=record.document_id,
        blob_url=record.blob_url,
        user_id=record.user_id,
        priority=record.priority,
        policy=services.settings.resolve_policy(record.priority),
        accepted_at=record.submitted_at,
    )
    if await runtime.start(record.instance_id, job):
        return True
    present = await runtime.find(record.instance_id)
    if present is None:
        raise ServiceUnavailable("durable runtime", "it says that an instance exists, and does not show it")
    return present.is_run_of(record)


async def _renamed(services: "Services", record: DocumentRecord) -> DocumentRecord:
    ids = log_fields(record.run)
    log.error("Another instance has the id of a document's run; the run gets a new id", extra=ids)
    new_id = new_instance_id(record.document_id, record.user_id, services.clock())
    written = await services.document_records.update(
        record.document_id, lambda current: current.rename_run(record.run, new_id, services.clock())
    )
    if written.instance_id == new_id:
        await services.pending_places.keep(written.run)
        await services.pending_places.release(record.run)
    return written
