"""Rewinding: a failed instance takes back its failures and runs those parts again, with the same numbers."""

from devhost.engine import episode_store, events, instance_store
from devhost.engine.errors import NothingToRewind, NotInRightState
from devhost.engine.events import Event, EventType, event
from devhost.engine.transactions import Transaction
from devhost.engine.wakeups import Wakeups


def rewind(tx: Transaction, instance_id: str, reason: str | None, now: str) -> Wakeups:
    """Rewrite the history of a failed instance, and of its failed children, so that they go on.

    Failed activities and children, and the end itself, become generic events, which the SDK skips. The activities
    are scheduled anew by the next episode, under their old numbers.

    Raises:
        NothingToRewind: there is no such instance.
        NotInRightState: it has not failed.
    """
    row = instance_store.find(tx, instance_id)
    if row is None:
        raise NothingToRewind(instance_id)
    if row["status"] != "Failed":
        raise NotInRightState(
            f"This orchestration has status {row['status']}, "
            'but only orchestrations in the "Failed" state can be rewound.'
        )
    return _rewind_tree(tx, instance_id, reason, now)


def _rewind_tree(tx: Transaction, instance_id: str, reason: str | None, now: str) -> Wakeups:
    history = episode_store.history(tx, instance_id)
    children = _failed_children(history)
    _rewrite(tx, instance_id, history, now)
    woken = Wakeups()
    for child_id in children:
        child = instance_store.find(tx, child_id)
        if child is not None and child["status"] == "Failed":
            woken.instances |= _rewind_tree(tx, child_id, reason, now).instances
    if not children:
        # The deepest failures are poked; their ends wake their parents later. A parent whose children have been
        # rewound before it stays pending, as on Azure: their ends have found it ended.
        instance_store.deliver(tx, instance_id, None, event(EventType.GENERIC, now, Data=reason or ""))
        woken.instances.add(instance_id)
    return woken


def _rewrite(tx: Transaction, instance_id: str, history: list[Event], now: str) -> None:
    failed = {past["TaskScheduledId"] for past in history if past["EventType"] == EventType.TASK_FAILED}
    for position, past in enumerate(history):
        if _is_undone(past, failed):
            undone = event(EventType.GENERIC, past["Timestamp"])
            tx.execute(
                "UPDATE history SET event = ? WHERE instance_id = ? AND position = ?",
                (events.to_text(undone), instance_id, position),
            )
    tx.execute(
        # The old output stays until there is a new one.
        "UPDATE instances SET status = 'Pending', updated_at = ?, row_version = row_version + 1"
        " WHERE instance_id = ?",
        (now, instance_id),
    )


def _is_undone(past: Event, failed_tasks: set[int]) -> bool:
    kind = past["EventType"]
    if kind == EventType.TASK_SCHEDULED:
        return past["EventId"] in failed_tasks
    undone = (EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED, EventType.EXECUTION_COMPLETED)
    return kind in undone


def _failed_children(history: list[Event]) -> list[str]:
    failed = {
        past["TaskScheduledId"] for past in history if past["EventType"] == EventType.SUB_ORCHESTRATION_FAILED
    }
    return [
        past["InstanceId"]
        for past in history
        if past["EventType"] == EventType.SUB_ORCHESTRATION_CREATED and past["EventId"] in failed
    ]
