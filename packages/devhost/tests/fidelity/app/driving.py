"""Two HTTP functions: one starts an orchestrator, one calls the SDK's client."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()
Client: TypeAlias = df.DurableOrchestrationClient


@bp.route(route="start/{name}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient):
    """Start an instance of the orchestrator ``name``, with the body as its input and ``?id=`` as its id."""
    body = req.get_body().decode()
    try:
        name, given = req.route_params["name"], json.loads(body) if body else None
        instance_id = await client.start_new(name, req.params.get("id"), given)
    except Exception as error:
        return _refused(error)
    return client.create_check_status_response(req, instance_id)


@bp.route(route="client/{what}/{id}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def operate(req: func.HttpRequest, client: df.DurableOrchestrationClient):
    """Call the client's method ``what`` for the instance ``id``; the body holds the rest, as JSON."""
    what, instance_id, body = req.route_params["what"], req.route_params["id"], req.get_body().decode()
    given = json.loads(body) if body else None
    try:
        if what == "wait":
            wait = client.wait_for_completion_or_create_check_status_response
            return await wait(req, instance_id, given, 200)
        return func.HttpResponse(json.dumps(await _CALLS[what](client, instance_id, given), default=str))
    except Exception as error:
        return _refused(error)


def _refused(error: Exception) -> func.HttpResponse:
    return func.HttpResponse(json.dumps({"error": f"{type(error).__name__}: {error}"}), status_code=400)


async def _status(client: Client, instance_id: str, _: Any) -> Any:
    return (await client.get_status(instance_id, True, True, True)).to_json()


async def _purge(client: Client, instance_id: str, _: Any) -> int:
    return (await client.purge_instance_history(instance_id)).instances_deleted


async def _entity(client: Client, key: str, given: Any) -> dict[str, Any]:
    found = await client.read_entity_state(df.EntityId(given["name"], key))
    return {"exists": found.entity_exists, "state": found.entity_state}


async def _signal(client: Client, key: str, given: Any) -> Any:
    return await client.signal_entity(df.EntityId(given["name"], key), given["op"], given.get("data"))


async def _payload(client: Client, instance_id: str, _: Any) -> dict[str, str]:
    return client.create_http_management_payload(instance_id)


_CALLS: dict[str, Callable[[Client, str, Any], Awaitable[Any]]] = {
    "status": _status,
    "purge": _purge,
    "entity": _entity,
    "signal": _signal,
    "payload": _payload,
    "raise": lambda client, instance_id, given: client.raise_event(instance_id, given["name"], given.get("data")),
    "terminate": lambda client, instance_id, given: client.terminate(instance_id, given),
    "suspend": lambda client, instance_id, given: client.suspend(instance_id, given),
    "resume": lambda client, instance_id, given: client.resume(instance_id, given),
    "rewind": lambda client, instance_id, given: client.rewind(instance_id, given),
    "restart": lambda client, instance_id, given: client.restart(instance_id, bool(given)),
}
