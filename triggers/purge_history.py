"""Daily: what the durable runtime keeps of runs that ended long ago is deleted."""

import azure.durable_functions as df
import azure.functions as func

from docpipeline.composition import get_services
from docpipeline.history_purge import purge_ended_before
from triggers.durable_client import DurableClient

bp = df.Blueprint()


@bp.timer_trigger(schedule="0 0 3 * * *", arg_name="timer", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def purge_history(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Purge instances Completed or Terminated whose end lies more than HISTORY_RETENTION_DAYS back.

    Failed instances are kept, so that operators can look at them or rewind them. One run purges at most 2,000; the
    next run continues.
    """
    services = get_services()
    await purge_ended_before(DurableClient(client), services.clock() - services.settings.history_retention)
