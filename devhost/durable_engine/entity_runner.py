"""Runs entities: one batch at a time for each, its effect and its answers written together."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from devhost.clock import Clock
from devhost.durable_engine import entity_store, instance_store, timestamps
from devhost.durable_engine.database import Database
from devhost.durable_engine.entity_store import EntityId, EntityRecord, OperationRequest
from devhost.durable_engine.events import Event, EventType, event
from devhost.durable_engine.functions import (
    DurableFunctions,
    FunctionFailed,
    FunctionTimedOut,
    WorkerProcessDied,
)
from devhost.durable_engine.known_names import unknown_entity
from devhost.durable_engine.options import EngineOptions
from devhost.durable_engine.wakeups import Wakeups

log = logging.getLogger("devhost.durable")

_ATTEMPTS = 3


@dataclass(frozen=True)
class _Applied:
    """What a batch came to; ``results`` holds one answer per request, ``(JSON text, is an error)``."""

    does_exist: bool
    state: str | None
    results: list[tuple[str, bool]]


class EntityRunner:
    """Applies operations in order of arrival; different entities may run on different threads."""

    def __init__(
        self, database: Database, functions: DurableFunctions, options: EngineOptions, clock: Clock
    ) -> None:
        self._database = database
        self._functions = functions
        self._batch_size = options.max_entity_operation_batch_size
        self._clock = clock

    def run(self, scheduler_id: str) -> Wakeups:
        """Apply the next batch of an entity's operations.

        Raises:
            Exception: the host could not run it; the operations stay and may be tried again.
        """
        with self._database.reading() as snapshot:
            requests = entity_store.waiting_requests(snapshot, scheduler_id, self._batch_size)
            found = entity_store.find(snapshot, scheduler_id)
        if not requests:
            return Wakeups()
        entity_id = EntityId.parse(scheduler_id)
        applied = self._apply(entity_id, found, requests)
        return self._database.write(lambda tx: self._save(tx, entity_id, requests, applied))

    def _apply(
        self, entity_id: EntityId, found: EntityRecord | None, requests: Sequence[OperationRequest]
    ) -> _Applied:
        problem = unknown_entity(entity_id.name, self._functions)
        if problem is not None:
            return _refused(entity_id, found, requests, problem)
        document = json.dumps(_document(entity_id, found, requests))
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = json.loads(self._functions.run_entity(entity_id.name, document))
                return _applied(entity_id, requests, answer)
            except (FunctionTimedOut, WorkerProcessDied) as failure:
                return _refused(entity_id, found, requests, str(failure))
            except (FunctionFailed, KeyError, TypeError, ValueError) as failure:
                log.error("Entity '%s' broke off (attempt %s): %s", entity_id.scheduler_id, attempt, failure)
                problem = str(failure)
        # Azure would try for ever, and the entity would take no further operation.
        return _refused(entity_id, found, requests, problem or "")

    def _save(
        self, tx: Connection, entity_id: EntityId, requests: Sequence[OperationRequest], applied: _Applied
    ) -> Wakeups:
        woken, now = Wakeups(), timestamps.to_text(self._clock.now())
        entity_store.remove_requests(tx, requests)
        entity_store.save(tx, entity_id, applied.does_exist, applied.state, now)
        for request, (result, is_error) in zip(requests, applied.results, strict=True):
            parent_id = request.parent_instance_id
            if request.request_id is None or parent_id is None:
                continue
            answer = _answer(now, request.request_id, result, is_error)
            if instance_store.deliver(tx, parent_id, request.parent_execution_id, answer):
                woken.instances.add(parent_id)
        if entity_store.has_requests(tx, entity_id.scheduler_id):
            woken.entities.add(entity_id.scheduler_id)
        return woken


def _document(
    entity_id: EntityId, found: EntityRecord | None, requests: Sequence[OperationRequest]
) -> dict[str, Any]:
    """Build the SDK's input: exactly these four keys, or it refuses."""
    batch = [
        {"name": request.operation, "input": request.input, "isSignal": request.request_id is None}
        for request in requests
    ]
    identity = {"name": entity_id.name.lower(), "key": entity_id.key}
    return {
        "self": identity,
        "exists": found is not None,
        "state": found.state if found else None,
        "batch": batch,
    }


def _applied(entity_id: EntityId, requests: Sequence[OperationRequest], answer: dict[str, Any]) -> _Applied:
    results = [(result["result"] or "null", bool(result["isError"])) for result in answer["results"]]
    for request, (result, is_error) in zip(requests, results, strict=True):
        if is_error and request.request_id is None:
            log.error("Signal '%s' to entity '%s' failed: %s", request.operation, entity_id.scheduler_id, result)
    return _Applied(bool(answer["entityExists"]), answer.get("entityState"), results)


def _refused(
    entity_id: EntityId, found: EntityRecord | None, requests: Sequence[OperationRequest], problem: str
) -> _Applied:
    log.error("%s operations on entity '%s' fail: %s", len(requests), entity_id.scheduler_id, problem)
    return _Applied(
        found is not None, found.state if found else None, [(json.dumps(problem), True)] * len(requests)
    )


def _answer(now: str, request_id: str, result: str, is_error: bool) -> Event:
    content = {"result": result, "exceptionType": "Error"} if is_error else {"result": result}
    return event(EventType.EVENT_RAISED, now, Name=request_id, Input=json.dumps(content))
