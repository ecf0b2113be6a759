"""Activities retried with backoff on durable timers: alone, before a deadline, or side by side.

`RetryOptions` of azure-functions-durable 1.7 has an interval and a count, but no backoff; and when a retried child
of a `task_all` fails and the failure is caught, the numbering of tasks breaks (docs/decisions/0004).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

import azure.durable_functions as df

from docpipeline import telemetry
from docpipeline.models.failure import Failure
from docpipeline.models.foreign_results import ForeignResult, is_foreign, own_result
from docpipeline.models.lost_workers import lost_worker
from docpipeline.models.runs import RunReference
from orchestrators import versions
from orchestrators.retry_policies import LOST_WORKER, RetryPolicy

TIMER_SLACK = timedelta(seconds=30)
"""The extension cuts up to a second off a timer's delay, and the clocks of two machines differ."""

T = TypeVar("T")
Steps: TypeAlias = Generator[Any, Any, T]
"""A part of an orchestrator: yields durable tasks, returns a T."""


@dataclass(frozen=True)
class ActivityCall:
    """An activity by its name, its input, and how it is retried."""

    activity: str
    payload: RunReference
    policy: RetryPolicy


class DeadlineExceeded(Exception):
    """The activity was not done before its deadline."""


def call_activity(context: df.DurableOrchestrationContext, call: ActivityCall) -> Steps[Any]:
    """The activity's result. When every attempt has failed, the last failure is raised."""
    tries = _Tries(context, call)
    while True:
        try:
            return own_result((yield _schedule(context, call)), call.activity)
        except Exception as failure:
            next_try = tries.after(failure)
        yield context.create_timer(next_try)


def try_activity(context: df.DurableOrchestrationContext, call: ActivityCall) -> Steps[Any]:
    """The activity's result, or None when every attempt has failed; the activity's own log has the failure."""
    try:
        return (yield from call_activity(context, call))
    except Exception:
        return None


def call_before(context: df.DurableOrchestrationContext, deadline: datetime, call: ActivityCall) -> Steps[Any]:
    """As `call_activity`, but raises DeadlineExceeded at ``deadline`` (UTC), retries included.

    The deadline is at most six days ahead. An activity that loses the race keeps the instance open until it ends,
    so it must give up at the deadline by itself.
    """
    tries = _Tries(context, call)
    while True:
        outcome = yield from _outcome_before(context, deadline, call)
        if not isinstance(outcome, Exception):
            return outcome
        next_try = tries.after(outcome)
        if next_try >= deadline:
            raise outcome
        yield context.create_timer(next_try)


def _outcome_before(context: df.DurableOrchestrationContext, deadline: datetime, call: ActivityCall) -> Steps[Any]:
    """What one try returned or raised. Raises DeadlineExceeded."""
    work = _schedule(context, call)
    while True:
        alarm = context.create_timer(deadline)
        # Which of the two it was decides, and not the clock: a timer may fire a second early.
        if (yield context.task_any([work, alarm])) is not alarm:
            break
        if not fired_for_another(context, deadline):
            raise DeadlineExceeded
    alarm.cancel()
    return _outcome(work, call)


def fired_for_another(context: df.DurableOrchestrationContext, moment: datetime) -> bool:
    """Whether a timer that was set for ``moment`` fired so early that it was another one under the same number.

    docpipeline/models/foreign_results.py says how that happens.
    """
    if not versions.is_at_least(context, versions.RESULTS_MAY_BE_FOREIGN):
        return False
    is_early: bool = context.current_utc_datetime < moment - TIMER_SLACK
    return is_early


def _outcome(work: Any, call: ActivityCall) -> Any:
    """What a task that has ended returned, or the exception with which it failed."""
    try:
        return own_result(work.result, call.activity)
    except ForeignResult as foreign:
        return foreign


def call_in_parallel(context: df.DurableOrchestrationContext, calls: Sequence[ActivityCall]) -> Steps[None]:
    """Run all calls side by side; those that fail are tried again together, in rounds.

    Raises the last failure of the first call whose attempts are used up.

    A round waits for every task to settle before anything else is scheduled. Otherwise the SDK, which fails a
    `task_all` at its first failure, and the host, which waits for all of it, would number the tasks differently.
    """
    open_calls = [(call, _Tries(context, call)) for call in calls]
    while True:
        tasks = [_schedule(context, call) for call, _ in open_calls]
        yield from _settle(context, tasks)
        outcomes = [(one, _outcome(task, one[0])) for one, task in zip(open_calls, tasks, strict=True)]
        failed = [(one, outcome) for one, outcome in outcomes if isinstance(outcome, Exception)]
        if not failed:
            return
        next_round = max([tries.after(failure) for (_, tries), failure in failed])
        open_calls = [one for one, _ in failed]
        yield context.create_timer(next_round)


def _settle(context: df.DurableOrchestrationContext, tasks: Sequence[Any]) -> Steps[None]:
    open_tasks = list(tasks)
    while open_tasks:
        settled = yield context.task_any(open_tasks)
        open_tasks.remove(settled)


def _schedule(context: df.DurableOrchestrationContext, call: ActivityCall) -> Any:
    return context.call_activity(call.activity, call.payload.to_payload())


class _Tries:
    """How often a call of an activity has failed, and how often the platform lost its worker or its result."""

    def __init__(self, context: df.DurableOrchestrationContext, call: ActivityCall) -> None:
        self._context = context
        self._call = call
        self._attempts = 0
        self._losses = 0

    def after(self, failure: Exception) -> datetime:
        """When to try again. Raises the failure when no attempt is left, DocumentFailed when no worker stays."""
        fate = self._fate_of_try(failure)
        if fate is None:
            self._attempts += 1
            if self._attempts >= self._call.policy.max_attempts:
                raise failure
            return self._next_try(self._call.policy, self._attempts)
        self._losses += 1
        if self._losses >= LOST_WORKER.max_attempts:
            reason = f"{self._call.activity} was begun {self._losses} times without an end: each time {fate}"
            raise Failure(code="workerLost", message=reason).to_error() from failure
        return self._next_try(LOST_WORKER, self._losses)

    def _fate_of_try(self, failure: Exception) -> str | None:
        if not versions.is_at_least(self._context, versions.LOST_WORKERS_ARE_NO_ATTEMPTS):
            return None
        if is_foreign(failure, self._call.activity):
            return "the durable engine delivered the result of another activity"
        return lost_worker(failure, self._call.activity)

    def _next_try(self, policy: RetryPolicy, attempt: int) -> datetime:
        telemetry.activity_retried(self._context, self._call.activity, attempt, self._call.payload)
        seed = f"{self._context.instance_id}:{self._call.activity}"
        now: datetime = self._context.current_utc_datetime
        return now + policy.pause(attempt, seed)
