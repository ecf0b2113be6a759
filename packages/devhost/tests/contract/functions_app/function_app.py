"""Functions that answer with what they receive, for the tests of invocations.

``SAMPLE_FOLDER`` names a folder; functions without an answer append lines to files there.
"""

import asyncio
import json
import logging
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import timers

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
three_at_once = threading.Barrier(3)


def as_json(document: object) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(document), mimetype="application/json")


# Requests.


@app.route(route="see/{*rest}")
def see(req: func.HttpRequest) -> func.HttpResponse:
    try:
        document = req.get_json()
    except ValueError as error:
        document = f"{type(error).__name__}: no JSON"
    return as_json(
        {
            "method": req.method,
            "url": req.url,
            "headers": {name: req.headers[name.upper()] for name in req.headers if name.startswith("x-")},
            "params": dict(req.params),
            "route": dict(req.route_params),
            "body": req.get_body().decode("latin-1"),
            "json": document,
        }
    )


@app.route(route="Typed/{number:int:min(3)}/{word:alpha=none}", methods=["GET", "DELETE"])
def typed(req: func.HttpRequest) -> func.HttpResponse:
    return as_json(dict(req.route_params))


@app.route(route="things/{name}", methods=["GET"])
def read_thing(req: func.HttpRequest) -> func.HttpResponse:
    return as_json("read_thing")


@app.route(route="things/{other}")
def any_thing(req: func.HttpRequest) -> func.HttpResponse:
    return as_json("any_thing")


@app.route()
def at_its_name(req: func.HttpRequest) -> func.HttpResponse:
    return as_json("at_its_name")


@app.route(route="switched_off")
def switched_off(req: func.HttpRequest) -> func.HttpResponse:
    return as_json("never")


@app.route(route="keyed", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
def keyed(req: func.HttpRequest) -> func.HttpResponse:
    return as_json("opened")


@app.route(route="admins", methods=["POST"], auth_level=func.AuthLevel.ADMIN)
def admins(req: func.HttpRequest) -> func.HttpResponse:
    return as_json("opened")


# Answers.


@app.route(route="answer")
def answer(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with the ``func.HttpResponse`` whose arguments are in the request."""
    arguments = req.get_json()
    cookies = arguments.pop("cookies", [])
    response = func.HttpResponse(arguments.pop("body", None), **arguments)
    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


@app.route(route="return/{kind}")
def give_back(req: func.HttpRequest):
    """Return something that is no ``func.HttpResponse``: a text, or what cannot be sent."""
    kinds = {"none": None, "dict": {"a": 1}, "list": ["a"], "bytes": b"a", "int": 1}
    kind = req.route_params["kind"]
    return req.get_body().decode() if kind == "text" else kinds[kind]


@app.route(route="raise")
def fail(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("a secret detail")


@app.route(route="out", binding_arg_name="response")
def through_out(req: func.HttpRequest, response: func.Out[func.HttpResponse]) -> None:
    before = response.get()
    if "status" in req.params:
        response.set(func.HttpResponse("replaced"))
        response.set(func.HttpResponse(f"{before}", status_code=int(req.params["status"])))


# How functions run.


@app.route(route="context")
async def show_context(*, req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    trace, retry = context.trace_context, context.retry_context
    return as_json(
        {
            "function_name": context.function_name,
            "function_directory": context.function_directory,
            "invocation_id": context.invocation_id,
            "trace": [trace.trace_parent, trace.trace_state, dict(trace.attributes)],
            "retry": [retry.retry_count, retry.max_retry_count, retry.exception],
        }
    )


@app.route(route="sync_context")
def show_thread(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    local: Any = context.thread_local_storage
    return as_json([context.invocation_id, local.invocation_id])


@app.route(route="loop")
async def show_loop(req: func.HttpRequest) -> func.HttpResponse:
    return as_json([threading.get_ident(), id(asyncio.get_running_loop())])


@app.route(route="pool")
def show_pool_thread(req: func.HttpRequest) -> func.HttpResponse:
    three_at_once.wait(30)
    return as_json(threading.get_ident())


@app.route(route="client")
@app.durable_client_input(client_name="client")
async def use_client(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    status = await client.get_status("nobody")
    return as_json([type(client).__name__, status.instance_id])


@app.route(route="blocking_client")
@app.durable_client_input(client_name="client")
async def block_the_loop(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Call the durable API and block the event loop meanwhile."""
    base = client._orchestration_bindings.rpc_base_url
    try:
        with urllib.request.urlopen(f"{base}instances/nobody", timeout=10) as answered:  # noqa: ASYNC210 (on purpose)
            return as_json(answered.status)
    except urllib.error.HTTPError as error:
        return as_json(error.code)


@app.route(route="sync_client")
@app.durable_client_input(client_name="client")
def use_client_in_a_plain_function(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    return as_json("never")


@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
@app.route(route="retried")
def fail_with_a_retry_decorator(req: func.HttpRequest) -> func.HttpResponse:
    _note("retried", "failed")
    raise ValueError("not again")


@app.activity_trigger(input_name="given")
def note_given(given: object) -> None:
    _note("given", json.dumps(given))


@app.activity_trigger(input_name="given")
async def fail_by_hand(given: str) -> str:
    raise ValueError(f"failed by hand: {given}")


@app.function_name("silent")
@app.activity_trigger(input_name="given")
def switched_off_activity(given: str) -> None:
    _note("silent", given)


def _note(name: str, text: str) -> None:
    logging.info("noted %s", name)
    with (Path(os.environ["SAMPLE_FOLDER"]) / name).open("a") as file:
        file.write(f"{text}\n")


app.register_functions(timers.bp)
