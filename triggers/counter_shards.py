"""The shards of the entity `document_counter`, seen from outside."""

import asyncio
from typing import Any

import azure.durable_functions as df

from docpipeline.models.counters import FIELDS, CounterFinish, DocumentCounts
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import COUNTER_FIELDS
from docpipeline.models.instance_ids import counter_shard
from triggers.durable_calls import asked

ENTITY = "document_counter"


async def read_totals(client: df.DurableOrchestrationClient, shards: int) -> dict[str, int]:
    """The five totals, summed over all shards. Raises ServiceUnavailable."""
    counts = await asyncio.gather(*(_read(client, str(shard)) for shard in range(shards)))
    totals = [count.totals() for count in counts]
    return {field: sum(total[field] for total in totals) for field in FIELDS}


async def reset(client: df.DurableOrchestrationClient, shards: int) -> None:
    """Signal every shard to begin again at zero. Raises ServiceUnavailable."""
    await asyncio.gather(*(_signal(client, str(shard), "reset") for shard in range(shards)))


async def count_end(
    client: df.DurableOrchestrationClient, record: DocumentRecord, shards: int, *, begun: bool
) -> None:
    """Count the end that the record tells of. Telling it twice counts it once. Raises ServiceUnavailable.

    Args:
        client: of the durable runtime.
        record: its status is final.
        shards: how many there were when the run began.
        begun: whether the run's orchestrator has told the counter of its start.
    """
    finish = CounterFinish(instance_id=record.instance_id, field=COUNTER_FIELDS[record.status], begun=begun)
    await _signal(client, counter_shard(record.document_id, shards), "finish", finish.to_payload())


async def _read(client: df.DurableOrchestrationClient, shard: str) -> DocumentCounts:
    response = await asked(client.read_entity_state(df.EntityId(ENTITY, shard)))
    # A shard that nothing was counted in yet does not exist, and a null state reads as "" (contract 3.1).
    return DocumentCounts.from_payload(response.entity_state or {})


async def _signal(
    client: df.DurableOrchestrationClient, shard: str, operation: str, argument: dict[str, Any] | None = None
) -> None:
    await asked(client.signal_entity(df.EntityId(ENTITY, shard), operation, argument))
