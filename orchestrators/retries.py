"""Activities retried with backoff on durable timers: alone, before a deadline, or side by side.

`RetryOptions` of azure-functions-durable 1.7 knows an interval and a count, and no backoff; and a retrying child
inside a `task_all` whose failure is caught breaks the numbering of tasks (docs/decisions/0004).
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
    """An activity by its name, what it is given, and how it is retried."""

    activity: str
    payload: RunReference
    policy: RetryPolicy


class DeadlineExceeded(Exception):
    """The work was not done before its deadline."""


def call(context: df.DurableOrchestrationContext, wanted: ActivityCall) -> Steps[Any]:
    """The activity's result; its last failure is raised when every attempt has failed."""
    for attempt in count(1):
        try:
            return (yield _schedule(context, wanted))
        except Exception:
            if attempt >= wanted.policy.max_attempts:
                raise
        yield context.create_timer(_next_attempt(context, wanted, attempt))
    raise AssertionError("unreachable: the last attempt returns or raises")


def call_before(context: df.DurableOrchestrationContext, deadline: datetime, wanted: ActivityCall) -> Steps[Any]:
    """As `call`, raising DeadlineExceeded at ``deadline`` (UTC, at most six days ahead), retries included.

    The losing activity keeps the instance open until it ends, so it must give up at the deadline by itself.
    """
    for attempt in count(1):
        work, alarm = _schedule(context, wanted), context.create_timer(deadline)
        if (yield context.task_any([work, alarm])) is alarm:
            raise DeadlineExceeded
        alarm.cancel()
        if not isinstance(work.result, Exception):
            return work.result
        next_attempt = _next_attempt(context, wanted, attempt)
        if attempt >= wanted.policy.max_attempts or next_attempt >= deadline:
            raise work.result
        yield context.create_timer(next_attempt)
    raise AssertionError("unreachable: the deadline ends it")


def call_in_parallel(context: df.DurableOrchestrationContext, wanted: Sequence[ActivityCall]) -> Steps[None]:
    """Run all side by side; those that fail are tried again together, in rounds. Raises the first last failure.

    A round waits for every task to settle, and only then is the next thing scheduled: in this way the SDK, which
    fails a `task_all` at its first failure, and the host, which waits for all of it, number the tasks alike.
    """
    for attempt in count(1):
        tasks = [_schedule(context, one) for one in wanted]
        yield from _settle(context, tasks)
        failed = [
            (one, task) for one, task in zip(wanted, tasks, strict=True) if isinstance(task.result, Exception)
        ]
        if not failed:
            return
        for one, task in failed:
            if attempt >= one.policy.max_attempts:
                raise task.result
        wanted = [one for one, _ in failed]
        yield context.create_timer(max(_next_attempt(context, one, attempt) for one in wanted))


def _settle(context: df.DurableOrchestrationContext, tasks: Sequence[Any]) -> Steps[None]:
    open_tasks = list(tasks)
    while open_tasks:
        settled = yield context.task_any(open_tasks)
        open_tasks.remove(settled)


def _schedule(context: df.DurableOrchestrationContext, wanted: ActivityCall) -> Any:
    return context.call_activity(wanted.activity, wanted.payload.to_payload())


def _next_attempt(context: df.DurableOrchestrationContext, wanted: ActivityCall, attempt: int) -> datetime:
    telemetry.activity_retried(context, wanted.activity, attempt, wanted.payload.document_id)
    seed = f"{context.instance_id}:{wanted.activity}"
    now: datetime = context.current_utc_datetime
    return now + wanted.policy.pause(attempt, seed)
