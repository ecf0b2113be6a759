"""``/health``: whether storage answers, and the services can be reached."""

import azure.durable_functions as df
import azure.functions as func

from docpipeline.composition import get_services
from triggers.http_answers import json_answer
from triggers.problem_details import answers_problems

bp = df.Blueprint()


@bp.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answers_problems
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether all that a document needs can be reached.

    Out: 200 or 503 ``{status: healthy|unhealthy, checks: {name: {status, detail?}}}``. Since anybody may ask, the
    answer is kept for ten seconds, and requests at the same time share one.
    """
    checks = await get_services().dependency_checks.run()
    healthy = all(check["status"] != "unhealthy" for check in checks.values())
    body = {"status": "healthy" if healthy else "unhealthy", "checks": checks}
    return json_answer(body, 200 if healthy else 503)
