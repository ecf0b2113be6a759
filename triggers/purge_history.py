"""Daily: what the durable runtime keeps of runs that ended long ago is deleted. Records and results stay."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import azure.durable_functions as df
import azure.functions as func

from docpipeline.composition import get_services
from triggers.durable_calls import asked

bp = df.Blueprint()
log = logging.getLogger(__name__)

MOST_PURGED = 2000
MOST_QUERIES = 400
PAGE = 100
"""How many instances the SDK gets to see of a query, whatever there is (contract 3.6)."""

_FIRST_RELEASE = datetime(2024, 1, 1, tzinfo=UTC)
_SMALLEST_WINDOW = timedelta(seconds=1)
_PURGED_STATUSES = (df.OrchestrationRuntimeStatus.Completed, df.OrchestrationRuntimeStatus.Terminated)

Window = tuple[datetime, datetime]


@bp.timer_trigger(schedule="0 0 3 * * *", arg_name="timer", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def purge_history(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Purge instances Completed or Terminated whose end lies more than HISTORY_RETENTION_DAYS back.

    Failed instances are kept: somebody may want to look at them, or rewind them. At most 2,000 a run; the rest is
    for the next.
    """
    services = get_services()
    cutoff = services.clock() - services.settings.history_retention
    purged = await purge_ended_before(client, cutoff)
    log.info("History purged", extra={"instances": purged, "ended_before": cutoff.isoformat()})


async def purge_ended_before(client: df.DurableOrchestrationClient, cutoff: datetime) -> int:
    """Purge what ended before ``cutoff`` (UTC), oldest window first. Returns how many instances were purged."""
    purged = 0
    async with aclosing(_ended_before(client, cutoff)) as ended:
        async for instance_id in ended:
            purged += (await asked(client.purge_instance_history(instance_id))).instances_deleted
            if purged >= MOST_PURGED:
                break
    return purged


async def _ended_before(client: df.DurableOrchestrationClient, cutoff: datetime) -> AsyncGenerator[str, None]:
    """Ids of instances to purge; the consumer purges each before it asks for the next.

    A query filters by creation and shows one page only. A window whose page is full is cut in halves, so that
    instances which must stay (created long ago, ended lately) never hide those behind them.
    """
    windows: list[Window] = [(_FIRST_RELEASE, cutoff)]
    for _ in range(MOST_QUERIES):
        if not windows:
            return
        start, end = windows.pop()
        page = await asked(client.get_status_by(start, end, list(_PURGED_STATUSES)))
        for status in page:
            if status.last_updated_time < cutoff and not status.instance_id.startswith("@"):
                yield status.instance_id
        if len(page) >= PAGE and end - start > _SMALLEST_WINDOW:
            middle = start + (end - start) / 2
            windows += [(middle, end), (start, middle)]
    log.warning("Purging stopped after %d queries; the next run goes on", MOST_QUERIES)
