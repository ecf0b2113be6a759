"""The telemetry sink, fed by the real Application Insights client."""

from __future__ import annotations

import asyncio

import aiohttp
from applicationinsights import TelemetryClient
from applicationinsights.channel import SynchronousQueue, SynchronousSender, TelemetryChannel

from emulators.telemetry_sink import TelemetrySink


def metric(name: str, value: float) -> dict[str, object]:
    return {"data": {"baseType": "MetricData", "baseData": {"metrics": [{"name": name, "value": value}]}}}


def track(url: str) -> None:
    client = TelemetryClient("a-key", TelemetryChannel(queue=SynchronousQueue(SynchronousSender(url))))
    client.track_metric("ActivityDuration", 12.5, properties={"documentId": "d-1"})
    client.track_metric("ActivityRetries", 1)
    client.track_event("Ignored")
    client.flush()


async def test_real_client_delivers_metrics_with_their_properties(emulators: aiohttp.ClientSession) -> None:
    await asyncio.to_thread(track, str(emulators._build_url("/v2/track")))

    async with emulators.get("/telemetry") as everything:
        assert [item["name"] for item in (await everything.json())["metrics"]] == [
            "ActivityDuration",
            "ActivityRetries",
        ]
    async with emulators.get("/telemetry", params={"name": "ActivityDuration"}) as one:
        [item] = (await one.json())["metrics"]
    assert (item["value"], item["properties"]["documentId"]) == (12.5, "d-1")
    async with emulators.delete("/telemetry"), emulators.get("/telemetry") as cleared:
        assert (await cleared.json())["metrics"] == []


async def test_envelope_of_a_wrong_form_is_named_and_the_others_are_kept(emulators: aiohttp.ClientSession) -> None:
    async with emulators.post("/v2/track", json=[metric("a", 1), {"data": None}, metric("b", 2)]) as answer:
        report = await answer.json()
        assert (answer.status, report["itemsReceived"], report["itemsAccepted"]) == (206, 3, 2)
        assert report["errors"][0]["index"] == 1
    async with emulators.post("/v2/track", data=b"{") as answer:
        assert answer.status == 400


def test_only_the_newest_metrics_are_kept() -> None:
    sink = TelemetrySink(capacity=3)

    sink.receive([metric(str(number), number) for number in range(5)])

    assert [item["name"] for item in sink.list()] == ["2", "3", "4"]
