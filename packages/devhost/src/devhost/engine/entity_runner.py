"""Runs entities: one batch at a time for each, its effect and its answers written together."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devhost.engine import entity_messages, entity_store, instance_store, timestamps
from devhost.engine.clock import Clock
from devhost.engine.database import Database
from devhost.engine.entity_store import EntityId, EntityRecord, OperationRequest
from devhost.engine.events import Event, EventType, event
from devhost.engine.functions import (
    DurableFunctions,
    FunctionFailed,
    FunctionResult,
    FunctionTimedOut,
    WorkerProcessDied,
)
from devhost.engine.known_names import unknown_entity
from devhost.engine.lanes import HandOver, failing
from devhost.engine.options import EngineOptions
from devhost.engine.transactions import Transaction
from devhost.engine.wakeups import Wakeups

log = logging.getLogger("devhost.durable")

_ATTEMPTS = 3


@dataclass(frozen=True)
class _Applied:
    """What a batch came to; ``results`` holds one answer per request, ``(JSON text, is an error)``."""

    does_exist: bool
    state: str | None
    results: list[tuple[str, bool]]
    is_kept: bool = True
    """Whether clients see the entity from now on, though it may not exist: every one whose code has answered."""


@dataclass(frozen=True)
class _Batch:
    """Operations to be applied to an entity as it was found."""

    entity_id: EntityId
    found: EntityRecord | None
    requests: Sequence[OperationRequest]


class EntityRunner:
    """Applies operations in order of arrival, one batch of an entity at a time."""

    def __init__(
        self, database: Database, functions: DurableFunctions, options: EngineOptions, clock: Clock
    ) -> None:
        self._database = database
        self._functions = functions
        self._batch_size = options.max_entity_operation_batch_size
        self._clock = clock

    def begin(self, scheduler_id: str, hand_over: HandOver) -> bool:
        """Begin the next batch of an entity's operations. See ``lanes.Runner``."""
        with self._database.reading() as snapshot:
            requests = entity_store.waiting_requests(snapshot, scheduler_id, self._batch_size)
            found = entity_store.find(snapshot, scheduler_id)
        if not requests:
            return False
        batch = _Batch(EntityId.parse(scheduler_id), found, requests)
        problem = unknown_entity(batch.entity_id.name, self._functions)
        if problem is not None:
            hand_over(lambda: _BatchPart(batch, _refused(batch, problem), self._clock))
            return True
        self._attempt(batch, json.dumps(_document(batch)), 1, hand_over)
        return True

    def _attempt(self, batch: _Batch, document: str, attempt: int, hand_over: HandOver) -> None:
        def on_result(result: FunctionResult[str]) -> None:
            try:
                applied = _applied(batch, json.loads(result.unwrap() or ""))
            except (FunctionTimedOut, WorkerProcessDied) as failure:
                applied = _refused(batch, str(failure))
            except (FunctionFailed, KeyError, TypeError, ValueError) as failure:
                scheduler_id = batch.entity_id.scheduler_id
                log.error("Entity '%s' broke off (attempt %s): %s", scheduler_id, attempt, failure)
                if attempt < _ATTEMPTS:
                    return self._try_again(batch, document, attempt + 1, hand_over)
                # Azure would try for ever, and the entity would take no further operation.
                applied = _refused(batch, str(failure))
            except Exception as failure:
                # The host could not run it; the engine's thread will see why.
                return hand_over(failing(failure))
            return hand_over(lambda: _BatchPart(batch, applied, self._clock))

        self._functions.begin_entity(batch.entity_id.name, document, on_result)

    def _try_again(self, batch: _Batch, document: str, attempt: int, hand_over: HandOver) -> None:
        try:
            self._attempt(batch, document, attempt, hand_over)
        except Exception as failure:
            # Nobody but the engine's thread may begin it after a pause.
            hand_over(failing(failure))


@dataclass(frozen=True)
class _BatchPart:
    """Applies a batch: the entity's new state, and the answers of its calls."""

    batch: _Batch
    applied: _Applied
    clock: Clock

    def write(self, tx: Transaction) -> Wakeups:
        """See ``lanes.CommitPart``."""
        batch, applied = self.batch, self.applied
        woken, now = Wakeups(), timestamps.to_text(self.clock.now())
        entity_store.remove_requests(tx, batch.requests)
        if applied.is_kept:
            entity_store.save(tx, batch.entity_id, applied.does_exist, applied.state, now)
        for request, (result, is_error) in zip(batch.requests, applied.results, strict=True):
            parent_id = request.parent_instance_id
            if request.request_id is None or parent_id is None:
                continue
            answer = _answer(now, request.request_id, result, is_error)
            if instance_store.deliver(tx, parent_id, request.parent_execution_id, answer):
                woken.instances.add(parent_id)
        if entity_store.has_requests(tx, batch.entity_id.scheduler_id):
            woken.entities.add(batch.entity_id.scheduler_id)
        return woken

    def written(self, woken: Wakeups) -> Wakeups:
        """See ``lanes.CommitPart``."""
        return woken

    def refused(self, failure: BaseException) -> None:
        """See ``lanes.CommitPart``: the effect is kept, and written once that can be done."""
        return None


def _document(batch: _Batch) -> dict[str, Any]:
    """Build the SDK's input: exactly these four keys, or it refuses."""
    operations = [
        {"name": request.operation, "input": request.input, "isSignal": request.request_id is None}
        for request in batch.requests
    ]
    found = batch.found
    return {
        "self": {"name": batch.entity_id.name.lower(), "key": batch.entity_id.key},
        "exists": found is not None and found.does_exist,
        # As JSON text, also what an entity that has deleted itself has left.
        "state": None if found is None else found.state or "null",
        "batch": operations,
    }


def _applied(batch: _Batch, answer: dict[str, Any]) -> _Applied:
    results = [(result["result"] or "null", bool(result["isError"])) for result in answer["results"]]
    for request, (result, is_error) in zip(batch.requests, results, strict=True):
        if is_error and request.request_id is None:
            scheduler_id = batch.entity_id.scheduler_id
            log.error("Signal '%s' to entity '%s' failed: %s", request.operation, scheduler_id, result)
    return _Applied(bool(answer["entityExists"]), answer.get("entityState"), results)


def _refused(batch: _Batch, problem: str) -> _Applied:
    count, scheduler_id = len(batch.requests), batch.entity_id.scheduler_id
    log.error("%s operations on entity '%s' fail: %s", count, scheduler_id, problem)
    found = batch.found
    does_exist, state = (found.does_exist, found.state) if found else (False, None)
    return _Applied(does_exist, state, [(json.dumps(problem), True)] * count, is_kept=found is not None)


def _answer(now: str, request_id: str, result: str, is_error: bool) -> Event:
    text = entity_messages.response_text(result, is_error)
    return event(EventType.EVENT_RAISED, now, Name=request_id, Input=text)
