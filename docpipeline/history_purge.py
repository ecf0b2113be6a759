"""Deleting what the durable runtime keeps of runs that ended long ago. Records and results stay."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from docpipeline.durable_runtime import PAGE, PURGED_STATUSES, DurableRuntime, EndedInstance

log = logging.getLogger(__name__)

MOST_PURGED = 2000
MOST_QUERIES = 400

_FIRST_RELEASE = datetime(2024, 1, 1, tzinfo=UTC)
_SMALLEST_WINDOW = timedelta(seconds=1)

Window = tuple[datetime, datetime]


async def purge_ended_before(runtime: DurableRuntime, cutoff: datetime) -> int:
    """Purge instances Completed or Terminated before ``cutoff`` (UTC), oldest window first; at most 2,000.

    Returns how many instances were purged. Raises ServiceUnavailable.
    """
    purged = 0
    async with aclosing(_ended_before(runtime, cutoff)) as ended:
        async for instance_id in ended:
            purged += await runtime.purge(instance_id)
            if purged >= MOST_PURGED:
                break
    log.info("History purged", extra={"instances": purged, "ended_before": cutoff.isoformat()})
    return purged


async def _ended_before(runtime: DurableRuntime, cutoff: datetime) -> AsyncGenerator[str, None]:
    """Ids of instances to purge; the consumer purges each before it asks for the next.

    A query filters by the time of creation and shows one page only. A window whose page is full is cut in halves,
    so that instances which must stay (created long ago, ended recently) never hide those behind them.
    """
    windows: list[Window] = [(_FIRST_RELEASE, cutoff)]
    for _ in range(MOST_QUERIES):
        if not windows:
            return
        start, end = windows.pop()
        page = await runtime.ended_instances(start, end)
        for instance in page:
            if _may_be_purged(instance, cutoff):
                yield instance.instance_id
        if len(page) >= PAGE and end - start > _SMALLEST_WINDOW:
            middle = start + (end - start) / 2
            windows += [(middle, end), (start, middle)]
    log.warning("Purging stopped after %d queries; the next run goes on", MOST_QUERIES)


def _may_be_purged(instance: EndedInstance, cutoff: datetime) -> bool:
    # The status is looked at again, because the Durable extension ignores a filter that it does not understand.
    has_ended = instance.runtime_status in PURGED_STATUSES and instance.ended_at < cutoff
    return has_ended and not instance.is_entity
