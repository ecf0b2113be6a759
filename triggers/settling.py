"""Settling the end of a run from outside: its end is counted and told when its orchestrator no longer will."""

import logging

import azure.durable_functions as df

from docpipeline import run_ends
from docpipeline.composition import Services
from docpipeline.errors import ServiceFault
from docpipeline.models.documents import DocumentRecord
from triggers import counter_shards
from triggers.instances import Instance

log = logging.getLogger(__name__)


async def settle(
    client: df.DurableOrchestrationClient,
    services: Services,
    record: DocumentRecord,
    instance: Instance | None = None,
) -> None:
    """Count and announce the end that the record tells of. Doing it again changes nothing.

    Raises ServiceUnavailable or ServiceRefused; the record then stays unsettled.
    """
    # By the shards that the run began with, where they can be told.
    job = instance.job if instance else None
    shards = job.policy.counter_shards if job else services.settings.counter_shards
    await counter_shards.count_end(client, record, shards)
    await run_ends.announce_end(services, run_ends.run_of(record))


async def settle_before_next_run(
    client: df.DurableOrchestrationClient, services: Services, record: DocumentRecord
) -> None:
    """Settle what the next run of the document will overwrite; a receiver that is away holds nobody up."""
    if not record.unsettled:
        return
    try:
        await settle(client, services, record)
    except ServiceFault as fault:
        ids = {"document_id": record.document_id, "instance_id": record.instance_id}
        log.warning("The end of a run that is followed by another could not be told: %s", fault, extra=ids)
