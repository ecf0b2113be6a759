"""An HTTP function for what the SDK's client does with many instances, or with versions."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeAlias

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()
Client: TypeAlias = df.DurableOrchestrationClient


@bp.route(route="query/{what}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def query(req: func.HttpRequest, client: df.DurableOrchestrationClient):
    """Call the client's method ``what``; the body holds its arguments, as JSON."""
    try:
        answer = await _CALLS[req.route_params["what"]](client, json.loads(req.get_body()))
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    return func.HttpResponse(json.dumps(answer, default=str), mimetype="application/json")


def _window(given: dict[str, Any]) -> tuple[Any, ...]:
    statuses = [df.OrchestrationRuntimeStatus(name) for name in given["statuses"]] if "statuses" in given else None
    moments = [datetime.fromisoformat(given[name]) if name in given else None for name in ("from", "to")]
    return (*moments, statuses)


async def _status_by(client: Client, given: dict[str, Any]) -> Any:
    return [one.to_json() for one in await client.get_status_by(*_window(given), given.get("prefix"))]


async def _purge_by(client: Client, given: dict[str, Any]) -> Any:
    return (await client.purge_instance_history_by(*_window(given))).instances_deleted


async def _start(client: Client, given: dict[str, Any]) -> Any:
    return await client.start_new(given["name"], given["id"], given.get("input"), given.get("version"))


_CALLS: dict[str, Callable[[Client, dict[str, Any]], Awaitable[Any]]] = {
    "status_by": _status_by,
    "purge_by": _purge_by,
    "start": _start,
}
