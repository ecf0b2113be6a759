"""Every five minutes: a document whose run was lost, or was ended by an operator, is brought to its end."""

import azure.durable_functions as df
import azure.functions as func

from docpipeline.composition import get_services
from docpipeline.reconciliation import reconcile_all
from triggers.durable_client import DurableClient

bp = df.Blueprint()


@bp.timer_trigger(schedule="0 */5 * * * *", arg_name="timer", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def reconcile_documents(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Bring every record that is not final in line with its instance, and the counter with it.

    Running it twice changes nothing. One document that cannot be reconciled is logged and hinders no other.
    """
    await reconcile_all(get_services(), DurableClient(client))
