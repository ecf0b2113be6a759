"""How functions are run: in which thread and loop, with what context and client, by hand; and how they fail."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from aiohttp import web

from devhost.functions.durable_links import DurableLinks
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.invocation_context import Invocation
from devhost.functions.server_thread import ServerThread, bind, port_of
from tests.contract.functions_process import host, keys
from tests.end_to_end.devhost_process import DevhostProcess
from tests.waiting import eventually

__all__ = ["host", "keys"]


def run_by_hand(host: DevhostProcess, keys: dict[str, str], name: str, **document: Any) -> int:
    """Ask the host to run a function; returns the status of its answer."""
    return host.ask("POST", f"/admin/functions/{name}", document, {"x-functions-key": keys["master"]}).status


def test_function_that_is_not_http_runs_by_hand_and_an_unknown_one_is_404(
    host: DevhostProcess, keys: dict[str, str]
) -> None:
    assert run_by_hand(host, keys, "NOTE_GIVEN", input='{"a": 1}') == 202
    assert run_by_hand(host, keys, "note_given", input="a text") == 202
    assert run_by_hand(host, keys, "note_given") == 202
    eventually(lambda: len(host.lines_of("given")) == 3, "the activity has run three times")
    assert sorted(host.lines_of("given")) == ['"a text"', "null", '{"a": 1}']
    assert run_by_hand(host, keys, "nobody", input="") == 404
    assert host.ask("POST", "/admin/functions/note_given", {"input": ""}).status == 401


def test_function_that_fails_or_is_switched_off_runs_by_hand_too(
    host: DevhostProcess, keys: dict[str, str]
) -> None:
    assert run_by_hand(host, keys, "fail_by_hand", input="oh") == 202
    assert run_by_hand(host, keys, "silent", input="heard") == 202
    eventually(lambda: "ValueError: failed by hand: oh" in host.output, "its failure is in the log")
    eventually(lambda: host.lines_of("silent") == ["heard"], "the one that is off has run")


def test_context_tells_who_runs_where_and_in_which_trace(host: DevhostProcess) -> None:
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1"}
    seen = host.ask("GET", "/v1/context", headers=trace).json
    assert seen["function_name"] == "show_context"
    assert seen["function_directory"].endswith("functions_app")
    # The function is a step of its own in the caller's trace.
    version, trace_id, span_id, flags = seen["trace"][0].split("-")
    assert (version, trace_id, flags) == ("00", "0af7651916cd43dd8448eb211c80319c", "01")
    assert span_id != "b7ad6b7169203331"
    assert seen["trace"][1:] == [trace["tracestate"], {}]
    assert seen["retry"] == [0, 0, None]
    assert f"Id={seen['invocation_id']}" in host.output
    assert host.ask("GET", "/v1/context").json["invocation_id"] != seen["invocation_id"]


def test_thread_of_a_plain_function_holds_its_invocation(host: DevhostProcess) -> None:
    identifier, in_thread = host.ask("GET", "/v1/sync_context").json
    assert identifier == in_thread


def test_coroutines_share_one_loop_in_one_thread_for_the_life_of_the_process(host: DevhostProcess) -> None:
    first, second = (host.ask("GET", "/v1/loop").json for _ in range(2))
    assert first == second


def test_plain_functions_run_in_a_pool_of_the_size_that_the_setting_says(host: DevhostProcess) -> None:
    with ThreadPoolExecutor(12) as clients:
        threads = list(clients.map(lambda _: host.ask("GET", "/v1/pool").json, range(12)))
    assert len(set(threads)) == 3


def test_client_works_in_coroutines_again_and_again_even_in_one_that_blocks_its_loop(
    host: DevhostProcess,
) -> None:
    for _ in range(2):
        assert host.ask("GET", "/v1/client").json == ["DurableOrchestrationClient", None]
    assert host.ask("GET", "/v1/blocking_client").json == 404


def test_durable_client_in_a_plain_function_fails_each_call(host: DevhostProcess) -> None:
    assert host.ask("GET", "/v1/sync_client").status == 500
    assert "TypeError: object HttpResponse can't be used in 'await' expression" in host.output


def test_result_that_no_binding_takes_is_a_failure(host: DevhostProcess, keys: dict[str, str]) -> None:
    run_by_hand(host, keys, "returns_something")
    text = "function 'returns_something' without a $return binding returned a non-None value"
    eventually(lambda: text in host.output, "its failure is in the log")


def test_failure_is_told_by_type_text_and_the_functions_own_stack(host: DevhostProcess) -> None:
    host.ask("GET", "/v1/raise")
    failure = host.output.split("Executed 'Functions.fail' (Failed, Id=")[1].split("[20")[0]
    assert "Traceback (most recent call last):" in failure
    assert 'function_app.py", line' in failure
    assert failure.rstrip().endswith("ValueError: a secret detail")
    assert "devhost/functions" not in failure


def test_retry_decorator_runs_no_http_function_again_and_the_start_warns_of_it(host: DevhostProcess) -> None:
    assert host.ask("GET", "/v1/retried").status == 500
    assert host.lines_of("retried") == ["failed"]
    warning = "its retry decorator has no effect, here as in Azure: a httpTrigger is not run again by it"
    assert warning in host.output


async def test_client_sends_the_invocation_that_it_works_for() -> None:
    seen: list[str | None] = []

    async def durable_api(request: web.Request) -> web.Response:
        seen.append(request.headers.get("X-Azure-Functions-InvocationId"))
        return web.json_response({"id": "i"}, status=202)

    app = df.DFApp()

    @app.route()
    @app.durable_client_input(client_name="client")
    async def start(req: func.HttpRequest, client: str, context: func.Context) -> func.HttpResponse:
        client_of_the_sdk: df.DurableOrchestrationClient = client
        return func.HttpResponse(await client_of_the_sdk.start_new("process"))

    (function,) = index_functions(app, Path())
    server, listener = ServerThread("test-durable-api"), bind(0, "")
    site = server.serve(durable_api, listener)
    rpc = f"http://127.0.0.1:{port_of(listener)}/durabletask/"
    invoker = FunctionInvoker(client_binding=DurableLinks("Hub", None).client_binding("http://127.0.0.1:1", rpc))
    invocation = Invocation("start", "a test")
    request = func.HttpRequest(method="POST", url="/", body=b"")
    assert (await invoker.call_async(function, {"req": request}, invocation)).get_body() == b"i"
    assert seen == [invocation.invocation_id]
    invoker.close()
    site.stop()
    server.close()
