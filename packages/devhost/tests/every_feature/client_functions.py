"""HTTP functions through which the tests call the SDK's client, and read the text that makes a client."""

import inspect
import json
from datetime import datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()


@bp.route(route="start/{name}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start an orchestration; answers with the links."""
    payload = req.get_json() if req.get_body() else None
    instance_id = await client.start_new(req.route_params["name"], req.params.get("id"), payload)
    return client.create_check_status_response(req, instance_id)


@bp.route(route="wait/{instance_id}", methods=["GET"])
@bp.durable_client_input(client_name="client")
async def wait(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Answer with an instance's output or, after ``timeout`` milliseconds, with the links."""
    instance_id, timeout = req.route_params["instance_id"], int(req.params["timeout"])
    return await client.wait_for_completion_or_create_check_status_response(req, instance_id, timeout, 10)


@bp.route(route="client/{method}", methods=["POST"])
@bp.durable_client_input(client_name="client", task_hub="AnotherHub", connection_name="AnotherStorage")
async def call_client(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, context: func.Context
) -> func.HttpResponse:
    """Call any method of the client: ``{"args": [...], "named": {...}, "entity": [name, key]}``."""
    request = req.get_json()
    args = request.get("args", [])
    if "entity" in request:
        args = [df.EntityId(*request["entity"]), *args]
    named = {name: _argument(name, value) for name, value in request.get("named", {}).items()}
    try:
        answer = getattr(client, req.route_params["method"])(*args, **named)
        if inspect.isawaitable(answer):
            answer = await answer
    except Exception as error:
        return _json({"raised": str(error)}, 409)
    return _json({"answer": _plain(answer)})


@bp.route(route="binding", methods=["GET"])
@bp.generic_input_binding(arg_name="client", type="durableClient")
def binding(req: func.HttpRequest, client: str) -> func.HttpResponse:
    """Show the text that makes a client, as the host delivers it."""
    return func.HttpResponse(client, mimetype="application/json")


def _argument(name: str, value: Any) -> object:
    if name.startswith("created_time"):
        return datetime.fromisoformat(value)
    if name == "runtime_status":
        return [df.OrchestrationRuntimeStatus(status) for status in value]
    return value


def _plain(answer: Any) -> object:
    if isinstance(answer, list):
        return [_plain(item) for item in answer]
    if hasattr(answer, "runtime_status"):
        # A status of nothing is falsy, and cannot be written as JSON.
        history = getattr(answer, "historyEvents", None)
        return {**answer.to_json(), "historyEvents": history} if answer else None
    if hasattr(answer, "entity_exists"):
        return {"exists": answer.entity_exists, "state": answer.entity_state}
    return getattr(answer, "instances_deleted", answer)


def _json(document: object, status_code: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(document), status_code=status_code, mimetype="application/json")
