"""Metrics arrive, and no failure of theirs reaches their caller."""

import asyncio
import inspect
import json
import logging
import threading
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from docpipeline import telemetry, telemetry_channel
from docpipeline.errors import PipelineError, ServiceUnavailable, UnexpectedFault
from docpipeline.models.runs import RunReference
from docpipeline.resilience import ServiceBreaker
from docpipeline.telemetry import MetricHandler
from docpipeline.telemetry_channel import parse_connection_string
from tests.azurite import free_ports
from tests.unit.recorded_metrics import RecordedMetrics, recorded_metrics

RUN = RunReference(document_id="inv-17", instance_id="run-1")


class Sink:
    """An ingestion endpoint. Answers ``statuses`` in order, then 200, and stores the metrics that it accepts."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.metrics: list[dict[str, Any]] = []
        self.posts: list[float] = []
        self.handler: MetricHandler

    def accept(self, items: list[dict[str, Any]]) -> int:
        """Accept or refuse a batch, and return the status."""
        self.posts.append(time.monotonic())
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.metrics += [item["data"]["baseData"] for item in items]
        return status

    def names(self) -> list[str]:
        """The names of the accepted metrics."""
        return [metric["metrics"][0]["name"] for metric in self.metrics]


@pytest.fixture
def sink() -> Iterator[Sink]:
    accepted = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            items = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(accepted.accept(items))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}/"
        accepted.handler = MetricHandler(f"InstrumentationKey=k;IngestionEndpoint={endpoint}")
        telemetry.send_metrics_to(accepted.handler)
        yield accepted
        telemetry.stop_metrics_to(accepted.handler)
        server.shutdown()
        thread.join()


def test_a_metric_arrives_with_its_ids_and_properties_as_strings(sink: Sink) -> None:
    telemetry.track("ActivityRetries", 2, RUN, attempt=3, nothing=None)
    assert sink.handler.drain(60)
    (metric,) = sink.metrics
    assert metric["metrics"][0]["name"] == "ActivityRetries"
    assert metric["metrics"][0]["value"] == 2
    assert metric["properties"] == {"documentId": "inv-17", "instanceId": "run-1", "attempt": "3"}


def test_without_a_connection_string_nothing_is_sent_and_nothing_fails() -> None:
    telemetry.track("DocumentsCompleted", 1)


def test_a_connection_string_without_a_key_never_fails_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    handler = MetricHandler("IngestionEndpoint=http://127.0.0.1:1")
    telemetry.send_metrics_to(handler)
    telemetry.track("DocumentsCompleted", 1)
    telemetry.stop_metrics_to(handler)
    assert "could not be recorded" in caplog.text


def test_a_value_without_a_form_in_json_does_not_stop_later_metrics(sink: Sink) -> None:
    telemetry.track("CircuitState", 1, state=object())
    telemetry.track("DocumentsCompleted", 1)
    assert sink.handler.drain(60)
    assert sink.names() == ["CircuitState", "DocumentsCompleted"]


def test_a_metric_that_comes_in_the_senders_last_pause_is_sent_without_waiting_for_another(sink: Sink) -> None:
    telemetry.track("DocumentsCompleted", 1)
    background = sink.handler._sink
    assert background is not None

    class LastPause(threading.Event):
        """The last pause of the package's own thread. A metric comes during it."""

        came = False

        def wait(self, timeout: float | None = None) -> bool:
            if self.came:
                return super().wait(timeout)
            self.came = True
            telemetry.track("CircuitState", 1)
            return False

    background._sender.send_interval = background._sender.send_time = 0.1
    background._queue._flush_notification, before = LastPause(), background._queue.flush_notification
    before.set()
    deadline = time.monotonic() + 5
    while "CircuitState" not in sink.names() and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert "CircuitState" in sink.names()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_endpoint_gets_the_metric_again_after_a_pause(sink: Sink, status: int) -> None:
    sink.statuses = [status]
    telemetry.track("DocumentsCompleted", 1)
    assert sink.handler.drain(60)
    assert sink.names() == ["DocumentsCompleted"]
    assert sink.posts[1] - sink.posts[0] >= 0.4


@pytest.mark.parametrize("status", [400, 402, 403, 404])
def test_a_metric_that_is_refused_is_dropped(sink: Sink, status: int) -> None:
    sink.statuses = [status]
    telemetry.track("DocumentsCompleted", 1)
    assert sink.handler.drain(60)
    assert sink.metrics == []
    assert len(sink.posts) == 1


def test_a_dead_endpoint_costs_the_caller_no_time_and_no_memory_beyond_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telemetry_channel, "MOST_QUEUED", 50)
    handler = MetricHandler(f"InstrumentationKey=k;IngestionEndpoint=http://127.0.0.1:{free_ports(1)[0]}")
    telemetry.send_metrics_to(handler)
    started = time.monotonic()
    for _ in range(1000):
        telemetry.track("DocumentsCompleted", 1)
    assert time.monotonic() - started < 60  # One connection for each would take minutes, with its pauses.
    assert not handler.drain(0.05)
    sink = handler._sink
    assert sink is not None
    assert sink._queue.unsent <= 150
    telemetry.stop_metrics_to(handler)


@pytest.mark.parametrize(
    ("connection_string", "url"),
    [
        ("InstrumentationKey=k", "https://dc.services.visualstudio.com/v2/track"),
        ("instrumentationkey=k;ingestionendpoint=http://127.0.0.1:7080/", "http://127.0.0.1:7080/v2/track"),
        ("EndpointSuffix=ai.contoso.com;InstrumentationKey=k", "https://dc.ai.contoso.com/v2/track"),
        (
            "InstrumentationKey=k;EndpointSuffix=ai.contoso.com;Location=westus2",
            "https://westus2.dc.ai.contoso.com/v2/track",
        ),
    ],
)
def test_the_endpoint_follows_the_connection_string(connection_string: str, url: str) -> None:
    assert parse_connection_string(connection_string) == ("k", url)


SECRET = "my account is 4111-1111"


@telemetry.measured
async def read_something(payload: dict) -> dict:  # type: ignore[type-arg]  # the worker takes no parameters of types
    """An activity."""
    if payload.get("raise"):
        raise ValueError(SECRET)
    if payload.get("outage"):
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise ServiceUnavailable("printer", "it answered 503") from error
    return {"failure": {"code": "corrupt"}} if payload.get("fail") else {}


async def test_an_activity_is_measured_with_its_name_its_end_and_its_ids(sink: Sink) -> None:
    ids = {"documentId": "inv-17", "instanceId": "run-1"}
    assert await read_something(ids) == {"activity": "read_something"}
    await read_something({**ids, "fail": True})
    with pytest.raises(UnexpectedFault):
        await read_something({"raise": True})
    assert sink.handler.drain(60)
    properties = [metric["properties"] for metric in sink.metrics]
    assert sink.names() == ["ActivityDuration"] * 3
    assert properties[0] == {**ids, "activityName": "read_something", "status": "succeeded"}
    assert [each["status"] for each in properties] == ["succeeded", "failed", "failed"]


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        ("raise", "UnexpectedFault: ValueError; its text is left out"),
        ("outage", "ServiceUnavailable: printer: it answered 503"),
    ],
)
async def test_what_an_activity_raises_says_nothing_that_others_said(how: str, shown: str) -> None:
    """The host writes it to history, log and telemetry, causes included."""
    with pytest.raises(PipelineError) as raised:
        await read_something({how: True})
    text = "".join(traceback.format_exception(raised.value))
    assert shown in text
    assert SECRET not in text
    # The place is still shown.
    assert "in read_something" in text


@telemetry.measured
async def open_a_circuit(payload: dict) -> dict:  # type: ignore[type-arg]  # the worker takes no parameters of types
    """An activity whose service fails."""
    await asyncio.sleep(0)
    with pytest.raises(ServiceUnavailable), ServiceBreaker("printer", failures_until_open=1).calling():
        raise ServiceUnavailable("printer", "it answered 503")
    return {}


async def test_the_metric_of_a_circuit_has_the_document_at_which_it_opened(sink: Sink) -> None:
    ids = [{"documentId": f"inv-{number}", "instanceId": f"run-{number}"} for number in range(2)]
    await asyncio.gather(*map(open_a_circuit, ids))
    telemetry.track("OfNobody", 1)
    assert sink.handler.drain(60)
    states = [metric["properties"] for metric in sink.metrics if metric["metrics"][0]["name"] == "CircuitState"]
    assert states == [{**one, "service": "printer", "state": "open"} for one in ids]
    assert sink.metrics[-1].get("properties") in ({}, None)


def test_a_measured_activity_still_shows_the_worker_plain_annotations() -> None:
    assert inspect.iscoroutinefunction(read_something)
    assert read_something.__annotations__ == {"payload": dict, "return": dict}
    assert list(inspect.signature(read_something).parameters) == ["payload"]


def test_a_retry_is_counted_when_it_happens_and_not_on_replay(sink: Sink) -> None:
    for is_replaying in (True, False):
        context = SimpleNamespace(is_replaying=is_replaying, instance_id="run-1")
        telemetry.activity_retried(context, "validate_compliance", 1, RUN)
    assert sink.handler.drain(60)
    (metric,) = sink.metrics
    assert metric["properties"] == {
        "documentId": "inv-17",
        "instanceId": "run-1",
        "activityName": "validate_compliance",
        "attempt": "1",
    }


def test_metrics_are_not_in_the_log(sink: Sink) -> None:
    log = RecordedMetrics()
    logging.getLogger().addHandler(log)
    telemetry.track("DocumentsCompleted", 1)
    logging.getLogger().removeHandler(log)
    assert sink.handler.drain(60)
    assert sink.names() == ["DocumentsCompleted"]
    assert log.all == []


def test_a_handler_that_is_taken_away_gets_no_more_metrics() -> None:
    with recorded_metrics() as recorded:
        telemetry.track("CircuitState", 1)
    telemetry.track("DocumentsCompleted", 1)
    assert [metric.name for metric in recorded.all] == ["CircuitState"]
