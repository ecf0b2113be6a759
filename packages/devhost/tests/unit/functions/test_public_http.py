"""The public port: requests reach functions as the worker hands them over, and answers come back as in Azure."""

import json
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import azure.functions as func
import pytest

from devhost.engine.clock import SystemClock
from devhost.functions.access_keys import AccessKeys, AccessRules
from devhost.functions.admin_http import AdminHttp
from devhost.functions.durable_http import DurableHttp
from devhost.functions.durable_links import DurableLinks
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.public_http import PublicHttp
from devhost.functions.routing import RouteTable
from devhost.functions.timer_monitor import TimerMonitor
from devhost.functions.timers import TimerService
from devhost.protection.request_guard import Handler
from tests.unit.functions.fake_client import FakeDurableClient
from tests.unit.functions.http_client import Answer, ask
from tests.waiting import eventually

KEYS = AccessKeys(master="m", function="f", durable="d")
LIMIT_BYTES = 3_000_000
ticks: list[bool] = []


def sample_app() -> func.FunctionApp:
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

    @app.route(route="see/{id?}", auth_level=func.AuthLevel.ANONYMOUS)
    def see(req: func.HttpRequest) -> func.HttpResponse:
        seen = {"method": req.method, "url": req.url, "params": dict(req.params), "route": dict(req.route_params)}
        seen |= {"x-test": req.headers.get("X-Test"), "size": len(req.get_body())}
        return func.HttpResponse(json.dumps(seen), mimetype="application/json")

    @app.route(route="answer/{kind}", auth_level=func.AuthLevel.ANONYMOUS)
    def answer(req: func.HttpRequest) -> func.HttpResponse:
        made: func.HttpResponse = answers[req.route_params["kind"]]()
        return made

    @app.route(route="keyed", methods=["POST"])
    async def keyed(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("in")

    @app.route(route="admins", auth_level=func.AuthLevel.ADMIN)
    def admins(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("in")

    @app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
    def tick(timer: func.TimerRequest) -> None:
        ticks.append(timer.past_due)

    return app


def with_cookies() -> func.HttpResponse:
    response = func.HttpResponse("ok", headers={"X-One": "1"})
    response.headers.add("Set-Cookie", "a=1; Path=/")
    response.headers.add("Set-Cookie", "b=2; HttpOnly")
    return response


answers: dict[str, Callable[[], Any]] = {
    "plain": lambda: func.HttpResponse("grüße", status_code=201),
    "json": lambda: func.HttpResponse("{}", mimetype="application/json"),
    "typed": lambda: func.HttpResponse(b"%PDF", headers={"Content-Type": "application/pdf"}),
    "empty": lambda: func.HttpResponse(status_code=204),
    "cookies": with_cookies,
    "text": lambda: "just text",
    "described": lambda: json.dumps({"statusCode": 418, "body": {"tea": True}, "headers": {"X-Pot": "yes"}}),
    "dict": lambda: {"not": "allowed"},
    "none": lambda: None,
    "raises": lambda: 1 / 0,
}


class StartHost(Protocol):
    """Starts a host, with keys or without, and returns its origin."""

    def __call__(self, keys: AccessKeys | None = None) -> str: ...


@pytest.fixture
def start(invoker: FunctionInvoker, serve: Callable[[Handler], str], tmp_path: Path) -> Iterator[StartHost]:
    durables = []

    def start_host(keys: AccessKeys | None = None) -> str:
        functions = index_functions(sample_app(), tmp_path)
        timers = TimerService(functions, invoker, SystemClock(), TimerMonitor(tmp_path), {})
        links = DurableLinks("Hub", keys.durable if keys else None)
        durable = DurableHttp(FakeDurableClient().as_client(), links, LIMIT_BYTES)
        durables.append(durable)
        admin = AdminHttp(functions, invoker, timers, advance=None, body_limit_bytes=LIMIT_BYTES)
        routes = RouteTable(functions, "api")
        return serve(PublicHttp(routes, invoker, AccessRules(keys), durable, admin, tmp_path, LIMIT_BYTES).handle)

    yield start_host
    for durable in durables:
        durable.close()


@pytest.fixture
def origin(start: StartHost) -> str:
    return start()


def get(origin: str, path: str) -> Answer:
    return ask(origin, "GET", path)


def test_request_arrives_as_the_worker_hands_it_over(origin: str) -> None:
    path = "/api/See/inv%2F1?x=1&x=2&empty=&y=a%20b"
    seen = ask(origin, "PUT", path, b"12345", {"X-Test": "v"}).json
    assert seen == {
        "method": "PUT",
        "url": f"{origin}{path}",
        "params": {"x": "1,2", "y": "a b"},
        "route": {"id": "inv%2F1"},
        "x-test": "v",
        "size": 5,
    }


def test_optional_segment_that_is_not_there_is_absent(origin: str) -> None:
    assert get(origin, "/api/see").json["route"] == {}


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "body"),
    [
        ("plain", 201, "text/plain; charset=utf-8", "grüße"),
        ("json", 200, "application/json", "{}"),
        ("typed", 200, "application/pdf", "%PDF"),
        ("text", 200, "text/plain; charset=utf-8", "just text"),
        ("described", 418, "text/plain; charset=utf-8", '{"tea": true}'),
    ],
)
def test_result_becomes_the_answer(origin: str, kind: str, status: int, content_type: str, body: str) -> None:
    answer = get(origin, f"/api/answer/{kind}")
    assert (answer.status, answer.headers["Content-Type"], answer.body.decode()) == (status, content_type, body)


def test_cookies_and_headers_go_out(origin: str) -> None:
    answer = get(origin, "/api/answer/cookies")
    assert answer.headers.get_all("Set-Cookie") == ["a=1; Path=/", "b=2; HttpOnly"]
    assert answer.headers["X-One"] == "1"
    assert get(origin, "/api/answer/empty").status == 204


@pytest.mark.parametrize("kind", ["dict", "none", "raises"])
def test_failing_function_answers_500_and_tells_nothing(
    origin: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = get(origin, f"/api/answer/{kind}")
    assert (answer.status, answer.body) == (500, b"")
    assert "answer" in caplog.text


@pytest.mark.parametrize(("kind", "type_name"), [("dict", "dict"), ("none", "NoneType")])
def test_result_that_is_no_answer_is_explained_in_the_log_once(
    origin: str, kind: str, type_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    get(origin, f"/api/answer/{kind}")
    (explained,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    text = f"Functions.answer (Failed): answer returned {type_name}. Return func.HttpResponse (or str)."
    assert explained.getMessage() == text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/nothing"),
        ("GET", "/api/keyed"),
        ("OPTIONS", "/api/keyed"),
        ("POST", "/api/tick"),
    ],
)
def test_no_match_and_wrong_method_are_an_empty_404(origin: str, method: str, path: str) -> None:
    answer = ask(origin, method, path)
    assert (answer.status, answer.body) == (404, b"")


def test_head_sends_no_body(origin: str) -> None:
    answer = ask(origin, "HEAD", "/api/answer/plain")
    assert (answer.status, answer.body) == (201, b"")


def test_chunked_upload_without_length_arrives_whole(origin: str) -> None:
    chunks = (b"x" * 250_000 for _ in range(8))
    assert ask(origin, "POST", "/api/see", chunks).json["size"] == 2_000_000


def test_upload_that_its_sender_breaks_off_leaves_the_host_well(
    origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    address = ("127.0.0.1", int(origin.rsplit(":", 1)[1]))
    for _ in range(3):
        with socket.create_connection(address) as sender:
            sender.sendall(b"POST /api/see HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
    assert get(origin, "/api/see").status == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_body_above_the_limit_is_413_with_and_without_a_length(origin: str) -> None:
    declared = ask(origin, "POST", "/api/see", b"x" * (LIMIT_BYTES + 1))
    streamed = ask(origin, "POST", "/api/see", (b"x" * 500_000 for _ in range(7)))
    assert [(answer.status, answer.body) for answer in (declared, streamed)] == [(413, b"")] * 2
    assert ask(origin, "POST", "/api/see", b"x" * LIMIT_BYTES).json["size"] == LIMIT_BYTES


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/keyed", None, 401),
        ("/api/keyed", "wrong", 401),
        ("/api/keyed", "f", 200),
        ("/api/keyed", "m", 200),
        ("/api/admins", "f", 401),
        ("/api/admins", "m", 200),
        ("/api/see", None, 200),
        ("/admin/functions/tick", "f", 401),
        ("/admin/functions/tick", "m", 202),
        ("/runtime/webhooks/durabletask/instances/x/terminate", "f", 401),
        ("/runtime/webhooks/durabletask/instances/x/terminate", "d", 202),
    ],
)
def test_keys_open_what_they_are_for(start: StartHost, path: str, key: str | None, status: int) -> None:
    origin = start(KEYS)
    assert ask(origin, "POST", path, headers={"x-functions-key": key} if key else {}).status == status
    assert ask(origin, "POST", f"{path}?code={key}" if key else path).status == status


def test_header_key_wins_over_the_query_and_a_wrong_method_is_404_before_401(start: StartHost) -> None:
    origin = start(KEYS)
    assert ask(origin, "POST", "/api/keyed?code=f", headers={"x-functions-key": "wrong"}).status == 401
    assert ask(origin, "GET", "/api/keyed").status == 404
    assert get(origin, "/admin/host/status").json == {"state": "Running"}


def test_timer_can_be_fired_by_hand(origin: str) -> None:
    ticks.clear()
    assert ask(origin, "POST", "/admin/functions/TICK", document={"input": ""}).status == 202
    eventually(lambda: ticks == [False], "tick has run")


def test_admin_lists_functions_and_refuses_what_it_cannot_run(origin: str) -> None:
    listed = {
        function["name"]: function["config"]["bindings"] for function in get(origin, "/admin/functions").json
    }
    assert listed["keyed"][0]["methods"] == ["POST"]
    assert ask(origin, "POST", "/admin/functions/nobody", document={}).status == 404
    refused = ask(origin, "POST", "/admin/functions/keyed", document={})
    assert (refused.status, "httpTrigger" in refused.json["Message"]) == (400, True)
    assert ask(origin, "POST", "/admin/functions/tick", b"[]").status == 400


def test_system_clock_cannot_be_moved_and_says_which_option_to_use(origin: str) -> None:
    answer = ask(origin, "POST", "/devhost/clock", document={"advanceSeconds": 60})
    assert (answer.status, "--clock virtual" in answer.json["Message"]) == (409, True)


WEBHOOK_START = "/runtime/webhooks/durabletask/orchestrators/O"


@pytest.mark.parametrize("path", ["/admin/functions/tick", WEBHOOK_START])
def test_body_above_the_limit_is_413_for_the_host_s_own_routes_too(start: StartHost, path: str) -> None:
    """Guards against a body without an end that takes all memory."""
    origin = start()
    declared = ask(origin, "POST", path, b"x" * (LIMIT_BYTES + 1))
    streamed = ask(origin, "POST", path, (b"x" * 500_000 for _ in range(7)))
    assert [(answer.status, answer.body) for answer in (declared, streamed)] == [(413, b"")] * 2


def test_admin_takes_no_json_that_is_nested_without_end(origin: str) -> None:
    assert ask(origin, "POST", "/admin/functions/tick", b"[" * 100_000).status == 400


@pytest.mark.parametrize("path", ["/api/keyed", "/admin/functions/tick", WEBHOOK_START])
def test_key_of_any_bytes_is_a_wrong_key(start: StartHost, path: str) -> None:
    """Guards against bytes that are no text: the host failed at them, and wrote of it in its log."""
    origin = start(KEYS)
    assert ask(origin, "POST", path, headers={"x-functions-key": "\xff"}).status == 401
    assert ask(origin, "POST", f"{path}?code=%ff%ed%a0%80").status == 401


@pytest.mark.parametrize("path", ["/api/see", "/admin/functions/tick", "/devhost/clock", WEBHOOK_START])
def test_nothing_of_a_body_that_breaks_off_or_is_malformed_is_logged(
    origin: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Guards against documents in the log: the error quotes the piece of the body that was not understood."""
    address = ("127.0.0.1", int(origin.rsplit(":", 1)[1]))
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    with caplog.at_level(logging.DEBUG):
        for body in (b"s3cr3t\r\n", b"6\r\ns3cr3t"):
            with socket.create_connection(address, timeout=60) as sender:
                sender.sendall(head.encode() + body)
                sender.shutdown(socket.SHUT_WR)
                sender.recv(100)
        assert get(origin, "/api/see").status == 200
    assert "s3cr3t" not in "\n".join(caplog.handler.format(record) for record in caplog.records)
