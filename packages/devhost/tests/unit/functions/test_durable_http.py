"""The durable API's routes, encodings and codes, as the SDK's client and operators' tools rely on them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web

from devhost.engine.errors import (
    InstanceExists,
    InstanceFinished,
    InstanceNotFound,
    InvalidRequest,
    RequestRefused,
    StartRefused,
    WrongState,
)
from devhost.engine.queries import EntityQuery, InstanceQuery
from devhost.functions.durable_http import DurableHttp
from devhost.functions.durable_links import DurableLinks
from devhost.functions.rpc_http import RpcHttp, new_token, rpc_base_url
from devhost.protection.request_guard import Handler
from tests.unit.functions.fake_client import FakeDurableClient
from tests.unit.functions.http_client import Ask, ask

TOKEN = "token"
JSON = {"Content-Type": "application/json"}


def status(runtime_status: str, output: Any = None) -> dict[str, Any]:
    return {"name": "O", "instanceId": "i1", "runtimeStatus": runtime_status, "output": output}


@pytest.fixture
def client() -> FakeDurableClient:
    return FakeDurableClient(start="i1")


@pytest.fixture
def rpc(client: FakeDurableClient, serve: Callable[[Handler], str]) -> Iterator[Ask]:
    """Ask the RPC API; paths are relative to its base."""
    durable = DurableHttp(client.as_client(), DurableLinks("Hub"))
    origin = serve(RpcHttp(durable, "http://127.0.0.1:7071", TOKEN).handle)
    base = f"/{TOKEN}/durabletask"
    yield lambda method, path, body=None, headers=None, document=None: ask(
        origin, method, f"{base}/{path}", body, headers, document
    )
    durable.close()


def test_start_stores_exactly_one_decoding_of_the_body(rpc: Ask, client: FakeDurableClient) -> None:
    rpc("POST", "orchestrators/Order/i%201", rb'"{\"a\": 1}"', JSON)
    rpc("POST", "Orchestrators/Order?version=2.0", b'{ "a" : "\xc3\xa4" }', JSON)
    rpc("POST", "orchestrators/Order")
    assert client.calls == [
        ("start", "Order", "i 1", r'"{\"a\": 1}"', None),
        ("start", "Order", None, '{"a":"ä"}', "2.0"),
        ("start", "Order", None, None, None),
    ]


def test_accepted_start_answers_with_links_to_the_public_port(rpc: Ask) -> None:
    answer = rpc("POST", "orchestrators/Order")
    base = "http://127.0.0.1:7071/runtime/webhooks/durabletask/instances/i1"
    assert answer.status == 202
    assert answer.json["id"] == "i1"
    assert (
        answer.json["statusQueryGetUri"] == f"{base}?taskHub=Hub&connection=Storage" == answer.headers["Location"]
    )
    assert answer.json["sendEventPostUri"].startswith(f"{base}/raiseEvent/{{eventName}}?")
    assert "rewindPostUri" not in answer.json
    assert answer.headers["Retry-After"] == "10"


def test_refused_start_carries_the_text_that_the_sdk_raises(rpc: Ask, client: FakeDurableClient) -> None:
    client.answers["start"] = StartRefused("no such input")
    answer = rpc("POST", "orchestrators/X")
    assert (answer.status, answer.json["ExceptionMessage"]) == (400, "no such input")


def test_start_under_a_live_id_is_a_conflict_with_the_text_alone(rpc: Ask, client: FakeDurableClient) -> None:
    client.answers["start"] = InstanceExists("it runs")
    answer = rpc("POST", "orchestrators/X/one")
    assert (answer.status, answer.json) == (409, {"Message": "it runs"})


def test_start_with_a_body_that_is_no_json_is_refused(rpc: Ask) -> None:
    for body in (b"{", b"NaN", b"\xff"):
        answer = rpc("POST", "orchestrators/Order", body)
        assert answer.status == 400
    assert rpc("POST", "orchestrators/Order", b"{").json["ExceptionMessage"] == "Invalid JSON content"


@pytest.mark.parametrize(
    ("end", "code", "body"),
    [
        (status("Completed", {"x": 1}), 200, {"x": 1}),
        (status("Failed", "why"), 200, status("Failed", "why")),
    ],
)
def test_start_can_wait_for_the_end(
    rpc: Ask, client: FakeDurableClient, end: dict[str, Any], code: int, body: Any
) -> None:
    client.answers["status"] = end
    answer = rpc("POST", "orchestrators/Order?timeout=5&pollingInterval=1")
    assert (answer.status, answer.json) == (code, body)


def test_start_that_waited_in_vain_answers_as_without_waiting(rpc: Ask, client: FakeDurableClient) -> None:
    client.answers["status"] = status("Running")
    assert rpc("POST", "orchestrators/Order?timeout=0&pollingInterval=0").status == 202


@pytest.mark.parametrize(
    ("runtime_status", "query", "code"),
    [
        ("Running", "", 202),
        ("Pending", "", 202),
        ("Suspended", "", 202),
        ("ContinuedAsNew", "", 202),
        ("Completed", "", 200),
        ("Terminated", "", 200),
        ("Failed", "", 200),
        ("Failed", "?returnInternalServerErrorOnFailure=true", 500),
    ],
)
def test_status_code_tells_whether_the_instance_has_ended(
    rpc: Ask, client: FakeDurableClient, runtime_status: str, query: str, code: int
) -> None:
    client.answers["status"] = status(runtime_status)
    answer = rpc("GET", f"instances/i1{query}")
    assert (answer.status, answer.json) == (code, status(runtime_status))
    assert (answer.headers["Retry-After"] == "5") is (code == 202)


def test_status_options_default_as_on_the_real_host(rpc: Ask, client: FakeDurableClient) -> None:
    rpc("GET", "instances/i1")
    rpc("GET", "instances/i1?showInput=False&SHOWHISTORY=True&showHistoryOutput=true")
    defaults = {"show_input": True, "show_history": False, "show_history_output": False}
    asked = {"show_input": False, "show_history": True, "show_history_output": True}
    assert client.calls == [("status", "i1", defaults), ("status", "i1", asked)]


def test_unknown_instance_is_an_empty_404(rpc: Ask) -> None:
    answer = rpc("GET", "instances/nobody")
    assert (answer.status, answer.body) == (404, b"")


def test_event_data_is_not_decoded_twice(rpc: Ask, client: FakeDurableClient) -> None:
    assert rpc("POST", "instances/i1/raiseEvent/documentApproval", rb'"{\"approved\": true}"', JSON).status == 202
    assert rpc("POST", "instances/i1/raiseevent/documentApproval", b'{"approved": true}', JSON).status == 202
    assert rpc("POST", "instances/i1/raiseEvent/documentApproval", b"", JSON).status == 400
    assert client.calls == [
        ("raise_event", "i1", "documentApproval", r'"{\"approved\": true}"'),
        ("raise_event", "i1", "documentApproval", '{"approved":true}'),
        # An empty body is refused, but first of all the instance must live.
        ("check_live", "i1"),
    ]


def test_event_data_must_be_json(rpc: Ask) -> None:
    plain = rpc("POST", "instances/i1/raiseEvent/e", b"{}", {"Content-Type": "text/plain"})
    assert (plain.status, plain.json["Message"]) == (400, "Only application/json request content is supported")


@pytest.mark.parametrize(
    "body", [b"{", b'{"reviewer": "\\ud800"}', b"[" * 100_000], ids=["cut", "surrogate", "deep"]
)
def test_event_data_that_cannot_be_stored_is_no_json(rpc: Ask, client: FakeDurableClient, body: bytes) -> None:
    broken = rpc("POST", "instances/i1/raiseEvent/e", body, JSON)
    assert (broken.status, broken.json["Message"]) == (400, "Invalid JSON content")
    assert "raise_event" not in [name for name, *_ in client.calls]


@pytest.mark.parametrize("verb", ["terminate", "suspend", "resume", "rewind"])
def test_reason_is_optional_and_passed_on(rpc: Ask, client: FakeDurableClient, verb: str) -> None:
    assert rpc("POST", f"instances/i1/{verb}?reason=too%20late&taskHub=Hub").status == 202
    assert rpc("POST", f"instances/i1/{verb}").status == 202
    assert client.calls == [(verb, "i1", "too late"), (verb, "i1", None)]


@pytest.mark.parametrize(
    ("refusal", "code", "has_body"),
    [
        (InstanceNotFound("i1"), 404, False),
        (InstanceFinished("i1", "Completed"), 410, False),
        (WrongState("already suspended"), 500, True),
        (InvalidRequest("bad key"), 400, True),
    ],
)
def test_refusals_have_an_empty_or_a_json_body(
    rpc: Ask, client: FakeDurableClient, refusal: RequestRefused, code: int, has_body: bool
) -> None:
    client.answers["suspend"] = refusal
    answer = rpc("POST", "instances/i1/suspend")
    assert answer.status == code
    assert bool(answer.body) is has_body
    assert not has_body or answer.json["Message"]


def test_unexpected_error_is_a_json_500(rpc: Ask, client: FakeDurableClient) -> None:
    client.answers["status"] = RuntimeError("disk full")
    answer = rpc("GET", "instances/i1")
    assert (answer.status, answer.json["ExceptionMessage"]) == (500, "disk full")


def test_restart_answers_with_the_links_of_the_new_instance(rpc: Ask, client: FakeDurableClient) -> None:
    client.answers["restart"] = "i2"
    assert rpc("POST", "instances/i1/restart").json["id"] == "i2"
    assert rpc("POST", "instances/i1/restart?restartWithNewInstanceId=false").status == 202
    assert client.calls == [("restart", "i1", True), ("restart", "i1", False)]


def test_list_passes_filters_and_the_page_on(rpc: Ask, client: FakeDurableClient) -> None:
    client.answers["list"] = ([status("Running")], "next")
    query = (
        "createdTimeFrom=2024-01-01T00:00:00.000000Z&createdTimeTo=2024-01-02T00:00:00+00:00&instanceIdPrefix=doc-"
    )
    answer = rpc(
        "GET", f"instances/?{query}&runtimeStatus=Running,Failed&top=7", headers={"x-ms-continuation-token": "t"}
    )
    assert (answer.status, answer.json) == (200, [status("Running")])
    assert answer.headers["x-ms-continuation-token"] == "next"
    day = datetime(2024, 1, 1, tzinfo=UTC)
    asked = InstanceQuery(day, day.replace(day=2), "doc-", ("Running", "Failed"), 7, "t", True, with_entities=True)
    assert client.calls == [("list", asked)]


def test_last_page_has_no_continuation_token(rpc: Ask, client: FakeDurableClient) -> None:
    client.answers["list"] = ([], None)
    assert "x-ms-continuation-token" not in rpc("GET", "instances").headers


def test_purge_counts_and_says_404_if_nothing_was_there(rpc: Ask, client: FakeDurableClient) -> None:
    client.answers |= {"purge": 1, "purge_by": 3}
    assert rpc("DELETE", "instances/i1").json == {"instancesDeleted": 1}
    assert rpc("DELETE", "instances?createdTimeFrom=2024-01-01&runtimeStatus=Completed").json == {
        "instancesDeleted": 3
    }
    client.answers |= {"purge": 0, "purge_by": 0}
    assert rpc("DELETE", "instances/i1").status == 404
    assert rpc("DELETE", "instances/?createdTimeFrom=2024-01-01").status == 404


def test_purge_without_a_start_of_the_window_is_refused(rpc: Ask) -> None:
    answer = rpc("DELETE", "instances/")
    assert answer.status == 400
    assert "createdTimeFrom" in answer.json


def test_entities_are_signalled_read_and_listed(rpc: Ask, client: FakeDurableClient) -> None:
    client.answers |= {"entity_state": '{"v":1}', "list_entities": ([], None)}
    assert rpc("POST", "entities/Counter/k?taskHub=Hub&op=add", b'"5"', JSON).status == 202
    assert rpc("POST", "entities/Counter/$", b"plain text", {"Content-Type": "text/plain"}).status == 202
    assert rpc("DELETE", "entities/Counter/k").status == 202
    assert rpc("GET", "entities/Counter/k").json == {"v": 1}
    assert rpc("GET", "entities/Counter?fetchState=true").json == []
    assert client.calls == [
        ("signal_entity", "Counter", "k", "add", '"5"'),
        ("signal_entity", "Counter", "", "", '"plain text"'),
        ("signal_entity", "Counter", "k", "delete", None),
        ("entity_state", "Counter", "k"),
        ("list_entities", EntityQuery(name="Counter", fetch_state=True)),
    ]


def test_entity_without_state_is_an_empty_404(rpc: Ask) -> None:
    answer = rpc("GET", "entities/Counter/k")
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "orchestrators/O"),
        ("PUT", "instances/i1"),
        ("POST", "instances/i1/dance"),
        ("POST", "x/y"),
    ],
)
def test_unknown_path_or_verb_is_an_empty_404(rpc: Ask, method: str, path: str) -> None:
    answer = rpc(method, path)
    assert (answer.status, answer.body) == (404, b"")


def test_webhook_links_use_the_origin_of_the_request(
    client: FakeDurableClient, serve: Callable[[Handler], str]
) -> None:
    durable = DurableHttp(client.as_client(), DurableLinks("Hub", key="K"))

    async def webhook(request: web.Request) -> web.StreamResponse:
        return await durable.handle(request, request.raw_path, f"{request.scheme}://{request.host}")

    origin = serve(webhook)
    answer = ask(origin, "POST", "/orchestrators/O", headers={"Host": "localhost:99"})
    assert answer.headers["Location"].startswith("http://localhost:99/runtime/webhooks/durabletask/instances/i1?")
    assert answer.headers["Location"].endswith("&code=K")
    durable.close()


@pytest.mark.parametrize("path", ["orchestrators/O", "instances/i1/raiseEvent/go", "entities/Counter/k?op=add"])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_body_above_the_limit_is_an_empty_413_and_nothing_is_done(
    client: FakeDurableClient, serve: Callable[[Handler], str], path: str, is_streamed: bool
) -> None:
    """Guards against a body without an end that takes all memory; the limit is that of the app's own routes."""
    durable = DurableHttp(client.as_client(), DurableLinks("Hub"), body_limit_bytes=1000)
    url = f"{serve(RpcHttp(durable, '', TOKEN).handle)}/{TOKEN}/durabletask"
    large: Any = (b'"%s"' % (b"x" * 400) for _ in range(3)) if is_streamed else b'"%s"' % (b"x" * 999)
    answer = ask(url, "POST", f"/{path}", large, JSON)
    assert (answer.status, answer.body, client.calls) == (413, b"", [])
    assert ask(url, "POST", f"/{path}", b'"%s"' % (b"x" * 998), JSON).status == 202
    durable.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/durabletask/orchestrators/O", 401),
        ("/Token/durabletask/orchestrators/O", 401),
        ("//durabletask/orchestrators/O", 401),
        ("/durabletask/token/orchestrators/O", 401),
        ("/token%00/durabletask/orchestrators/O", 401),
        ("/%74oken/durabletask/orchestrators/O", 401),
        ("/durabletask/orchestrators/O?token=token", 401),
        ("/", 401),
        ("/token", 404),
        ("/token/durabletaskless/orchestrators/O", 404),
        ("/token/DurableTask/orchestrators/O", 202),
    ],
)
def test_rpc_api_opens_only_with_the_token_of_the_client_binding(
    client: FakeDurableClient, serve: Callable[[Handler], str], path: str, status: int
) -> None:
    """Guards against any process or page that finds the port: it could start and terminate without a key."""
    durable = DurableHttp(client.as_client(), DurableLinks("Hub"))
    answer = ask(serve(RpcHttp(durable, "", TOKEN).handle), "POST", path, headers={"x-functions-key": TOKEN})
    assert (answer.status, len(client.calls)) == (status, 1 if status == 202 else 0)
    assert answer.body == b"" or status == 202
    durable.close()


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 43 and token == quote(token, safe="") for token in tokens)
    assert rpc_base_url("http://127.0.0.1:1", "t") == "http://127.0.0.1:1/t/durabletask/"


def test_failure_in_the_log_does_not_tell_the_token(
    rpc: Ask, client: FakeDurableClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.answers["status"] = LookupError("a bug")
    assert rpc("GET", "instances/i1").status == 500
    assert "/instances/i1 failed" in caplog.text
    assert f"/{TOKEN}/" not in caplog.text
