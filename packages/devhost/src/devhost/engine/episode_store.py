"""Loading an instance for an episode, and writing the episode: history, messages and work in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from sqlite3 import Connection, Row

from devhost.engine import entity_store, events, instance_store, work_store
from devhost.engine.entity_store import OperationRequest
from devhost.engine.errors import InstanceExists
from devhost.engine.events import FINISHED, Event, EventType, event
from devhost.engine.instance_store import NewInstance, Parent
from devhost.engine.transactions import Transaction
from devhost.engine.wakeups import Wakeups
from devhost.engine.work_store import NewTimer

_EVENTS_PER_STATEMENT = 50


class EpisodeOutdated(Exception):
    """The instance was purged, replaced or rewound while the episode ran; the episode counts for nothing."""


@dataclass(slots=True)
class Message:
    """A row of the inbox."""

    sequence: int
    event: Event


@dataclass(slots=True)
class Instance:
    """An instance as an episode finds it."""

    instance_id: str
    execution_id: str
    name: str
    version: str | None
    status: str
    input: str | None
    output: str | None
    custom_status: str | None
    created_at: str
    parent: Parent | None
    row_version: int
    history: list[Event]
    messages: list[Message]
    stale: list[int]


@dataclass(frozen=True)
class NewGeneration:
    """How an execution goes on after continue-as-new."""

    execution_id: str
    raw_input: str | None
    messages: list[Event]


@dataclass(slots=True)
class EpisodeOutcome:
    """All that one episode writes.

    Attributes:
        instance: as it was loaded.
        now: the episode's time.
        consumed: sequences of inbox rows that are in history now, or were discarded.
        new_events: to be appended to history.
        status, output, custom_status: the instance's row from now on; texts are JSON or plain.
        activities: (task id, name, input) of activities to run.
        timers: timers to set.
        children: (task id, instance) of sub-orchestrations to start.
        operations: (entity id, request) to queue.
        own_messages: completions that are known at once.
        parent_message: the message to the parent when this instance ends.
        next_generation: set by continue-as-new.
        sending_times: when the last message went to each entity, once that has been asked for.
    """

    instance: Instance
    now: str
    consumed: list[int]
    new_events: list[Event]
    status: str
    output: str | None = None
    custom_status: str | None = None
    activities: list[tuple[int, str, str | None]] = field(default_factory=list)
    timers: list[NewTimer] = field(default_factory=list)
    children: list[tuple[int, NewInstance]] = field(default_factory=list)
    operations: list[tuple[str, OperationRequest]] = field(default_factory=list)
    own_messages: list[Event] = field(default_factory=list)
    parent_message: Event | None = None
    next_generation: NewGeneration | None = None
    sending_times: dict[str, str] | None = None


def load(tx: Connection, instance_id: str) -> Instance | None:
    """Return a live instance with its history and inbox; None if it is gone or has ended."""
    row = instance_store.find(tx, instance_id)
    if row is None or row["status"] in FINISHED:
        return None
    inbox = tx.execute(
        "SELECT * FROM inbox WHERE instance_id = ? ORDER BY lane, sequence", (instance_id,)
    ).fetchall()
    parent_id = row["parent_instance_id"]
    messages, stale = _sorted_out(inbox, row["execution_id"])
    return Instance(
        **{name: row[name] for name in ("instance_id", "execution_id", "name", "version", "status", "input")},
        **{name: row[name] for name in ("output", "custom_status", "created_at", "row_version")},
        parent=Parent(parent_id, row["parent_execution_id"], row["parent_task_id"]) if parent_id else None,
        # Before the first commit of an episode there is none to read.
        history=history(tx, instance_id) if row["row_version"] else [],
        messages=messages,
        stale=stale,
    )


def last_sequence(tx: Connection) -> int:
    """Return the number of the newest message that any inbox ever held."""
    row = tx.execute("SELECT seq FROM sqlite_sequence WHERE name = 'inbox'").fetchone()
    return int(row["seq"]) if row else 0


def _sorted_out(inbox: Iterable[Row], execution_id: str) -> tuple[list[Message], list[int]]:
    """Tell the messages for the current execution from the numbers of those for earlier ones.

    A message for an earlier execution must never touch this one: task numbers begin at 0 in each.
    """
    messages, stale = [], []
    for row in inbox:
        if row["execution_id"] in (None, execution_id):
            messages.append(Message(row["sequence"], events.from_text(row["event"])))
        else:
            stale.append(row["sequence"])
    return messages, stale


def history(tx: Connection, instance_id: str) -> list[Event]:
    """Return the stored events of the instance's current execution."""
    rows = tx.execute("SELECT event FROM history WHERE instance_id = ? ORDER BY position", (instance_id,))
    return [events.from_text(row["event"]) for row in rows]


def commit(tx: Transaction, outcome: EpisodeOutcome, may_replace_live: bool) -> Wakeups:
    """Write an episode. Raises EpisodeOutdated, writing nothing."""
    woken = Wakeups()
    _update_instance(tx, outcome)
    tx.executemany("DELETE FROM inbox WHERE sequence = ?", [(number,) for number in outcome.consumed])
    if outcome.next_generation is None:
        _append_history(tx, outcome)
    else:
        _begin_generation(tx, outcome, outcome.next_generation)
        woken.instances.add(outcome.instance.instance_id)
    _add_work(tx, outcome, woken)
    refused = _start_children(tx, outcome, woken, may_replace_live)
    _send_messages(tx, outcome, [*outcome.own_messages, *refused], woken)
    if outcome.status in FINISHED:
        _clear(tx, outcome.instance.instance_id)
    return woken


def discard(tx: Connection, sequences: Sequence[int]) -> None:
    """Delete messages that no execution wants any more."""
    tx.executemany("DELETE FROM inbox WHERE sequence = ?", [(number,) for number in sequences])


def _update_instance(tx: Transaction, outcome: EpisodeOutcome) -> None:
    instance, fresh = outcome.instance, outcome.next_generation
    cursor = tx.execute(
        "UPDATE instances SET status = ?, output = ?, custom_status = ?, updated_at = ?, execution_id = ?,"
        " input = ?, created_at = ?, row_version = row_version + 1"
        " WHERE instance_id = ? AND execution_id = ? AND row_version = ?",
        (
            outcome.status,
            None if outcome.output is None else events.storable(outcome.output),
            outcome.custom_status,
            outcome.now,
            fresh.execution_id if fresh else instance.execution_id,
            fresh.raw_input if fresh else instance.input,
            outcome.now if fresh else instance.created_at,
            instance.instance_id,
            instance.execution_id,
            instance.row_version,
        ),
    )
    if cursor.rowcount == 0:
        raise EpisodeOutdated(instance.instance_id)


def _append_history(tx: Transaction, outcome: EpisodeOutcome) -> None:
    """Write the new events, many with each statement: every statement lets other threads in."""
    first, new_events = len(outcome.instance.history), outcome.new_events
    for begin in range(0, len(new_events), _EVENTS_PER_STATEMENT):
        values: list[str | int] = []
        for offset, new in enumerate(new_events[begin : begin + _EVENTS_PER_STATEMENT], start=first + begin):
            values += (outcome.instance.instance_id, offset, events.to_text(new))
        rows = ", ".join(["(?, ?, ?)"] * (len(values) // 3))
        tx.execute(f"INSERT INTO history VALUES {rows}", values)


def _begin_generation(tx: Transaction, outcome: EpisodeOutcome, fresh: NewGeneration) -> None:
    instance_id, old = outcome.instance.instance_id, outcome.instance.execution_id
    tx.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
    tx.execute("DELETE FROM inbox WHERE instance_id = ? AND execution_id = ?", (instance_id, old))
    tx.execute("DELETE FROM timers WHERE instance_id = ?", (instance_id,))
    for message in fresh.messages:
        # Lane 0: what arrived during the episode comes after the start and the events carried over.
        instance_store.deliver(tx, instance_id, fresh.execution_id, message, lane=0)


def _add_work(tx: Transaction, outcome: EpisodeOutcome, woken: Wakeups) -> None:
    ids = outcome.instance.instance_id, outcome.instance.execution_id
    for task_id, name, input_json in outcome.activities:
        woken.add_activity(work_store.add_activity(tx, *ids, task_id, name, input_json))
    # A cancelled timer of an execution that has just made room for another has nobody to fire at.
    for timer in outcome.timers if outcome.next_generation is None else ():
        work_store.add_timer(tx, *ids, timer)
        woken.has_new_timers = True
    for entity_id, request in outcome.operations:
        entity_store.add_request(tx, entity_id, request)
        woken.entities.add(entity_id)


def _start_children(
    tx: Transaction, outcome: EpisodeOutcome, woken: Wakeups, may_replace_live: bool
) -> list[Event]:
    """Start the sub-orchestrations; returns the completions of those that cannot be started."""
    refused = []
    for task_id, child in outcome.children:
        try:
            instance_store.create(tx, child, outcome.now, may_replace_live)
            woken.instances.add(child.instance_id)
        except InstanceExists as refusal:
            refused.append(child_failed(outcome.now, task_id, refusal.message, None))
    return refused


def _send_messages(
    tx: Transaction, outcome: EpisodeOutcome, own_messages: Sequence[Event], woken: Wakeups
) -> None:
    instance, parent = outcome.instance, outcome.instance.parent
    for message in own_messages:
        if instance_store.deliver(tx, instance.instance_id, instance.execution_id, message):
            woken.instances.add(instance.instance_id)
    result = outcome.parent_message
    if (
        result is not None
        and parent
        and instance_store.deliver(tx, parent.instance_id, parent.execution_id, result)
    ):
        woken.instances.add(parent.instance_id)


def _clear(tx: Connection, instance_id: str) -> None:
    """Remove what a finished instance has no use for. Activities stay: they run to their end, as on Azure."""
    tx.execute("DELETE FROM inbox WHERE instance_id = ?", (instance_id,))
    tx.execute("DELETE FROM timers WHERE instance_id = ?", (instance_id,))


def child_failed(now: str, task_id: int, reason: str | None, details: str | None) -> Event:
    """Build the message to a parent whose sub-orchestration failed."""
    return event(EventType.SUB_ORCHESTRATION_FAILED, now, TaskScheduledId=task_id, Reason=reason, Details=details)
