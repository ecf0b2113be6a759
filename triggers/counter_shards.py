"""The shards of the entity `document_counter`, seen from outside."""

import asyncio
import time
from collections.abc import Callable

import azure.durable_functions as df

from docpipeline.errors import ServiceUnavailable
from docpipeline.models.counters import FIELDS, CounterFinish, DocumentCounts
from docpipeline.models.instance_ids import counter_shard
from triggers.durable_calls import asked
from triggers.problem_details import ProblemError

ENTITY = "document_counter"
_READ_EVERY_SECONDS = 2.0
_RETRY_AFTER_SECONDS = 30


async def read_totals(client: df.DurableOrchestrationClient, shards: int) -> dict[str, int]:
    """The five totals, summed over all shards. Raises ServiceUnavailable."""
    counts = await asyncio.gather(*(_read(client, str(shard)) for shard in range(shards)))
    totals = [count.totals() for count in counts]
    return {field: sum(total[field] for total in totals) for field in FIELDS}


async def reset(client: df.DurableOrchestrationClient, shards: int) -> None:
    """Signal every shard to begin again at zero. Raises ServiceUnavailable."""
    await asyncio.gather(*(_signal(client, str(shard), "reset") for shard in range(shards)))


async def finish(
    client: df.DurableOrchestrationClient, document_id: str, instance_id: str, field: str, shards: int
) -> None:
    """Count the end of a run. Telling it twice counts it once. Raises ServiceUnavailable."""
    argument = CounterFinish(instance_id=instance_id, field=field)
    await _signal(client, counter_shard(document_id, shards), "finish", argument.to_payload())


class PendingLimit:
    """Refuses new documents while too many are in flight.

    The shards are read at most every two seconds a process; what was accepted since is added, so that a burst
    between two readings is counted. Several processes may overshoot by what each accepts in that time.
    """

    def __init__(self, now_seconds: Callable[[], float] = time.monotonic) -> None:
        self._now_seconds = now_seconds
        self._read_at: float | None = None
        self._pending = 0
        self._accepted_since = 0

    async def require_room(self, client: df.DurableOrchestrationClient, limit: int, shards: int) -> None:
        """Raises a 429 problem when ``limit`` documents or more are in flight, and ServiceUnavailable."""
        if self._read_at is None or self._now_seconds() - self._read_at >= _READ_EVERY_SECONDS:
            await self._read(client, shards)
        in_flight = self._pending + self._accepted_since
        if in_flight >= limit:
            raise ProblemError(
                "too-many-pending",
                f"{in_flight} documents are in flight; {limit} may be (MAX_PENDING_DOCUMENTS). Try again later.",
                retry_after_seconds=_RETRY_AFTER_SECONDS,
            )

    def count_accepted(self) -> None:
        """A document was accepted, which the next reading will show."""
        self._accepted_since += 1

    async def _read(self, client: df.DurableOrchestrationClient, shards: int) -> None:
        # Marked before it is read: requests which arrive meanwhile go by what is known, instead of reading too.
        before, self._read_at = self._read_at, self._now_seconds()
        accepted_before = self._accepted_since
        try:
            self._pending = (await read_totals(client, shards))["pending"]
        except ServiceUnavailable:
            self._read_at = before
            raise
        self._accepted_since -= accepted_before


async def _read(client: df.DurableOrchestrationClient, shard: str) -> DocumentCounts:
    response = await asked(client.read_entity_state(df.EntityId(ENTITY, shard)))
    # A shard that nothing was counted in yet does not exist, and a null state reads as "" (contract 3.1).
    return DocumentCounts.from_payload(response.entity_state or {})


async def _signal(
    client: df.DurableOrchestrationClient, shard: str, operation: str, argument: dict[str, str] | None = None
) -> None:
    await asked(client.signal_entity(df.EntityId(ENTITY, shard), operation, argument))
