"""The actions of an orchestrator as tasks: each action takes its numbers, becomes commands, and settles in time.

The numbers must come out exactly as the SDK counts them, so every action takes its numbers when it is invoked,
children before what follows them, and a retry takes two more per failed attempt: its timer and its next attempt.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from devhost.engine import timestamps
from devhost.engine.commands import (
    HTTP_ACTIVITY,
    Command,
    CreateTimer,
    ScheduleActivity,
    SendOperation,
    StartSubOrchestration,
)
from devhost.engine.events import Event
from devhost.engine.state_document import ActionType

Action = dict[str, Any]
_LONGEST_RETRY_INTERVAL = timedelta(days=6)


class ActionRefused(Exception):
    """The Durable extension would not carry the action out; the text says why, and fails the instance."""


class PendingTask:
    """Something an orchestrator waits for."""

    def __init__(self) -> None:
        self.is_settled = False
        self.is_error = False
        self._then: list[Callable[[], None]] = []

    def settle(self, is_error: bool = False) -> None:
        """Mark the task as ended and go on with what waited for it; a second time does nothing."""
        if self.is_settled:
            return
        self.is_settled, self.is_error = True, is_error
        for proceed in self._then:
            proceed()

    def when_settled(self, proceed: Callable[[], None]) -> None:
        """Call `proceed` once the task has ended, at once if it has."""
        if self.is_settled:
            proceed()
        else:
            self._then.append(proceed)


class Execution:
    """The tasks of one execution as far as its history goes.

    Attributes:
        now: the orchestrator's time, from the last OrchestratorStarted event.
        to_schedule: commands that no event in history records yet, by number.
        open_tasks: what keeps the instance from ending: activities, children and timers not settled, by number.
        continue_as_new: the last continue-as-new action, if any.
        action_count: how many actions there were; a retried one counts once.
        waiters: who waits for an external event, by lower-case name; the newest last.
        early_events: external events nobody waited for, by lower-case name; the oldest first.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.to_schedule: dict[int, Command] = {}
        self.open_tasks: dict[int, PendingTask] = {}
        self.entity_calls: dict[int, PendingTask] = {}
        self.continue_as_new: Action | None = None
        self.action_count = 0
        self.waiters: defaultdict[str, list[PendingTask]] = defaultdict(list)
        self.early_events: defaultdict[str, list[Event]] = defaultdict(list)
        self._next_id = 0

    def invoke(self, action: Action) -> PendingTask:
        """Take the action's numbers, note its commands, and return the task that settles when the action ends.

        Raises:
            ValueError: the action's type is unknown.
            ActionRefused: the action itself is wrong.
        """
        kind = int(action["actionType"])
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise ValueError(f"The orchestrator asks for an action of the unknown type {action['actionType']}.")
        self.action_count += kind not in _UNCOUNTED
        return handler(self, action)

    def take_id(self) -> int:
        """Return the next number."""
        self._next_id += 1
        return self._next_id - 1

    def open(self, command: Command) -> PendingTask:
        """Note a command whose completion the execution must wait for."""
        task = PendingTask()
        self.to_schedule[command.task_id] = command
        self.open_tasks[command.task_id] = task
        return task

    def timer(self, delay: timedelta) -> PendingTask:
        """Note a timer of the engine's own, as retries need them."""
        return self.open(CreateTimer(self.take_id(), timestamps.to_text(self.now + delay)))


Handler = Callable[[Execution, Action], PendingTask]


def _call_activity(execution: Execution, action: Action) -> PendingTask:
    return execution.open(ScheduleActivity(execution.take_id(), action["functionName"], action.get("input")))


def _call_http(execution: Execution, action: Action) -> PendingTask:
    _check_address(str(action["httpRequest"].get("uri")), execution.action_count - 1)
    request = json.dumps(action["httpRequest"])
    return execution.open(ScheduleActivity(execution.take_id(), HTTP_ACTIVITY, request))


def _check_address(uri: str, index: int) -> None:
    """Refuse what .NET takes for no address; a missing scheme is the request's own failure."""
    try:
        # Reading it takes the address apart.
        _ = urlsplit(uri).port
    except ValueError:
        where = f"Path 'actions[0][{index}].httpRequest.uri'"
        raise ActionRefused(f"Error converting value \"{uri}\" to type 'System.Uri'. {where}.") from None


def _call_sub_orchestrator(execution: Execution, action: Action) -> PendingTask:
    command = StartSubOrchestration(
        execution.take_id(),
        action["functionName"],
        action.get("input"),
        action.get("instanceId") or None,
        action.get("version") or None,
    )
    return execution.open(command)


def _create_timer(execution: Execution, action: Action) -> PendingTask:
    command = CreateTimer(execution.take_id(), action["fireAt"])
    if not action.get("isCanceled"):
        return execution.open(command)
    # It is set and fires all the same, as on Azure, but nobody waits for it.
    execution.to_schedule[command.task_id] = command
    return _settled()


def _wait_for_event(execution: Execution, action: Action) -> PendingTask:
    name = action["externalEventName"].lower()
    if execution.early_events[name]:
        execution.early_events[name].pop(0)
        return _settled()
    task = PendingTask()
    execution.waiters[name].append(task)
    return task


def _call_entity(execution: Execution, action: Action) -> PendingTask:
    command = _operation(execution, action, is_signal=False)
    task = execution.entity_calls[command.task_id] = PendingTask()
    return task


def _signal_entity(execution: Execution, action: Action) -> PendingTask:
    _operation(execution, action, is_signal=True)
    return _settled()


def _operation(execution: Execution, action: Action, is_signal: bool) -> SendOperation:
    entity_id, operation = action["instanceId"], action.get("operation") or ""
    command = SendOperation(execution.take_id(), entity_id, operation, action.get("input"), is_signal)
    execution.to_schedule[command.task_id] = command
    return command


def _continue_as_new(execution: Execution, action: Action) -> PendingTask:
    execution.continue_as_new = action
    return _settled()


def _when_all(execution: Execution, action: Action) -> PendingTask:
    children = _children(execution, action)
    whole, left = PendingTask(), len(children)

    # Counted, not looked through each time: a fan-out may have thousands of children.
    def count_down() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            whole.settle(any(child.is_error for child in children))

    for child in children:
        child.when_settled(count_down)
    return whole if children else _settled()


def _when_any(execution: Execution, action: Action) -> PendingTask:
    whole = PendingTask()
    for child in _children(execution, action):
        child.when_settled(whole.settle)
    return whole


def _children(execution: Execution, action: Action) -> list[PendingTask]:
    # All of them first: none may proceed, and take further numbers, before its siblings have theirs.
    return [execution.invoke(child) for child in action["compoundActions"]]


class _Plain(Protocol):
    def __call__(self, execution: Execution, action: Action) -> PendingTask: ...


def _with_retry(call: _Plain) -> Handler:
    def invoke(execution: Execution, action: Action) -> PendingTask:
        whole, began = PendingTask(), execution.now
        options = action["retryOptions"]
        attempts = int(options["maxNumberOfAttempts"])
        _check_intervals(options)

        def attempt(number: int) -> None:
            task = call(execution, action)
            task.when_settled(lambda: assess(task, number))

        def assess(task: PendingTask, number: int) -> None:
            delay = _retry_delay(options, number, execution.now - began)
            if not task.is_error or delay is None:
                whole.settle(task.is_error)
            elif number >= attempts:
                # The SDK waits for one more timer after the last failure.
                execution.timer(timedelta()).when_settled(lambda: whole.settle(True))
            else:
                execution.timer(delay).when_settled(lambda: attempt(number + 1))

        if attempts > 0:
            attempt(1)
        return whole

    return invoke


def _check_intervals(options: dict[str, Any]) -> None:
    for name in ("firstRetryIntervalInMilliseconds", "maxRetryIntervalInMilliseconds"):
        if float(options.get(name) or 0) > _LONGEST_RETRY_INTERVAL / timedelta(milliseconds=1):
            raise ActionRefused(f"{name} is {options[name]}: a pause between retries can be 6 days at most.")


def _retry_delay(options: dict[str, Any], attempt: int, elapsed: timedelta) -> timedelta | None:
    """Return the pause after the failed `attempt`, counted from 1; None when it was the last one by its time."""
    allowed = options.get("retryTimeoutInMilliseconds")
    if allowed and elapsed >= timedelta(milliseconds=float(allowed)):
        return None
    first = float(options["firstRetryIntervalInMilliseconds"])
    coefficient = float(options.get("backoffCoefficient") or 1)
    longest = options.get("maxRetryIntervalInMilliseconds")
    cap = timedelta(milliseconds=float(longest)) if longest else _LONGEST_RETRY_INTERVAL
    return min(timedelta(milliseconds=first * coefficient ** (attempt - 1)), cap) or None


def _settled() -> PendingTask:
    task = PendingTask()
    task.settle()
    return task


_HANDLERS: dict[int, Handler] = {
    ActionType.CALL_ACTIVITY: _call_activity,
    ActionType.CALL_ACTIVITY_WITH_RETRY: _with_retry(_call_activity),
    ActionType.CALL_SUB_ORCHESTRATOR: _call_sub_orchestrator,
    ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY: _with_retry(_call_sub_orchestrator),
    ActionType.CONTINUE_AS_NEW: _continue_as_new,
    ActionType.CREATE_TIMER: _create_timer,
    ActionType.WAIT_FOR_EXTERNAL_EVENT: _wait_for_event,
    ActionType.CALL_ENTITY: _call_entity,
    ActionType.CALL_HTTP: _call_http,
    ActionType.SIGNAL_ENTITY: _signal_entity,
    ActionType.WHEN_ANY: _when_any,
    ActionType.WHEN_ALL: _when_all,
}
_UNCOUNTED = frozenset(
    {
        ActionType.CONTINUE_AS_NEW,
        ActionType.WAIT_FOR_EXTERNAL_EVENT,
        ActionType.WHEN_ANY,
        ActionType.WHEN_ALL,
    }
)
