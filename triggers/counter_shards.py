"""Reading and signalling the shards of the entity `document_counter`."""

import asyncio
from typing import Any

import azure.durable_functions as df

from docpipeline.models.counters import FIELDS, CounterFinish, DocumentCounts
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import COUNTER_FIELDS
from docpipeline.models.instance_ids import counter_shard
from triggers.durable_calls import answer_to

ENTITY = "document_counter"


async def read_totals(client: df.DurableOrchestrationClient, shards: int) -> dict[str, int]:
    """The five totals, summed over all shards. Raises ServiceUnavailable."""
    counts = await asyncio.gather(*(_read(client, str(shard)) for shard in range(shards)))
    totals = [count.totals() for count in counts]
    return {field: sum(total[field] for total in totals) for field in FIELDS}


async def reset(client: df.DurableOrchestrationClient, shards: int) -> None:
    """Signal every shard to start again at zero. Raises ServiceUnavailable."""
    await asyncio.gather(*(_signal(client, str(shard), "reset") for shard in range(shards)))


async def count_end(
    client: df.DurableOrchestrationClient, record: DocumentRecord, shards: int, *, begun: bool
) -> None:
    """Count the end that the record shows. Repeat-safe: a run is counted once. Raises ServiceUnavailable.

    Args:
        client: of the durable runtime.
        record: its status is final.
        shards: how many there were when the run began.
        begun: whether the run's orchestrator has counted its start.
    """
    finish = CounterFinish(instance_id=record.instance_id, field=COUNTER_FIELDS[record.status], begun=begun)
    await _signal(client, counter_shard(record.document_id, shards), "finish", finish.to_payload())


async def _read(client: df.DurableOrchestrationClient, shard: str) -> DocumentCounts:
    response = await answer_to(client.read_entity_state(df.EntityId(ENTITY, shard)))
    # A shard does not exist before its first signal, and a null state reads as "".
    return DocumentCounts.from_payload(response.entity_state or {})


async def _signal(
    client: df.DurableOrchestrationClient, shard: str, operation: str, argument: dict[str, Any] | None = None
) -> None:
    await answer_to(client.signal_entity(df.EntityId(ENTITY, shard), operation, argument))
