"""The durable runtime in memory, as the SDK's client sees it over its local RPC."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import aiohttp
import azure.durable_functions as df

from docpipeline.models.counters import CounterFinish, CounterStart, DocumentCounts

RPC = "http://127.0.0.1:17071/durabletask/"
SYSTEM_KEY = "the-system-key"
_QUERY = f"taskHub=Hub&connection=Storage&code={SYSTEM_KEY}"
_BASE = "http://localhost:7071/runtime/webhooks/durabletask/instances/INSTANCEID"
BINDING = json.dumps(
    {
        "taskHubName": "Hub",
        "creationUrls": {},
        "managementUrls": {
            "id": "INSTANCEID",
            "statusQueryGetUri": f"{_BASE}?{_QUERY}",
            "sendEventPostUri": f"{_BASE}/raiseEvent/{{eventName}}?{_QUERY}",
            "terminatePostUri": f"{_BASE}/terminate?reason={{text}}&{_QUERY}",
        },
        "rpcBaseUrl": RPC,
    }
)


@dataclass
class FakeInstance:
    """An orchestration instance as the status API shows it."""

    instance_id: str
    status: str = "Running"
    input: str = "null"
    """JSON, as the status API shows it."""
    output: object = None
    custom_status: object = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def ended(self) -> bool:
        return self.status in {"Completed", "Failed", "Terminated", "Canceled"}

    def shown(self) -> dict[str, Any]:
        return {
            "name": "document_processing_orchestrator",
            "instanceId": self.instance_id,
            "runtimeStatus": self.status,
            "input": self.input,
            "output": self.output,
            "customStatus": self.custom_status,
            "createdTime": self.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lastUpdatedTime": self.updated.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class FakeRuntime:
    """Answers the SDK's own requests, so that every test includes its behaviour."""

    def __init__(self) -> None:
        self.instances: dict[str, FakeInstance] = {}
        self.counters: dict[str, DocumentCounts] = {}
        self.started: list[str] = []
        self.traces: list[str | None] = []
        """The trace parent that each start was sent with."""
        self.raised: list[tuple[str, str, Any]] = []
        self.purged: list[str] = []
        self.signals: list[tuple[str, str, Any]] = []
        self.requests: list[str] = []
        self.is_down = False
        self.refuses_starts = False
        self.refuses_signals = False
        self.events_to_drop = 0
        """How many of the next events are answered with 202 and never arrive."""
        self.ignores_statuses = False

    def client(self) -> df.DurableOrchestrationClient:
        client = df.DurableOrchestrationClient(BINDING)
        client._get_async_request = self._get
        client._post_async_request = self._post
        client._delete_async_request = self._delete
        return client

    def add(self, instance_id: str, status: str = "Running", **shown: Any) -> FakeInstance:
        self.instances[instance_id] = FakeInstance(instance_id, status, **shown)
        return self.instances[instance_id]

    async def _get(self, url: str, invocation_id: str | None = None) -> list[Any]:
        kind, names, query = self._opened(url)
        if kind == "entities":
            counts = self.counters.get(names[1])
            return [200, counts.to_payload()] if counts else [404, ""]
        if names == [""]:
            return [200, self._listed(query)]
        instance = self.instances.get(names[0])
        return [200 if instance.ended else 202, instance.shown()] if instance else [404, ""]

    async def _post(
        self, url: str, data: Any = None, trace_parent: str | None = None, *_: Any, **__: Any
    ) -> list[Any]:
        kind, names, query = self._opened(url)
        if kind == "entities":
            return self._signalled(names[1], query["op"][0], data)
        if kind == "orchestrators":
            self.traces.append(trace_parent)
            return self._start(names[1], data)
        instance = self.instances.get(names[0])
        if instance is None or instance.ended:
            return [410 if instance else 404, None]
        if self.events_to_drop:
            self.events_to_drop -= 1
        else:
            self.raised.append((names[0], names[2], data))
        return [202, None]

    async def _delete(self, url: str, invocation_id: str | None = None) -> list[Any]:
        _, names, _ = self._opened(url)
        if names == [""]:
            self.purged += list(self.instances)
            self.instances.clear()
            return [200, {"instancesDeleted": len(self.purged)}]
        if self.instances.pop(names[0], None) is None:
            return [404, None]
        self.purged.append(names[0])
        return [200, {"instancesDeleted": 1}]

    def _opened(self, url: str) -> tuple[str, list[str], dict[str, list[str]]]:
        if self.is_down:
            raise aiohttp.ClientConnectionError("refused by http://127.0.0.1:17071")
        self.requests.append(url)
        parts = urlsplit(url.removeprefix(RPC))
        kind, *names = parts.path.split("/")
        return kind, [unquote(name) for name in names], parse_qs(parts.query)

    def _start(self, instance_id: str, data: Any) -> list[Any]:
        if self.refuses_starts:
            return [500, {"Message": "Something went wrong", "StackTrace": "at Host.cs"}]
        present = self.instances.get(instance_id)
        if present and not present.ended:
            message = f"An Orchestration instance with the status {present.status} already exists."
            return [500, {"Message": "Something went wrong", "ExceptionMessage": message}]
        self.started.append(instance_id)
        self.add(instance_id, input=data)
        return [202, {"id": instance_id}]

    def _signalled(self, key: str, operation: str, data: Any) -> list[Any]:
        if self.refuses_signals:
            return [500, {"Message": "Something went wrong"}]
        argument = json.loads(data) if data else None
        self.signals.append((key, operation, argument))
        counts = self.counters.get(key, DocumentCounts())
        if operation == "start":
            counts = counts.start(CounterStart.from_payload(argument).instance_id)
        if operation == "finish":
            finish = CounterFinish.from_payload(argument)
            counts = counts.finish(finish.instance_id, finish.field, begun=finish.begun)
        self.counters[key] = counts.reset() if operation == "reset" else counts
        return [202, None]

    def _listed(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        after, before = (_moment(query[name][0]) for name in ("createdTimeFrom", "createdTimeTo"))
        statuses = query["runtimeStatus"][0].split(",")
        found = [
            instance.shown()
            for _, instance in sorted(self.instances.items())
            if after <= instance.created <= before and (instance.status in statuses or self.ignores_statuses)
        ]
        return found[:100]


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
