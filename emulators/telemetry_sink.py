"""The telemetry sink: an Application Insights ingestion endpoint that keeps the newest metrics in memory.

The app reaches it with `APPLICATIONINSIGHTS_CONNECTION_STRING=InstrumentationKey=...;IngestionEndpoint=http://127.0.0.1:7080`.
`GET /telemetry` lists the metrics, newest last (`?name=`: those of one name). `DELETE /telemetry` removes them.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from aiohttp import web

NEWEST_KEPT = 10_000


class TelemetrySink:
    """The newest 10,000 metrics received."""

    def __init__(self, capacity: int = NEWEST_KEPT) -> None:
        """Keep at most `capacity` metrics."""
        self._metrics: deque[dict[str, Any]] = deque(maxlen=capacity)

    def receive(self, items: list[Any]) -> dict[str, Any]:
        """Store envelopes. Returns the service's answer `{itemsReceived, itemsAccepted, errors}`."""
        errors = []
        for index, item in enumerate(items):
            try:
                self._metrics.extend(_metrics_of(item))
            except (KeyError, TypeError, AttributeError):
                message = "Not a telemetry envelope: data.baseType and data.baseData are needed."
                errors.append({"index": index, "statusCode": 400, "message": message})
        return {"itemsReceived": len(items), "itemsAccepted": len(items) - len(errors), "errors": errors}

    def list(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the metrics `[{name, value, kind, count, min, max, time, properties, tags}]`, newest last."""
        return [metric for metric in self._metrics if name is None or metric["name"] == name]

    def clear(self) -> None:
        """Remove all metrics."""
        self._metrics.clear()


def _metrics_of(item: dict[str, Any]) -> list[dict[str, Any]]:
    base_type, base_data = item["data"]["baseType"], item["data"]["baseData"]
    if base_type != "MetricData":
        return []  # Events, traces and others are accepted, as by the service, but not kept.
    shared = {
        "time": item.get("time"),
        "properties": base_data.get("properties") or {},
        "tags": item.get("tags") or {},
    }
    return [
        {"name": point["name"], "value": point["value"], **_statistics(point), **shared}
        for point in base_data["metrics"]
    ]


def _statistics(point: dict[str, Any]) -> dict[str, Any]:
    return {key: point.get(key) for key in ("kind", "count", "min", "max")}


def add_routes(app: web.Application, sink: TelemetrySink) -> None:
    """Serve the ingestion endpoint and the list."""

    async def track(request: web.Request) -> web.Response:
        try:
            items = json.loads(await request.read())
        except ValueError:
            error = {"index": 0, "statusCode": 400, "message": "The body is not JSON."}
            return web.json_response({"itemsReceived": 0, "itemsAccepted": 0, "errors": [error]}, status=400)
        answer = sink.receive(items if isinstance(items, list) else [items])
        return web.json_response(answer, status=206 if answer["errors"] else 200)

    async def list_metrics(request: web.Request) -> web.Response:
        return web.json_response({"metrics": sink.list(request.query.get("name"))})

    async def clear_metrics(_request: web.Request) -> web.Response:
        sink.clear()
        return web.Response(status=204)

    app.router.add_post("/v2/track", track)
    app.router.add_get("/telemetry", list_metrics)
    app.router.add_delete("/telemetry", clear_metrics)
