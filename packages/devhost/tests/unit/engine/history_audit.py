"""Checks what must hold in an engine's database after every commit, whenever its process ends."""

import json
import shutil
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STARTED, ENDED, EPISODE_BEGINS, EPISODE_ENDS = 0, 1, 12, 13
SENT, RAISED = 14, 15
SCHEDULED = {4: "activity", 7: "child", 10: "timer", SENT: "operation"}
SETTLED = {5: "TaskScheduledId", 6: "TaskScheduledId", 8: "TaskScheduledId", 9: "TaskScheduledId", 11: "TimerId"}
FINISHED = ("Completed", "Failed", "Terminated", "Canceled")
# Rewinding turns events into this type.
GENERIC = 17
QUEUES = ("inbox", "activities", "timers", "entity_inbox")

_MESSAGES = """
SELECT instance_id, inbox.event FROM inbox JOIN instances USING (instance_id)
WHERE coalesce(inbox.execution_id, instances.execution_id) = instances.execution_id
"""
# Rows of open work, each with the instance that waits for it. A task is identified by its number, an operation
# by the name of its answer.
_WORK = f"""
SELECT instance_id, 'activity' AS kind, task_id AS task
FROM activities JOIN instances USING (instance_id, execution_id)
UNION ALL
SELECT instance_id, 'timer', timer_id FROM timers JOIN instances USING (instance_id, execution_id)
UNION ALL
SELECT parent.instance_id, 'child', child.parent_task_id FROM instances child JOIN instances parent
ON (child.parent_instance_id, child.parent_execution_id) = (parent.instance_id, parent.execution_id)
WHERE child.status NOT IN {FINISHED}
UNION ALL
SELECT instance_id, 'operation', request_id FROM entity_inbox operation JOIN instances
ON (operation.parent_instance_id, operation.parent_execution_id) = (instance_id, execution_id)
WHERE request_id IS NOT NULL
"""
Event = dict[str, Any]
Task = tuple[str, int | str]


@dataclass(frozen=True)
class Execution:
    """An instance's current execution, with its unread messages and its open work."""

    status: str
    history: list[Event]
    inbox: list[Event]
    work: Counter[Task]

    @property
    def tasks(self) -> list[Task]:
        """Scheduled events that must complete; a signal does not."""
        scheduled = [
            (SCHEDULED[past["EventType"]], past) for past in self.history if past["EventType"] in SCHEDULED
        ]
        tasks: list[Task] = [(kind, past["EventId"]) for kind, past in scheduled if kind != "operation"]
        requests = [json.loads(past["Input"]) for kind, past in scheduled if kind == "operation"]
        return tasks + [("operation", request["id"]) for request in requests if not request.get("signal")]

    @property
    def settled(self) -> Counter[int | str]:
        """The number of completions of each task number and of each answer's name."""
        known = self.history + self.inbox
        numbers = [past[SETTLED[past["EventType"]]] for past in known if past["EventType"] in SETTLED]
        names = {name for kind, name in self.tasks if kind == "operation"}
        return Counter(numbers) + Counter(
            past["Name"] for past in known if past["EventType"] == RAISED and past["Name"] in names
        )


class DatabaseAudit:
    """Audits a database after each end of its process, and compares it with the audit before.

    Args:
        path: the database; it may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._histories: dict[tuple[str, str], list[Event]] = {}

    def look(self, is_finished: bool = False) -> list[str]:
        """All faults.

        Args:
            is_finished: whether all work has ended, so that nothing may be left in any queue.
        """
        # In a copy: closing the database itself would tidy up what the next host must cope with.
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / self._path.name
            for part in self._path.parent.glob(f"{self._path.name}*"):
                if part.name.removeprefix(self._path.name) in ("", "-wal"):
                    shutil.copy(part, folder)
            with closing(sqlite3.connect(copy)) as database:
                database.row_factory = sqlite3.Row
                return list(self._faults(database, is_finished))

    def _faults(self, database: sqlite3.Connection, is_finished: bool) -> Iterator[str]:
        found = database.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            yield f"the file is damaged: {found}"
        if database.execute("PRAGMA user_version").fetchone()[0] == 0:
            return
        for table in QUEUES if is_finished else ():
            left = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            if left:
                yield f"{left} rows are left in {table}"
        histories = {}
        for key, positions, execution in _executions(database):
            histories[key] = execution.history
            faults = [*_faults_of(execution), *_rewritten(self._histories.get(key, []), execution.history)]
            faults += [] if positions == list(range(len(positions))) else [f"positions are {positions}"]
            yield from (f"{key[0]}: {fault}" for fault in faults)
        self._histories = histories


def _executions(database: sqlite3.Connection) -> Iterator[tuple[tuple[str, str], list[int], Execution]]:
    """Instance and execution id, positions in its history, and the execution, of all instances."""
    past = _by_instance(database.execute("SELECT * FROM history ORDER BY position"))
    messages = _by_instance(database.execute(_MESSAGES))
    work = _by_instance(database.execute(_WORK))
    for row in database.execute("SELECT * FROM instances"):
        instance_id = row["instance_id"]
        execution = Execution(
            row["status"],
            [json.loads(event["event"]) for event in past[instance_id]],
            [json.loads(message["event"]) for message in messages[instance_id]],
            Counter((left["kind"], left["task"]) for left in work[instance_id]),
        )
        yield (instance_id, row["execution_id"]), [event["position"] for event in past[instance_id]], execution


def _by_instance(rows: Iterable[sqlite3.Row]) -> defaultdict[str, list[sqlite3.Row]]:
    grouped = defaultdict(list)
    for row in rows:
        grouped[row["instance_id"]].append(row)
    return grouped


def _faults_of(execution: Execution) -> Iterator[str]:
    if execution.history:
        yield from _order_faults(execution.history)
        yield from _number_faults(execution)
    if execution.status in FINISHED:
        yield from _faults_of_finished(execution)
    else:
        yield from _faults_of_live(execution)


def _order_faults(history: list[Event]) -> Iterator[str]:
    """Whole episodes, one start, and time that goes forward."""
    kinds = [past["EventType"] for past in history]
    if kinds[:2] != [EPISODE_BEGINS, STARTED] or kinds.count(STARTED) != 1:
        yield f"does not begin with its one start: {kinds}"
    edges = [kind for kind in kinds if kind in (EPISODE_BEGINS, EPISODE_ENDS)]
    if kinds[-1] != EPISODE_ENDS or edges != [EPISODE_BEGINS, EPISODE_ENDS] * (len(edges) // 2):
        yield f"has half an episode: {kinds}"
    times = [past["Timestamp"] for past in history if past["EventType"] == EPISODE_BEGINS]
    if times != sorted(times):
        yield "time runs backward"


def _number_faults(execution: Execution) -> Iterator[str]:
    """Numbers from 0 without a gap, apart from those that a rewind has freed; each settled once at most."""
    numbers = sorted(past["EventId"] for past in execution.history if past["EventType"] in SCHEDULED)
    # What a rewind has undone; which of them had scheduled a task is no longer said.
    freed = sum(_is_undone(past) for past in execution.history)
    gaps = set(range(numbers[-1] if numbers else 0)) - set(numbers)
    if len(set(numbers)) < len(numbers) or len(gaps) > freed:
        yield f"task numbers are {numbers}"
    settled = execution.settled
    twice = [task for task, times in settled.items() if times > 1]
    if twice:
        yield f"tasks {twice} have ended twice"
    unknown = set(settled) - {task for _, task in execution.tasks}
    if unknown:
        yield f"tasks {unknown} have ended, but were never scheduled"


def _faults_of_finished(execution: Execution) -> Iterator[str]:
    if [past["EventType"] for past in execution.history[-2:]] != [ENDED, EPISODE_ENDS]:
        yield f"is {execution.status} but its history does not end"
    if execution.inbox:
        yield f"is {execution.status} and has messages"
    if any(kind == "timer" for kind, _ in execution.work):
        yield f"is {execution.status} and has timers"


def _faults_of_live(execution: Execution) -> Iterator[str]:
    """Every scheduled task has either completed or has open work, never neither or both."""
    if any(past["EventType"] == ENDED for past in execution.history):
        yield f"is {execution.status} but its history has ended"
    if not execution.history and not execution.inbox:
        yield "will never begin"
    settled, tasks = execution.settled, execution.tasks
    for kind, task in tasks:
        exists = execution.work[kind, task]
        if exists > 1 or (exists and settled[task]):
            yield f"{kind} {task} has ended {settled[task]} times and is to be done {exists} times"
        if not exists and not settled[task] and kind != "timer":
            yield f"{kind} {task} is lost"
    yield from (f"{kind} {task} was never scheduled" for kind, task in set(execution.work) - set(tasks))


def _is_undone(event: Event) -> bool:
    """Whether a rewind has taken the event back: it became a generic one without data."""
    return event["EventType"] == GENERIC and event.get("Data") is None


def _rewritten(before: list[Event], after: list[Event]) -> Iterator[str]:
    """An execution's history only grows, unless it is rewound."""
    pairs = [(was, now) for was, now in zip(before, after, strict=False) if was != now and not _is_undone(now)]
    if len(after) < len(before) or pairs:
        yield "its history is another one than before"
