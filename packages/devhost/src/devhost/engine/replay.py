"""From history and the SDK's list of actions to what happens next: a pure function.

The actions are carried out strictly in order, each waiting until the one before has settled, while the history is
read from its beginning; what then is scheduled but not recorded is new. Doing it this way, and only this way,
numbers the tasks as the SDK does. An execution ends only when none of its activities, children and uncancelled
timers is open. What comes to a suspended one settles its tasks when it is resumed; the code sees it at once, so an
execution whose code then needs nothing more ends while it is suspended, as on Azure.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from devhost.engine import timestamps
from devhost.engine.action_tasks import ActionRefused, Execution, PendingTask
from devhost.engine.commands import (
    Command,
    Completed,
    ContinuedAsNew,
    Decision,
    Ending,
    Failed,
)
from devhost.engine.events import SCHEDULED, Event, EventType
from devhost.engine.non_determinism import REMEDY, describe
from devhost.engine.state_document import StateDocument

log = logging.getLogger("devhost.durable")

_SUCCESSES = {EventType.TASK_COMPLETED, EventType.SUB_ORCHESTRATION_COMPLETED}
_FAILURES = {EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED}


class NonDeterminism(Exception):
    """The code no longer asks for what the history records it asked for.

    Attributes:
        misfits: what it asks for, and the history does not hold.
    """

    def __init__(self, text: str, misfits: tuple[Command, ...]) -> None:
        super().__init__(text)
        self.misfits = misfits


def replay(name: str, history: Sequence[Event], new_from: int, state: StateDocument) -> Decision:
    """Decide what an episode leads to.

    Args:
        name: the orchestrator's name, for messages.
        history: all events of the execution, those of this episode last.
        new_from: the index in `history` where this episode's events begin.
        state: the SDK's answer to this history.

    Returns:
        New commands, and the ending if it has come.
    """
    if state.refusal:
        return Decision(ending=Failed(failure_reason(name, state.refusal), state.refusal, state.stack))
    replayed = _Replay(name, state)
    try:
        for index, event in enumerate(history):
            replayed.process(event, is_new=index >= new_from)
    except NonDeterminism as mismatch:
        log.error("Instance of orchestrator '%s' fails: %s %s", name, mismatch, REMEDY)
        return Decision(ending=Failed(str(mismatch), str(mismatch)), misfits=mismatch.misfits)
    except ActionRefused as refusal:
        return Decision(ending=Failed(failure_reason(name, str(refusal)), str(refusal)))
    return replayed.decision()


class _Replay:
    """One pass over a history."""

    def __init__(self, name: str, state: StateDocument) -> None:
        self._name = name
        self._state = state
        self._execution = Execution(datetime.min.replace(tzinfo=UTC))
        self._is_driver_finished = False
        self._entity_calls: dict[str, PendingTask] = {}
        self._carried: list[Event] = []
        self._unexpected: list[str] = []
        # What has come since the instance was suspended; None while it is not.
        self._held: list[tuple[Event, bool]] | None = None

    def process(self, event: Event, is_new: bool) -> None:
        """Take the next event of the history into account. Raises NonDeterminism."""
        kind = event["EventType"]
        if kind == EventType.EXECUTION_RESUMED:
            held, self._held = self._held or [], None
            for one, was_new in held:
                self._apply(one, was_new)
        elif self._held is not None:
            self._held.append((event, is_new))
        elif kind == EventType.EXECUTION_SUSPENDED:
            self._held = []
        else:
            self._apply(event, is_new)

    def _apply(self, event: Event, is_new: bool) -> None:
        kind = event["EventType"]
        if kind == EventType.ORCHESTRATOR_STARTED:
            self._execution.now = timestamps.from_text(event["Timestamp"])
        elif kind == EventType.EXECUTION_STARTED:
            self._proceed(iter(self._state.actions))
        elif kind in SCHEDULED:
            self._record(EventType(kind), event)
        elif kind in _SUCCESSES or kind in _FAILURES:
            self._settle(event["TaskScheduledId"], is_error=kind in _FAILURES)
        elif kind == EventType.TIMER_FIRED:
            self._settle(event["TimerId"], is_error=False)
        elif kind == EventType.EVENT_RAISED:
            self._deliver(event, is_new)

    def decision(self) -> Decision:
        """Return what the whole history leads to."""
        execution = self._execution
        # Nothing new is begun before the instance is resumed.
        to_schedule = execution.to_schedule if self._held is None else {}
        return Decision(
            commands=tuple(to_schedule[task_id] for task_id in sorted(to_schedule)),
            ending=self._ending(),
            unexpected_events=tuple(self._unexpected),
            action_count=execution.action_count,
        )

    def _proceed(self, actions: Iterator[dict[str, object]]) -> None:
        for action in actions:
            task = self._execution.invoke(action)
            if not task.is_settled:
                task.when_settled(lambda: self._proceed(actions))
                return
        self._is_driver_finished = True

    def _record(self, kind: EventType, event: Event) -> None:
        task_id = event["EventId"]
        command = self._execution.to_schedule.get(task_id)
        if command is None or command.event_type != kind or not command.matches(event):
            misfits = tuple(self._execution.to_schedule.values())
            raise NonDeterminism(describe(kind, event, command), misfits)
        del self._execution.to_schedule[task_id]
        if kind == EventType.EVENT_SENT and task_id in self._execution.entity_calls:
            request_id = json.loads(event["Input"])["id"]
            self._entity_calls[request_id] = self._execution.entity_calls.pop(task_id)

    def _settle(self, task_id: int, is_error: bool) -> None:
        # Missing: a second completion of the same task, or the firing of a cancelled timer.
        task = self._execution.open_tasks.pop(task_id, None)
        if task is not None:
            task.settle(is_error)

    def _deliver(self, event: Event, is_new: bool) -> None:
        name = event["Name"].lower()
        answered = self._entity_calls.pop(name, None)
        if answered is not None:
            answered.settle()
        elif self._execution.continue_as_new is not None:
            self._carried.append(event)
        elif self._execution.waiters[name]:
            self._execution.waiters[name].pop().settle()
        else:
            self._execution.early_events[name].append(event)
            if is_new:
                self._unexpected.append(event["Name"])

    def _ending(self) -> Ending | None:
        state, execution = self._state, self._execution
        if not self._is_driver_finished or execution.open_tasks:
            return None
        if state.error:
            return Failed(failure_reason(self._name, state.error), state.error, state.stack)
        if not state.is_done:
            return None
        if execution.continue_as_new is not None:
            return ContinuedAsNew(execution.continue_as_new.get("input"), tuple(self._carried))
        return Completed(state.output)


def failure_reason(name: str, error: str) -> str:
    """Return the output of an instance whose orchestrator raised."""
    return f"Orchestrator function '{name}' failed: {error}"
