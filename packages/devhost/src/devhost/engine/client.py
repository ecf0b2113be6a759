"""What a durable client may do: start, watch and steer instances, read and signal entities."""

import json
import re
import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Any

from devhost.engine import (
    entity_store,
    episode_store,
    events,
    instance_queries,
    instance_store,
    rewinding,
    timestamps,
)
from devhost.engine.clock import Clock
from devhost.engine.database import Database
from devhost.engine.entity_store import EntityId, OperationRequest
from devhost.engine.errors import (
    BadEntityKey,
    BadInstanceId,
    InstanceExists,
    InstanceNotFound,
    InvalidRequest,
    NothingToRestart,
    NotInRightState,
    RestartRefused,
    StartRefused,
    WrongState,
)
from devhost.engine.events import FINISHED, EventType, event
from devhost.engine.functions import DurableFunctions
from devhost.engine.instance_store import NewInstance
from devhost.engine.known_names import unknown_entity
from devhost.engine.options import EngineOptions
from devhost.engine.queries import EntityQuery, InstanceQuery
from devhost.engine.status_view import history_events, status_object
from devhost.engine.transactions import Transaction
from devhost.engine.wakeups import Wakeups

# Besides these, the C0 and C1 controls.
_FORBIDDEN = re.compile(r"[/#?\x00-\x1f\x7f-\x9f]")
_LONGEST_SHOWN = 256
_PURGED_PER_COMMIT = 200


class DurableClient:
    """A thread-safe client of one engine. What it accepts is durable, though not yet applied.

    Refusals are ``RequestRefused`` errors, which carry the HTTP status of the durable API.
    """

    def __init__(
        self,
        database: Database,
        functions: DurableFunctions,
        options: EngineOptions,
        clock: Clock,
        wake: Callable[[Wakeups], None],
    ) -> None:
        self._database = database
        self._functions = functions
        self._options = options
        self._clock = clock
        self._wake = wake

    def start(
        self, name: str, instance_id: str | None = None, raw_input: str | None = None, version: str | None = None
    ) -> str:
        """Start an instance and return its id.

        Args:
            name: the orchestrator's name; case does not matter. If the app has none, the instance fails.
            instance_id: the id; default: 32 hexadecimal digits.
            raw_input: JSON text, or None. What the SDK sends is a JSON string that itself holds JSON.
            version: the instance's version, empty for none; default: ``defaultVersion`` of host.json.

        Raises:
            StartRefused: bad id, or input that is not JSON.
            InstanceExists: a live instance has the id.
        """
        chosen = instance_id or uuid.uuid4().hex
        _check_instance_id(chosen)
        if raw_input is not None and not _is_json(raw_input):
            raise StartRefused("Invalid JSON content")
        version = self._options.default_version if version is None else version
        self._create(NewInstance(chosen, name, raw_input, version))
        return chosen

    def status(
        self,
        instance_id: str,
        show_input: bool = True,
        show_history: bool = False,
        show_history_output: bool = False,
    ) -> dict[str, Any] | None:
        """Return an instance's status object, with ``historyEvents`` if asked for; None if it does not exist."""
        with self._database.reading() as snapshot:
            row = instance_store.find_or_entity(snapshot, instance_id)
            if row is None:
                return None
            status = status_object(row, show_input)
            if show_history and status["runtimeStatus"] != "Pending":
                history = episode_store.history(snapshot, instance_id) or [events.entity_started(dict(row))]
                status["historyEvents"] = history_events(history, show_input, show_history_output)
        return status

    def relatives(self, instance_id: str) -> tuple[str | None, Sequence[str]]:
        """Return the id of the instance's parent, if it has one, and those of its current execution's children."""
        with self._database.reading() as snapshot:
            row = instance_store.find(snapshot, instance_id)
            history = episode_store.history(snapshot, instance_id)
        created = EventType.SUB_ORCHESTRATION_CREATED
        children = [past["InstanceId"] for past in history if past["EventType"] == created]
        return (row["parent_instance_id"] if row else None), children

    def list(self, query: InstanceQuery) -> instance_queries.Page:
        """Return a page of status objects and the next page's token, None at the end. Raises InvalidRequest."""
        with self._database.reading() as snapshot:
            return instance_queries.list_instances(snapshot, query)

    def raise_event(self, instance_id: str, name: str, raw_json: str | None) -> None:
        """Raise an external event. Raises InstanceNotFound, InstanceFinished, InvalidRequest."""
        if raw_json is not None and not _is_json(raw_json):
            raise InvalidRequest("Invalid JSON content")
        self._send(instance_id, EventType.EVENT_RAISED, Name=name, Input=raw_json)

    def check_live(self, instance_id: str) -> None:
        """See that an instance takes messages. Raises InstanceNotFound, InstanceFinished."""
        with self._database.reading() as snapshot:
            instance_store.find_live(snapshot, instance_id)

    def terminate(self, instance_id: str, reason: str | None = None) -> None:
        """End an instance, whatever it waits for. Raises InstanceNotFound, InstanceFinished."""
        self._send(instance_id, EventType.EXECUTION_TERMINATED, Input=reason)

    def suspend(self, instance_id: str, reason: str | None = None) -> None:
        """Have an instance rest. Raises InstanceNotFound, InstanceFinished, WrongState."""
        self._send(
            instance_id,
            EventType.EXECUTION_SUSPENDED,
            "suspend",
            lambda status: status != "Suspended",
            Reason=reason,
        )

    def resume(self, instance_id: str, reason: str | None = None) -> None:
        """Have a suspended instance go on. Raises InstanceNotFound, InstanceFinished, WrongState."""
        self._send(
            instance_id, EventType.EXECUTION_RESUMED, "resume", lambda status: status == "Suspended", Reason=reason
        )

    def rewind(self, instance_id: str, reason: str | None = None) -> None:
        """Run a failed instance's failed parts again. Raises NothingToRewind, NotInRightState."""
        now = self._now()
        self._wake(self._database.write(lambda tx: rewinding.rewind(tx, instance_id, reason, now)))

    def restart(self, instance_id: str, new_id: bool = True) -> str:
        """Start an instance with the name and input of another one and return its id.

        Args:
            instance_id: whose name and input to take.
            new_id: whether to give it a new id; otherwise it takes the place of the finished one.

        Raises:
            NothingToRestart: there is no such instance.
            InstanceExists: it is to keep its id, but is not finished.
        """
        with self._database.reading() as snapshot:
            row = instance_store.find(snapshot, instance_id)
        if row is None:
            raise NothingToRestart(instance_id)
        try:
            return self.start(row["name"], None if new_id else instance_id, row["input"] or "null")
        except InstanceExists as refusal:
            raise RestartRefused(str(refusal)) from refusal

    def purge(self, instance_id: str) -> int:
        """Delete an instance that has ended, or an entity; returns 1, or 0 if it does not exist.

        Raises:
            NotInRightState: it has not ended.
        """

        def purge_ended(tx: Connection) -> int:
            row = instance_store.find(tx, instance_id)
            if row is not None and row["status"] not in FINISHED:
                raise NotInRightState(
                    "Only orchestrations in a terminal state can be purged, "
                    f"but the orchestration with instance ID {instance_id} has status {row['status']}"
                )
            return instance_store.delete(tx, instance_id) or instance_store.delete_entity(tx, instance_id)

        return self._database.write(purge_ended)

    def purge_by(
        self, created_from: datetime, created_to: datetime | None = None, statuses: Collection[str] = ()
    ) -> int:
        """Delete instances and entities created in a window of time, and return how many.

        Args:
            created_from: the window's start; aware.
            created_to: its end; None for none.
            statuses: only these. Unknown ones and those of unfinished instances are ignored; when none is left,
                all in the window are deleted, running ones and entities too, as on Azure.
        """
        known = instance_queries.known_statuses(statuses)
        finished = [status for status in known if status in FINISHED]
        start = timestamps.to_text(created_from)
        end = None if created_to is None else timestamps.to_text(created_to)

        def purge_slice(tx: Connection) -> int:
            return instance_store.delete_created(tx, start, end, finished, _PURGED_PER_COMMIT)

        total = 0
        # In slices, so that running instances can write in between.
        while count := self._database.write(purge_slice):
            total += count
        return total

    def entity_state(self, name: str, key: str) -> str | None:
        """Return an entity's state as JSON text, or None if the entity does not exist."""
        with self._database.reading() as snapshot:
            found = entity_store.find(snapshot, EntityId(name, key).scheduler_id)
        return None if found is None else found.state or "null"

    def signal_entity(self, name: str, key: str, operation: str, raw_input: str | None = None) -> None:
        """Queue an operation at an entity. Raises InvalidRequest: unknown name, bad key or input."""
        problem = unknown_entity(name, self._functions)
        if problem is None and ("\\" in key or _has_forbidden_characters(key)):
            raise BadEntityKey
        if problem is None and raw_input is not None and not _is_json(raw_input):
            problem = "Invalid JSON content"
        if problem is not None:
            raise InvalidRequest(problem)
        scheduler_id, request = EntityId(name, key).scheduler_id, OperationRequest(operation, raw_input)
        self._database.write(lambda tx: entity_store.add_request(tx, scheduler_id, request))
        self._wake(Wakeups(entities={scheduler_id}))

    def list_entities(self, query: EntityQuery) -> instance_queries.Page:
        """Return a page of entities and the token of the next page, None after the last. Raises InvalidRequest."""
        with self._database.reading() as snapshot:
            return instance_queries.list_entities(snapshot, query)

    def _create(self, new: NewInstance) -> None:
        now, any_state = self._now(), self._options.overridable_existing_instance_states == "AnyState"
        self._database.write(lambda tx: instance_store.create(tx, new, now, any_state))
        self._wake(Wakeups.of_instances([new.instance_id]))

    def _send(
        self,
        instance_id: str,
        kind: EventType,
        verb: str = "",
        fits: Callable[[str], bool] = lambda _status: True,
        **fields: str | None,
    ) -> None:
        message = event(kind, self._now(), **fields)

        def post(tx: Transaction) -> None:
            status = instance_store.find_live(tx, instance_id)["status"]
            if not fits(status):
                raise WrongState(
                    f"Cannot {verb} the orchestration instance {instance_id} "
                    f"because instance is in the {status} state."
                )
            if not instance_store.deliver(tx, instance_id, None, message):
                raise InstanceNotFound(instance_id)

        self._database.write(post)
        self._wake(Wakeups.of_instances([instance_id]))

    def _now(self) -> str:
        return timestamps.to_text(self._clock.now())


def _check_instance_id(instance_id: str) -> None:
    if _has_forbidden_characters(instance_id):
        raise BadInstanceId(
            f"The instance id '{instance_id[:_LONGEST_SHOWN]}' is not allowed: "
            "it must not hold / # ? or control characters."
        )


def _has_forbidden_characters(text: str) -> bool:
    return _FORBIDDEN.search(text) is not None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
