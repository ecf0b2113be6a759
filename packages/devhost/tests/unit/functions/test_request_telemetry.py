"""Requests to HTTP functions, as Application Insights is told of them."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from aiohttp import web

from devhost.engine.clock import SystemClock
from devhost.functions.access_keys import AccessRules
from devhost.functions.admin_http import AdminHttp
from devhost.functions.durable_http import DurableHttp
from devhost.functions.durable_links import DurableLinks
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.invocation_context import Invocation
from devhost.functions.public_http import PublicHttp
from devhost.functions.request_telemetry import MOST_WAITING, SETTING, AnsweredRequest, RequestTelemetry
from devhost.functions.routing import RouteTable
from devhost.functions.server_thread import bind, port_of
from devhost.functions.timer_monitor import TimerMonitor
from devhost.functions.timers import TimerService
from devhost.functions.trace_span import TraceSpan
from devhost.protection.request_guard import Handler
from tests.unit.functions.fake_client import FakeDurableClient
from tests.unit.functions.http_client import ask
from tests.waiting import eventually

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def sample_app() -> func.FunctionApp:
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="answer/{status}")
    def answer(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        trace = context.trace_context.trace_parent
        return func.HttpResponse(trace, status_code=int(req.route_params["status"]))

    @app.route(route="raises")
    def raises(req: func.HttpRequest) -> func.HttpResponse:
        raise ValueError("a secret detail")

    return app


class Sink:
    """An ingestion endpoint."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.status = 200

    async def receive(self, request: web.Request) -> web.StreamResponse:
        assert (request.method, request.path) == ("POST", "/v2/track")
        self.items += await request.json()
        return web.Response(status=self.status)


def connection_string(endpoint: str) -> dict[str, str]:
    return {SETTING: f"InstrumentationKey=a-key;IngestionEndpoint={endpoint}/;LiveEndpoint=http://127.0.0.1:1/"}


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def telemetry(sink: Sink, serve: Callable[[Handler], str]) -> Iterator[RequestTelemetry]:
    telemetry = RequestTelemetry.if_set(connection_string(serve(sink.receive)))
    assert telemetry is not None
    yield telemetry
    telemetry.close()


@pytest.fixture
def origin(
    telemetry: RequestTelemetry, invoker: FunctionInvoker, serve: Callable[[Handler], str], tmp_path: Path
) -> Iterator[str]:
    functions = index_functions(sample_app(), tmp_path)
    timers = TimerService(functions, invoker, SystemClock(), TimerMonitor(tmp_path), {})
    durable = DurableHttp(FakeDurableClient().as_client(), DurableLinks("Hub", None), 1000)
    admin = AdminHttp(functions, invoker, timers, advance=None, body_limit_bytes=1000)
    routes = RouteTable(functions, "api")
    public = PublicHttp(routes, invoker, AccessRules(None), durable, admin, tmp_path, 1000, telemetry)
    yield serve(public.handle)
    durable.close()


def an_answered_request() -> tuple[AnsweredRequest, Invocation, TraceSpan]:
    request = AnsweredRequest("GET", "http://h/p", "/p", 200, True, datetime.now(UTC), timedelta(seconds=1))
    return request, Invocation("f", "a test"), TraceSpan.begin({})


def test_a_request_is_sent_as_the_functions_host_sends_it(
    origin: str, sink: Sink, telemetry: RequestTelemetry
) -> None:
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
    seen = ask(origin, "POST", "/api/answer/202?code=secret", b"{}", headers).body.decode()
    telemetry.close()

    [item] = sink.items
    data = item["data"]["baseData"]
    assert (item["iKey"], item["data"]["baseType"], data["name"]) == ("a-key", "RequestData", "answer")
    assert (data["responseCode"], data["success"], data["url"]) == ("202", True, f"{origin}/api/answer/202")
    assert re.fullmatch(r"00:00:\d\d\.\d{7}", data["duration"])
    assert data["properties"].items() >= {"HttpMethod": "POST", "HttpPath": "/api/answer/202"}.items()
    assert item["tags"] == {
        "ai.operation.id": TRACE,
        "ai.operation.parentId": CALLER,
        "ai.operation.name": "answer",
    }
    assert seen == f"00-{TRACE}-{data['id']}-01"
    assert "secret" not in json.dumps(item)
    assert datetime.fromisoformat(item["time"]).tzinfo == UTC


@pytest.mark.parametrize(("path", "status", "success"), [("answer/404", 404, True), ("raises", 500, False)])
def test_only_a_function_that_raises_has_not_succeeded(
    origin: str, sink: Sink, telemetry: RequestTelemetry, path: str, status: int, success: bool
) -> None:
    assert ask(origin, "GET", f"/api/{path}").status == status
    telemetry.close()

    [item] = sink.items
    data = item["data"]["baseData"]
    assert (data["responseCode"], data["success"]) == (str(status), success)
    assert "ai.operation.parentId" not in item["tags"]
    assert "secret" not in json.dumps(item)


def test_what_is_no_function_is_not_sent(origin: str, sink: Sink, telemetry: RequestTelemetry) -> None:
    assert ask(origin, "GET", "/api/unknown").status == 404
    assert ask(origin, "GET", "/admin/host/status").status == 200
    telemetry.close()
    assert sink.items == []


def test_items_go_out_while_the_host_runs_also_after_a_refusal(sink: Sink, telemetry: RequestTelemetry) -> None:
    sink.status = 503
    telemetry.record(*an_answered_request())
    eventually(lambda: len(sink.items) == 1, "the first item is sent")
    sink.status = 200
    telemetry.record(*an_answered_request())
    eventually(lambda: len(sink.items) == 2, "the second item is sent, and the first is not sent again")


def test_an_endpoint_that_is_away_costs_nothing_but_its_items() -> None:
    listener = bind(0, "")
    telemetry = RequestTelemetry.if_set(connection_string(f"http://127.0.0.1:{port_of(listener)}"))
    listener.close()
    assert telemetry is not None
    for _ in range(MOST_WAITING + 1):
        telemetry.record(*an_answered_request())
    telemetry.close()


@pytest.mark.parametrize("value", ["", "nonsense", "InstrumentationKey=k", "IngestionEndpoint=http://127.0.0.1:1"])
def test_without_a_key_and_an_endpoint_nothing_is_sent(value: str, caplog: pytest.LogCaptureFixture) -> None:
    assert RequestTelemetry.if_set({SETTING: value}) is None
    assert RequestTelemetry.if_set({}) is None
    assert [SETTING in record.getMessage() for record in caplog.records] == ([True] if value else [])
