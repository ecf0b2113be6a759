"""The telemetry sink: an Application Insights ingestion endpoint that keeps the newest items in memory.

The app, the Functions host and the durable extension reach it with
`APPLICATIONINSIGHTS_CONNECTION_STRING=InstrumentationKey=...;IngestionEndpoint=http://127.0.0.1:7080`.
`GET /telemetry` lists what was received by kind, newest last. `DELETE /telemetry` removes it.
"""

from __future__ import annotations

import io
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NoReturn

from aiohttp import web
from multidict import MultiMapping

from emulators.errors import BadRequest

Item = dict[str, Any]
Matches = Callable[[Item], bool]

KINDS = {
    "MetricData": "metrics",
    "RequestData": "requests",
    "RemoteDependencyData": "dependencies",
    "ExceptionData": "exceptions",
    "MessageData": "traces",
    "EventData": "events",
    "PageViewData": "pageViews",
    "AvailabilityData": "availabilityResults",
}
"""What the service calls each `baseType`."""
OTHERS = "others"

# The sink runs for days. With these limits it takes a few dozen megabytes at most, whatever is sent.
MOST_ITEMS = 20_000
MOST_BYTES = 16 * 1024 * 1024
LARGEST_ENVELOPE_BYTES = 256 * 1024
MOST_ERRORS = 100


class TelemetrySink:
    """The newest items of each kind.

    Args:
        most_items: how many of a kind are kept.
        most_bytes: how much they may take as JSON; at least what the largest takes.
    """

    def __init__(self, most_items: int = MOST_ITEMS, most_bytes: int = MOST_BYTES) -> None:
        self._kinds = {kind: _NewestItems(most_items, most_bytes) for kind in (*KINDS.values(), OTHERS)}

    def receive(self, envelopes: Iterable[Any]) -> dict[str, Any]:
        """Store envelopes. Returns the service's answer `{itemsReceived, itemsAccepted, errors}`.

        A faulty one is refused, and the others are stored. The first 100 errors are listed.
        """
        received = accepted = 0
        errors = []
        for index, envelope in enumerate(envelopes):
            received += 1
            try:
                self._store(envelope)
                accepted += 1
            except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
                errors.append({"index": index, "statusCode": 400, "message": _NO_ENVELOPE})
                del errors[MOST_ERRORS:]
        return {"itemsReceived": received, "itemsAccepted": accepted, "errors": errors}

    def texts(self, kind: str) -> Iterator[str]:
        """The items of a kind as JSON, newest last."""
        return iter(self._kinds[kind])

    def clear(self) -> None:
        """Remove all items."""
        for items in self._kinds.values():
            items.clear()

    def _store(self, envelope: Item) -> None:
        kind, items = _items_of(envelope)
        if len(_text(envelope)) > LARGEST_ENVELOPE_BYTES:
            raise ValueError("too large")
        for item in items:
            self._kinds[kind].add(_text(item))


_NO_ENVELOPE = (
    "Not a telemetry envelope: data.baseType and data.baseData are needed, properties and tags are objects, "
    f"and it may take {LARGEST_ENVELOPE_BYTES // 1024} KB."
)


class _NewestItems:
    """The newest items of one kind. They are kept as text, which takes a fifth of the memory."""

    def __init__(self, most_items: int, most_bytes: int) -> None:
        self._most_items, self._most_bytes = most_items, most_bytes
        self._texts: deque[str] = deque()
        self._bytes = 0

    def add(self, text: str) -> None:
        self._texts.append(text)
        self._bytes += len(text)
        while len(self._texts) > self._most_items or self._bytes > self._most_bytes:
            self._bytes -= len(self._texts.popleft())

    def clear(self) -> None:
        self._texts.clear()
        self._bytes = 0

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)


def _items_of(envelope: Item) -> tuple[str, list[Item]]:
    """The envelope's kind, and its items with every field as it was received: of metrics there may be several."""
    base_type, base_data = envelope["data"]["baseType"], envelope["data"]["baseData"]
    kind = KINDS.get(base_type, OTHERS)
    shared = {
        "time": envelope.get("time"),
        "sampleRate": envelope.get("sampleRate"),
        "properties": dict(base_data.get("properties") or {}),
        "tags": dict(envelope.get("tags") or {}),
    }
    if kind == "metrics":
        return kind, [{**_point(point), **shared} for point in base_data["metrics"]]
    return kind, [{**({"baseType": base_type} if kind == OTHERS else {}), **base_data, **shared}]


def _point(point: Item) -> Item:
    optional = {key: point.get(key) for key in ("kind", "count", "min", "max", "stdDev")}
    return {"name": point["name"], "value": point["value"], **optional}


def _text(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def read_envelopes(body: bytes) -> Iterable[Any]:
    """The envelopes of a body: a JSON array, one object, or one object a line. A faulty line gives None.

    Raises:
        ValueError: it is none of these.
    """
    try:
        document = _parse(body)
        return document if isinstance(document, list) else [document]
    except ValueError:
        lines = (_parse_line(line) for line in io.BytesIO(body) if line.strip())
        first = list(islice(lines, 1))
        # An array that is broken anywhere is broken as a whole.
        if not first or body.lstrip().startswith(b"["):
            raise
    return (envelope for part in (first, lines) for envelope in part)


def _parse(text: bytes) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _parse_line(line: bytes) -> Any:
    try:
        return _parse(line)
    except ValueError:
        return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def add_routes(app: web.Application, sink: TelemetrySink) -> None:
    """Serve the ingestion endpoint, at both of its paths, and the list."""

    async def track(request: web.Request) -> web.Response:
        try:
            answer = sink.receive(read_envelopes(await request.read()))
        except (ValueError, web.RequestPayloadError):
            error = {
                "index": 0,
                "statusCode": 400,
                "message": "The body is neither JSON nor one JSON object a line.",
            }
            return web.json_response({"itemsReceived": 0, "itemsAccepted": 0, "errors": [error]}, status=400)
        failed = 206 if answer["itemsAccepted"] else 400
        return web.json_response(answer, status=failed if answer["errors"] else 200)

    async def list_items(request: web.Request) -> web.Response:
        kinds, matches = _read_query(request.query)
        lists = (f'"{kind}":[{",".join(_matching(sink.texts(kind), matches))}]' for kind in kinds)
        return web.Response(text=f"{{{','.join(lists)}}}", content_type="application/json")

    async def clear_items(_request: web.Request) -> web.Response:
        sink.clear()
        return web.Response(status=204)

    app.router.add_post("/v2/track", track)
    app.router.add_post("/v2.1/track", track)
    app.router.add_get("/telemetry", list_items)
    app.router.add_delete("/telemetry", clear_items)


def _read_query(query: MultiMapping[str]) -> tuple[list[str], Matches | None]:
    """The kinds that are asked for, and whether an item is; None for every item. Raises BadRequest."""
    known = [*KINDS.values(), OTHERS]
    kinds = [kind for kind in known if kind in query.getall("kind", known)]
    unknown = set(query.getall("kind", [])) - set(known)
    if unknown:
        raise BadRequest(f"There is no kind {', '.join(sorted(unknown))!r}. Give some of: {', '.join(known)}.")
    wanted = {key: value for key, value in query.items() if key != "kind"}

    def matches(item: Item) -> bool:
        fields = {
            **item["properties"],
            "name": item.get("name"),
            "operationId": item["tags"].get("ai.operation.id"),
        }
        return all(key in fields and str(fields[key]) == value for key, value in wanted.items())

    return kinds, matches if wanted else None


def _matching(texts: Iterable[str], matches: Matches | None) -> Iterable[str]:
    return texts if matches is None else (text for text in texts if matches(json.loads(text)))
