"""A small durable app; the tests drive it over HTTP, through the SDK's client.

``SAMPLE_FOLDER`` names a folder through which tests and activities meet: files written there are what the app did,
and ``hold_until_released`` waits until a test puts a file named ``release`` into it.
"""

import datetime
import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
tools = df.Blueprint()


def _folder() -> Path:
    return Path(os.environ["SAMPLE_FOLDER"])


def _json(document: object, status_code: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(document), status_code=status_code, mimetype="application/json")


@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    given = req.get_json() if req.get_body() else None
    instance_id = await client.start_new(req.route_params["name"], req.params.get("id"), given)
    return client.create_check_status_response(req, instance_id)


@app.route(route="client/{method}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def call_client(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, context: func.Context
) -> func.HttpResponse:
    """Call any method of the SDK's client: ``{"args": [...], "entity": [name, key]}``."""
    asked = req.get_json()
    args = asked.get("args", [])
    if "entity" in asked:
        args = [df.EntityId(*asked["entity"]), *args]
    logging.info("client method %s, invocation %s", req.route_params["method"], context.invocation_id)
    try:
        answer = await getattr(client, req.route_params["method"])(*args)
    except Exception as error:
        return _json({"raised": str(error)}, 409)
    return _json({"answer": _plain(answer)})


def _plain(answer: Any) -> object:
    if isinstance(answer, list):
        return [_plain(item) for item in answer]
    if hasattr(answer, "to_json"):
        return answer.to_json()
    if hasattr(answer, "entity_exists"):
        return {"exists": answer.entity_exists, "state": answer.entity_state}
    return getattr(answer, "instances_deleted", answer)


@app.route(route="echo/{*rest}", auth_level=func.AuthLevel.ANONYMOUS)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with the request as the function sees it."""
    seen = {
        "method": req.method,
        "url": req.url,
        "params": dict(req.params),
        "route": dict(req.route_params),
        "headers": {name: req.headers[name] for name in req.headers if name.startswith("x-test")},
        "bytes": len(req.get_body()),
    }
    response = _json(seen)
    response.headers.add("Set-Cookie", "one=1; Path=/")
    response.headers.add("Set-Cookie", "two=2; HttpOnly")
    return response


@app.route(route="broken", auth_level=func.AuthLevel.ANONYMOUS)
def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("a secret detail")


@app.route(route="switched_off", auth_level=func.AuthLevel.ANONYMOUS)
def switched_off(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("never")


@app.timer_trigger(schedule="%TICK_SCHEDULE%", arg_name="timer")
@app.durable_client_input(client_name="client")
async def tick(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """A timer with a durable client, as for a clean-up."""
    await client.start_new("greet_everyone", f"tick-{timer.past_due}", ["timer"])
    with (_folder() / "ticks").open("a") as ticks:
        ticks.write(f"past due: {timer.past_due}\n")


@app.orchestration_trigger(context_name="context")
def greet_everyone(context: df.DurableOrchestrationContext):
    greetings = []
    for name in context.get_input():
        greetings.append((yield context.call_activity("greet", name)))
    return greetings


@app.orchestration_trigger(context_name="context")
def wait_for_approval(context: df.DurableOrchestrationContext):
    context.set_custom_status("waiting")
    decision = yield context.wait_for_external_event("approval")
    return {"type": type(decision).__name__, "decision": decision}


@app.orchestration_trigger(context_name="context")
def sleep_for_days(context: df.DurableOrchestrationContext):

    yield context.create_timer(context.current_utc_datetime + datetime.timedelta(days=context.get_input()))
    return "awake"


@app.orchestration_trigger(context_name="context")
def hold(context: df.DurableOrchestrationContext):
    first = yield context.call_activity("greet", "before")
    yield context.call_activity("hold_until_released", context.instance_id)
    count = yield context.call_entity(df.EntityId("counter", "holds"), "add", 1)
    return [first, count]


@app.orchestration_trigger(context_name="context")
def fail(context: df.DurableOrchestrationContext):
    yield context.call_activity("greet", None)


@tools.activity_trigger(input_name="name")
async def greet(name: str) -> str:
    if not name:
        raise ValueError("nobody to greet")
    return f"{os.environ['GREETING']} {name}!"


@tools.activity_trigger(input_name="instance_id")
def hold_until_released(instance_id: str) -> None:
    with (_folder() / "attempts").open("a") as attempts:
        attempts.write(f"{instance_id}\n")
    pause = threading.Event()
    while not (_folder() / "release").exists():
        pause.wait(0.02)


@tools.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext) -> None:
    total = context.get_state(lambda: 0)
    if context.operation_name == "add":
        total += context.get_input()
        context.set_state(total)
    context.set_result(total)


app.register_functions(tools)
