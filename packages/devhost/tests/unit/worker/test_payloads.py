"""Values cross the boundary between host and worker unchanged."""

import io
import json
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest
from azure.functions.blob import InputStream
from azure.functions.http import HttpRequest
from azure.functions.queue import QueueMessage
from azure.functions.timer import TimerRequest

from devhost.engine.functions import FunctionFailed, FunctionTimedOut
from devhost.functions.bound_invoker import OutValue
from devhost.functions.http_messages import SpooledRequest, build_response
from devhost.functions.indexing import IndexedFunction, index_functions
from devhost.functions.invocation_context import Invocation
from devhost.worker.calls import pack_call, unpack_call
from devhost.worker.errors import WorkerGone, died, exit_text
from devhost.worker.frames import Frame
from devhost.worker.hosting import worker_count
from devhost.worker.payloads import pack_failure, pack_results, unpack_answer
from devhost.worker.report import describe_functions, functions_of
from devhost.worker.values import WireText


def sample_functions() -> dict[str, IndexedFunction]:
    app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="pages/{id:int}", methods=["GET", "POST"])
    @app.durable_client_input(client_name="client")
    async def page(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
        return func.HttpResponse()

    @app.retry(
        strategy="exponential_backoff",
        max_retry_count="3",
        minimum_interval="00:00:05",
        maximum_interval="00:01:00",
    )
    @app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *", run_on_startup=True)
    def tick(timer: func.TimerRequest) -> None: ...

    @app.activity_trigger(input_name="payload", activity="Work")
    def work(payload: dict, context: func.Context) -> dict:
        return payload

    @app.queue_trigger(arg_name="message", queue_name="in", connection="")
    @app.queue_output(arg_name="many", queue_name="out", connection="")
    @app.blob_output(arg_name="copy", path="files/{id}", connection="")
    def forward(
        message: func.QueueMessage,
        many: func.Out[typing.List[str]],  # noqa: UP006 (the worker takes no list[str])
        copy: func.Out[bytes],
    ) -> None: ...

    @app.blob_trigger(arg_name="blob", path="files/{name}", connection="")
    def read(blob: bytes) -> None: ...

    return {function.name: function for function in index_functions(app, Path("/app"))}


@pytest.fixture(scope="module")
def functions() -> dict[str, IndexedFunction]:
    return sample_functions()


def carried(
    functions: dict[str, IndexedFunction], name: str, value: Any, invocation: Invocation | None = None
) -> Any:
    """Send a call over the wire; return the received call."""
    arguments = {functions[name].trigger_parameter: value}
    header, body = pack_call(functions[name], arguments, invocation or Invocation(name, "a test"))
    return unpack_call(functions, Frame(json.loads(json.dumps(header)), body))


def answered(function: IndexedFunction, result: Any, **outputs: Any) -> Any:
    """Send a result and its outputs over the wire; return the received ones."""
    results, body = pack_results(function, result, outputs)
    received = {name: OutValue() for name in outputs}
    answer = unpack_answer(Frame(json.loads(json.dumps({"results": results})), body), received)
    return (answer, {name: output.get() for name, output in received.items()}) if outputs else answer


def holding(value: Any) -> OutValue:
    output = OutValue()
    output.set(value)
    return output


def a_request(make: Callable[..., HttpRequest] = HttpRequest, **parts: Any) -> HttpRequest:
    common = {"headers": {"x-one": "1"}, "params": {"q": "a,b"}, "route_params": {"id": "7"}}
    return make(method="POST", url="http://127.0.0.1/api/pages/7?q=a&q=b", **common, **parts)


def test_request_arrives_complete(functions: dict[str, IndexedFunction]) -> None:
    _, arguments, _ = carried(functions, "page", a_request(body_type="bytes", body=b'{"a": 1}'))
    request = arguments["req"]
    assert (request.method, request.url) == ("POST", "http://127.0.0.1/api/pages/7?q=a&q=b")
    assert (request.headers["X-One"], dict(request.params), dict(request.route_params)) == (
        "1",
        {"q": "a,b"},
        {"id": "7"},
    )
    assert request.get_json() == {"a": 1}


def test_body_in_a_file_is_read_by_the_worker_only(functions: dict[str, IndexedFunction], tmp_path: Path) -> None:
    file = tmp_path / "body"
    file.write_bytes(b"large")
    _, arguments, _ = carried(functions, "page", a_request(SpooledRequest, body_file=file))
    assert arguments["req"].get_body() == b"large"
    assert not file.exists()


def test_timer_arrives_complete(functions: dict[str, IndexedFunction]) -> None:
    request = TimerRequest(past_due=True, schedule_status={"Last": "2024"}, schedule={"AdjustForDST": True})
    _, arguments, _ = carried(functions, "tick", request)
    timer = arguments["timer"]
    assert (timer.past_due, timer.schedule_status, timer.schedule) == (
        True,
        {"Last": "2024"},
        {"AdjustForDST": True},
    )


def test_activity_input_is_decoded_in_the_worker(functions: dict[str, IndexedFunction]) -> None:
    function, arguments, _ = carried(functions, "work", WireText('{"a": [1, "ü"]}'))
    assert (function.name, arguments) == ("work", {"payload": {"a": [1, "ü"]}})


@pytest.mark.parametrize(
    "failure", [None, FunctionFailed("ValueError", "boom", "stack"), FunctionTimedOut("too long")]
)
def test_invocation_arrives_with_its_retries(
    functions: dict[str, IndexedFunction], failure: FunctionFailed | FunctionTimedOut | None
) -> None:
    sent = Invocation(
        "work", "a test", trace_parent="00-1", retry_count=1, max_retry_count=3, last_failure=failure
    )
    _, _, received = carried(functions, "work", WireText("null"), sent)
    assert (received.invocation_id, received.trace_parent, received.retry_count) == (sent.invocation_id, "00-1", 1)
    assert (type(received.last_failure), str(received.last_failure)) == (type(failure), str(failure))


@pytest.mark.parametrize("result", [None, {"a": "ü"}])
def test_activity_result_comes_back_as_json(functions: dict[str, IndexedFunction], result: Any) -> None:
    answer = answered(functions["work"], result)
    assert (None if answer is None else json.loads(answer)) == result


def test_response_comes_back_with_its_cookies(functions: dict[str, IndexedFunction]) -> None:
    response = func.HttpResponse("grüße", status_code=201, charset="latin-1", headers={"X-One": "1"})
    response.headers.add("Set-Cookie", "a=1; Path=/")
    response.headers.add("Set-Cookie", "b=2")
    answer = build_response("page", answered(functions["page"], response))
    assert (answer.status, answer.body, answer.headers["X-One"]) == (201, "grüße".encode("latin-1"), "1")
    assert answer.headers["Content-Type"] == "text/plain; charset=latin-1"
    assert answer.headers.getall("Set-Cookie") == ["a=1; Path=/", "b=2"]


def test_result_that_is_no_response_fails_the_function(functions: dict[str, IndexedFunction]) -> None:
    with pytest.raises(FunctionFailed, match=r"page returned dict\. Return func\.HttpResponse"):
        pack_results(functions["page"], {}, {})


def test_failure_comes_back_with_its_stack() -> None:
    body = pack_failure(FunctionFailed("ValueError", "boom", "line 1"))
    with pytest.raises(FunctionFailed) as failed:
        unpack_answer(Frame({"failed": True}, body))
    assert (failed.value.type_name, failed.value.message, failed.value.stack) == ("ValueError", "boom", "line 1")


def test_message_arrives_with_all_that_is_known_of_it(functions: dict[str, IndexedFunction]) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    message = QueueMessage(  # type: ignore[no-untyped-call]  # The SDK gives it no types.
        id="m", body="Zoë", dequeue_count=2, insertion_time=now, pop_receipt="p"
    )
    _, arguments, _ = carried(functions, "forward", message)
    received = arguments["message"]
    assert (received.id, received.dequeue_count, received.pop_receipt) == ("m", 2, "p")
    assert (received.get_body().decode(), received.insertion_time, received.expiration_time) == ("Zoë", now, None)
    assert {name for name, value in arguments.items() if isinstance(value, OutValue)} == {"many", "copy"}


def test_blob_arrives_with_what_is_known_of_it(functions: dict[str, IndexedFunction]) -> None:
    stream = InputStream(data=b"content", name="files/a", uri="http://a", length=7, metadata={"k": "v"})
    _, arguments, _ = carried(functions, "read", stream)
    blob = arguments["blob"]
    assert (blob.name, blob.uri, blob.length, blob.metadata, blob.read()) == (
        "files/a",
        "http://a",
        7,
        {"k": "v"},
        b"content",
    )


@pytest.mark.parametrize(
    ("given", "received"),
    [
        (["one", func.QueueMessage(body="two")], ["one", "two"]),
        ([], []),
        (func.QueueMessage(body="Zoë"), "Zoë"),
        (b"\xff", b"\xff"),
        (None, None),
    ],
)
def test_outputs_come_back_as_their_bindings_take_them(
    functions: dict[str, IndexedFunction], given: Any, received: Any
) -> None:
    answer, outputs = answered(functions["forward"], None, many=holding(given), copy=holding(io.BytesIO(b"file")))
    assert (answer, outputs["copy"]) == (None, b"file")
    assert outputs["many"] == received


def test_output_that_its_binding_cannot_carry_fails_the_function(functions: dict[str, IndexedFunction]) -> None:
    with pytest.raises(FunctionFailed, match="a queue output cannot carry object"):
        answered(functions["forward"], None, many=holding(object()), copy=holding(None))


def test_report_describes_functions_so_that_the_host_can_serve_them(functions: dict[str, IndexedFunction]) -> None:
    report = json.loads(json.dumps(describe_functions(functions.values())))
    reported = {function.name: function for function in functions_of(report, Path("/app"))}
    for name, function in functions.items():
        known = reported[name]
        for attribute in (
            "registered_name",
            "trigger_type",
            "is_async",
            "wants_context",
            "source",
            "retry_policy",
        ):
            assert getattr(known, attribute) == getattr(function, attribute)
        assert (known.trigger_parameter, known.client_parameters) == (
            function.trigger_parameter,
            function.client_parameters,
        )
        assert known.returns_a_result == function.returns_a_result
    assert typing.get_type_hints(reported["read"].call) == {"blob": bytes}
    page, tick = reported["page"].trigger, reported["tick"].trigger
    assert (page.route, page.methods, page.auth_level) == ("pages/{id:int}", ["GET", "POST"], "anonymous")
    assert (tick.schedule, tick.run_on_startup, tick.use_monitor) == ("0 0 3 * * *", True, None)
    assert page.get_dict_repr()["authLevel"] == "ANONYMOUS"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "python exited with code 0 (0x0)"),
        (3, "python exited with code 3 (0x3)"),
        (-9, "python exited with code 137 (0x89)"),
    ],
)
def test_end_of_a_process_is_described_as_the_functions_host_does(code: int, text: str) -> None:
    assert exit_text(code) == text


def test_death_of_a_worker_is_a_failure_with_the_number_of_attempts() -> None:
    failure = died(WorkerGone("python exited with code 3 (0x3)"), attempts=3)
    text = "python exited with code 3 (0x3). The function was run 3 times, the last time alone in its process."
    assert (failure.type_name, failure.message) == ("WorkerProcessExitException", text)


def test_death_of_a_worker_at_the_only_attempt_has_the_words_of_the_functions_host_alone() -> None:
    assert died(WorkerGone(exit_text(-9)), attempts=1).message == "python exited with code 137 (0x89)"


def test_number_of_workers_comes_from_the_option_or_the_setting() -> None:
    setting = {"FUNCTIONS_WORKER_PROCESS_COUNT": "2"}
    assert [worker_count(4, setting), worker_count(None, setting), worker_count(None, {})] == [4, 2, 1]
