"""Settling the end of a run from outside: its end is counted and told when its orchestrator no longer will."""

import logging

import azure.durable_functions as df

from docpipeline import run_ends
from docpipeline.composition import Services
from docpipeline.errors import ServiceFault
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from triggers import counter_shards, instances

log = logging.getLogger(__name__)


class ReceiverAway(Exception):
    """An end that is counted could not be told; says why."""


async def settle(client: df.DurableOrchestrationClient, services: Services, record: DocumentRecord) -> None:
    """Count the end that the record tells of, and tell it, as far as that is not done. Again changes nothing.

    Raises ServiceUnavailable and, from the receiver, ReceiverAway.
    """
    await count_end(client, services, record)
    try:
        await run_ends.announce_end(services, record.run)
    except ServiceFault as fault:
        raise ReceiverAway(fault) from fault


async def count_end(client: df.DurableOrchestrationClient, services: Services, record: DocumentRecord) -> None:
    """Count the end, unless it is known to be counted. Raises ServiceUnavailable."""
    if not record.uncounted:
        return
    # By the shards that the run began with, where they can be told.
    instance = await instances.find_run(client, record)
    job = instance.job if instance else None
    shards = job.policy.counter_shards if job else services.settings.counter_shards
    # The first step of a run tells its start and shows its stage; what failed later than queued got beyond it.
    begun = record.failed_in is not DocumentStatus.QUEUED or (instance is not None and instance.has_begun)
    await counter_shards.count_end(client, record, shards, begun=begun)
    await services.document_records.change(record.run, DocumentRecord.mark_counted)


async def settle_before_next_run(
    client: df.DurableOrchestrationClient, services: Services, record: DocumentRecord
) -> None:
    """Settle what the next run of the document will overwrite; a receiver that is away holds nobody up.

    Raises ServiceUnavailable.
    """
    try:
        await settle(client, services, record)
    except ReceiverAway as away:
        ids = {"document_id": record.document_id, "instance_id": record.instance_id}
        log.warning("The end of a run that is followed by another could not be told: %s", away, extra=ids)
