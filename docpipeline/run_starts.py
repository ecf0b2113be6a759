"""The start of a run, once for all who may start it: a submission, the next one, and the reconciliation."""

import logging
from typing import TYPE_CHECKING

from docpipeline.durable_runtime import DurableRuntime
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


async def start_run(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> DocumentRecord:
    """Start the run that the queued record stands for; one that somebody else has started is a success.

    Where its instance id is taken by anything else, the record gets a new id first.

    Returns:
        The record, which names the instance that processes it.

    Raises:
        ServiceUnavailable: the record stays queued; the next POST or the reconciliation starts it.
    """
    for _ in range(_START_ATTEMPTS):
        if record.status is not DocumentStatus.QUEUED or await _started(services, runtime, record):
            return record
        record = await _renamed(services, record)
    raise ServiceUnavailable("durable runtime", "it takes every new instance id for one that exists")


async def start_lost_run(
    services: "Services", runtime: DurableRuntime, record: DocumentRecord
) -> DocumentRecord | None:
    """Start the run of a queued record whose starter died, under a new id if its own is taken by anything else.

    Returns:
        The record, as `start_run` does; None when the run is there already. Raises as `start_run` does.
    """
    present = await runtime.find(record.instance_id)
    if present is None:
        return await start_run(services, runtime, record)
    if present.is_run_of(record):
        return None
    # Not left to the start: it would replace the other instance, if that has ended.
    return await start_run(services, runtime, await _renamed(services, record))


async def _started(services: "Services", runtime: DurableRuntime, record: DocumentRecord) -> bool:
    """Whether the record's run is there now; False when something else bears its id."""
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
        raise ServiceUnavailable("durable runtime", "it knows an instance and shows none")
    return present.is_run_of(record)


async def _renamed(services: "Services", record: DocumentRecord) -> DocumentRecord:
    ids = log_fields(record.run)
    log.error("A document's instance id is taken by another instance; it gets a new one", extra=ids)
    new_id = new_instance_id(record.document_id, record.user_id, services.clock())
    written = await services.document_records.update(
        record.document_id, lambda current: current.rename_run(record.run, new_id, services.clock())
    )
    if written.instance_id == new_id:
        await services.pending_places.keep(written.run)
        await services.pending_places.release(record.run)
    return written
