"""Every five minutes: documents whose run was lost, or was ended by an operator, are completed."""

import azure.durable_functions as df
import azure.functions as func

from docpipeline.composition import get_services
from docpipeline.reconciliation import reconcile_all
from triggers.durable_client import DurableClient

bp = df.Blueprint()


@bp.timer_trigger(schedule="0 */5 * * * *", arg_name="timer", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def reconcile_documents(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Bring every unfinished record, and the counter, in line with its instance.

    Repeat-safe. A document that cannot be reconciled is logged; the others go on.
    """
    await reconcile_all(get_services(), DurableClient(client))
