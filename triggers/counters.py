"""``/counters``: the totals, and their reset."""

import azure.durable_functions as df
import azure.functions as func

from docpipeline.composition import get_services
from triggers import counter_shards
from triggers.http_answers import json_answer
from triggers.problem_details import answers_problems

bp = df.Blueprint()


@bp.route(route="counters", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@bp.durable_client_input(client_name="client")
@answers_problems
async def get_counters(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """The counter, summed over its shards. Out: 200 ``{pending, processed, failed, rejected, timedOut}``."""
    return json_answer(await counter_shards.read_totals(client, get_services().settings.counter_shards))


@bp.route(route="counters/reset", methods=["POST"], auth_level=func.AuthLevel.ADMIN)
@bp.durable_client_input(client_name="client")
@answers_problems
async def reset_counters(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Set the counter to zero; documents in flight are counted when they end. Out: 202 ``{shards}``."""
    shards = get_services().settings.counter_shards
    await counter_shards.reset(client, shards)
    return json_answer({"shards": shards}, 202)
