"""Activities retried with backoff on durable timers: alone, before a deadline, or side by side.

`RetryOptions` of azure-functions-durable 1.7 has an interval and a count, but no backoff; and when a retried child
of a `task_all` fails and the failure is caught, the numbering of tasks breaks (docs/decisions/0004).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, TypeAlias, TypeVar

import azure.durable_functions as df

from docpipeline import telemetry
from docpipeline.models.runs import RunReference
from orchestrators.retry_policies import RetryPolicy

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
    for attempt in count(1):
        try:
            return (yield _schedule(context, call))
        except Exception:
            if attempt >= call.policy.max_attempts:
                raise
        yield context.create_timer(_next_attempt(context, call, attempt))
    raise AssertionError("unreachable: the last attempt returns or raises")


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
    for attempt in count(1):
        work, alarm = _schedule(context, call), context.create_timer(deadline)
        if (yield context.task_any([work, alarm])) is alarm:
            raise DeadlineExceeded
        alarm.cancel()
        if not isinstance(work.result, Exception):
            return work.result
        next_attempt = _next_attempt(context, call, attempt)
        if attempt >= call.policy.max_attempts or next_attempt >= deadline:
            raise work.result
        yield context.create_timer(next_attempt)
    raise AssertionError("unreachable: the deadline ends it")


def call_in_parallel(context: df.DurableOrchestrationContext, calls: Sequence[ActivityCall]) -> Steps[None]:
    """Run all calls side by side; those that fail are tried again together, in rounds.

    Raises the last failure of the first call whose attempts are used up.

    A round waits for every task to settle before anything else is scheduled. Otherwise the SDK, which fails a
    `task_all` at its first failure, and the host, which waits for all of it, would number the tasks differently.
    """
    for attempt in count(1):
        tasks = [_schedule(context, call) for call in calls]
        yield from _settle(context, tasks)
        failed = [
            (call, task) for call, task in zip(calls, tasks, strict=True) if isinstance(task.result, Exception)
        ]
        if not failed:
            return
        for call, task in failed:
            if attempt >= call.policy.max_attempts:
                raise task.result
        calls = [call for call, _ in failed]
        yield context.create_timer(max(_next_attempt(context, call, attempt) for call in calls))


def _settle(context: df.DurableOrchestrationContext, tasks: Sequence[Any]) -> Steps[None]:
    open_tasks = list(tasks)
    while open_tasks:
        settled = yield context.task_any(open_tasks)
        open_tasks.remove(settled)


def _schedule(context: df.DurableOrchestrationContext, call: ActivityCall) -> Any:
    return context.call_activity(call.activity, call.payload.to_payload())


def _next_attempt(context: df.DurableOrchestrationContext, call: ActivityCall, attempt: int) -> datetime:
    telemetry.activity_retried(context, call.activity, attempt, call.payload)
    seed = f"{context.instance_id}:{call.activity}"
    now: datetime = context.current_utc_datetime
    return now + call.policy.pause(attempt, seed)
