"""The telemetry sink, fed by the real Application Insights client and with what the durable extension sends."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import aiohttp
import pytest
from applicationinsights import TelemetryClient
from applicationinsights.channel import SynchronousQueue, SynchronousSender, TelemetryChannel

from emulators.telemetry_sink import LARGEST_ENVELOPE_BYTES, MOST_ERRORS, TelemetrySink

KINDS = [
    "metrics", "requests", "dependencies", "exceptions", "traces", "events", "pageViews", "availabilityResults",
    "others",
]  # fmt: skip

OPERATION = "0af7651916cd43dd8448eb211c80319c"


def envelope(base_type: str, **base_data: Any) -> dict[str, Any]:
    tags = {"ai.operation.id": "0af7651916cd43dd8448eb211c80319c"}
    return {
        "time": "2026-11-26T00:44:01.04Z",
        "tags": tags,
        "data": {"baseType": base_type, "baseData": base_data},
    }


def metric(name: str, value: float) -> dict[str, Any]:
    return envelope("MetricData", metrics=[{"name": name, "value": value}])


REQUEST = envelope(
    "RequestData",
    id="956e9dd6209d20d1",
    name="activity:extract_document_text",
    duration="00:00:00.0730000",
    success=False,
    responseCode="500",
    properties={"durabletask.task.instance_id": "doc-1", "otel.status_description": "it failed"},
)
DEPENDENCY = envelope("RemoteDependencyData", id="ffad92f89302a5ed", name="timer", type="InProc", success=True)


def track(url: str) -> None:
    client = TelemetryClient("a-key", TelemetryChannel(queue=SynchronousQueue(SynchronousSender(url))))
    client.track_metric("ActivityDuration", 12.5, properties={"documentId": "d-1"})
    client.track_metric("ActivityRetries", 1)
    client.track_event("Started", {"documentId": "d-2"})
    client.track_trace("Review requested", severity="WARNING")
    client.track_request("submit_document", "http://127.0.0.1/api/documents", True, response_code="202")
    try:
        raise ValueError("bad")
    except ValueError:
        client.track_exception()
    client.flush()


async def listed(emulators: aiohttp.ClientSession, **query: str) -> dict[str, list[dict[str, Any]]]:
    async with emulators.get("/telemetry", params=query) as answer:
        assert answer.status == 200
        items: dict[str, list[dict[str, Any]]] = await answer.json()
        return items


async def posted(emulators: aiohttp.ClientSession, body: object, path: str = "/v2/track", **headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with emulators.post(path, data=data, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_real_client_delivers_every_kind_with_its_properties(emulators: aiohttp.ClientSession) -> None:
    await asyncio.to_thread(track, str(emulators._build_url("/v2/track")))

    everything = await listed(emulators)
    assert list(everything) == KINDS
    assert [item["name"] for item in everything["metrics"]] == ["ActivityDuration", "ActivityRetries"]
    assert [(item["name"], item["properties"]["documentId"]) for item in everything["events"]] == [
        ("Started", "d-2")
    ]
    assert [item["message"] for item in everything["traces"]] == ["Review requested"]
    assert [item["responseCode"] for item in everything["requests"]] == ["202"]
    assert everything["exceptions"][0]["exceptions"][0]["message"] == "bad"
    [item] = (await listed(emulators, name="ActivityDuration"))["metrics"]
    assert (item["value"], item["properties"]["documentId"]) == (12.5, "d-1")

    async with emulators.delete("/telemetry"):
        assert not any((await listed(emulators)).values())


async def test_what_the_extension_sends_is_kept_as_it_came(emulators: aiohttp.ClientSession) -> None:
    """It compresses its bodies, and writes one object a line."""
    body = gzip.compress(b"\n".join(json.dumps(one).encode() for one in (REQUEST, DEPENDENCY)) + b"\n")
    assert (await posted(emulators, body, **{"Content-Encoding": "gzip"}))[0] == 200
    assert (await posted(emulators, [REQUEST], "/v2.1/track"))[0] == 200

    received = await listed(emulators)
    assert len(received["requests"]) == 2
    base_data = REQUEST["data"]["baseData"]
    assert base_data.items() <= received["requests"][0].items()
    assert received["requests"][0]["time"] == REQUEST["time"]
    assert received["requests"][0]["tags"] == REQUEST["tags"]
    assert received["dependencies"][0]["type"] == "InProc"


async def test_items_are_picked_by_kind_name_operation_and_property(emulators: aiohttp.ClientSession) -> None:
    await posted(emulators, [REQUEST, DEPENDENCY, metric("a", 1), {**metric("b", 2), "tags": {}}])

    assert list(await listed(emulators, kind="dependencies")) == ["dependencies"]
    by_instance = await listed(emulators, **{"durabletask.task.instance_id": "doc-1"})
    assert [len(by_instance[kind]) for kind in KINDS] == [0, 1, 0, 0, 0, 0, 0, 0, 0]
    by_operation = await listed(emulators, operationId=OPERATION, kind="metrics")
    assert [item["name"] for item in by_operation["metrics"]] == ["a"]
    assert (await listed(emulators, name="timer", kind="dependencies"))["dependencies"][0]["success"] is True
    async with emulators.get("/telemetry?kind=logs") as answer:
        assert answer.status == 400
        assert "no kind 'logs'. Give some of: metrics, requests" in (await answer.json())["error"]


async def test_an_item_of_an_unknown_kind_is_kept_with_its_type(emulators: aiohttp.ClientSession) -> None:
    await posted(emulators, envelope("ProfileData", what="ever"))
    [item] = (await listed(emulators))["others"]
    assert (item["baseType"], item["what"]) == ("ProfileData", "ever")


async def test_envelope_of_a_wrong_form_is_named_and_the_others_are_kept(emulators: aiohttp.ClientSession) -> None:
    status, report = await posted(emulators, [metric("a", 1), {"data": None}, metric("b", 2)])
    assert (status, report["itemsReceived"], report["itemsAccepted"]) == (206, 3, 2)
    assert report["errors"][0]["index"] == 1

    lines = b'{"data": 1\n' + json.dumps(metric("c", 3)).encode()
    status, report = await posted(emulators, lines)
    assert (status, report["itemsAccepted"], report["errors"][0]["index"]) == (206, 1, 0)
    assert [item["name"] for item in (await listed(emulators))["metrics"]] == ["a", "b", "c"]


FAULTY = [
    b"",
    b" \n",
    b"{",
    b"[1, 2",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    json.dumps([metric("a", 1)])[:-1].encode() + b",NaN]",
    json.dumps({"data": {"baseType": ["list"], "baseData": {}}}).encode(),
    json.dumps(envelope("EventData", properties="text")).encode(),
    json.dumps(envelope("MetricData", metrics=[{"name": "no value"}])).encode(),
    json.dumps(envelope("EventData", name="x" * LARGEST_ENVELOPE_BYTES)).encode(),
]


@pytest.mark.parametrize("body", FAULTY, ids=lambda body: repr(body[:20]))
async def test_a_body_with_nothing_of_use_is_refused_and_leaves_nothing(
    emulators: aiohttp.ClientSession, body: bytes
) -> None:
    status, report = await posted(emulators, body)
    assert (status, report["itemsAccepted"]) == (400, 0)
    assert report["errors"]
    assert not any((await listed(emulators)).values())


async def test_a_body_that_is_not_the_gzip_it_claims_to_be_is_refused(emulators: aiohttp.ClientSession) -> None:
    async with emulators.post("/v2/track", data=b"[]", headers={"Content-Encoding": "gzip"}) as answer:
        assert answer.status == 400


async def test_texts_that_are_no_unicode_come_back_as_they_were(emulators: aiohttp.ClientSession) -> None:
    await posted(emulators, [envelope("MessageData", message="\ud800 \x00")])
    assert (await listed(emulators))["traces"][0]["message"] == "\ud800 \x00"


def names(sink: TelemetrySink, kind: str = "metrics") -> list[str]:
    return [json.loads(text)["name"] for text in sink.texts(kind)]


def test_only_the_newest_of_each_kind_are_kept() -> None:
    sink = TelemetrySink(most_items=3)

    sink.receive([DEPENDENCY, *(metric(str(number), number) for number in range(5))])

    assert names(sink) == ["2", "3", "4"]
    assert names(sink, "dependencies") == ["timer"]


def test_however_large_items_are_they_take_no_more_than_their_share_of_the_memory() -> None:
    sink = TelemetrySink(most_bytes=300_000)

    sink.receive(envelope("EventData", name=str(number) * 100_000) for number in range(5))

    assert [name[0] for name in names(sink, "events")] == ["3", "4"]
    assert sum(map(len, sink.texts("events"))) < 300_000


def test_of_many_errors_only_the_first_are_listed() -> None:
    report = TelemetrySink().receive([None] * 1000)
    assert (report["itemsReceived"], len(report["errors"])) == (1000, MOST_ERRORS)
