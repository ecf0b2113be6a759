"""Timers, alone and in races."""

from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()


def _timer(context: df.DurableOrchestrationContext, seconds: float) -> df.models.Task.TimerTask:
    return context.create_timer(context.current_utc_datetime + timedelta(seconds=seconds))


@bp.orchestration_trigger(context_name="context")
def any_of(context: df.DurableOrchestrationContext):
    """Take the first of two activities."""
    tasks = [context.call_activity("slow_activity", 1.5), context.call_activity("echo_activity", "quick")]
    winner = yield context.task_any(tasks)
    return [tasks.index(winner), winner.result]


@bp.orchestration_trigger(context_name="context")
def timer_short(context: df.DurableOrchestrationContext):
    """Wait for a second."""
    yield _timer(context, 1)
    return "rang"


@bp.orchestration_trigger(context_name="context")
def timer_past(context: df.DurableOrchestrationContext):
    """Wait for a moment that has passed."""
    yield _timer(context, -60)
    return "rang"


@bp.orchestration_trigger(context_name="context")
def race_cancel(context: df.DurableOrchestrationContext):
    """Cancel the timer that an activity has beaten."""
    timer = _timer(context, context.get_input() or 600)
    work = context.call_activity("echo_activity", "done")
    winner = yield context.task_any([work, timer])
    if not timer.is_completed:
        timer.cancel()
    return "work" if winner == work else "timer"


@bp.orchestration_trigger(context_name="context")
def race_not_cancelled(context: df.DurableOrchestrationContext):
    """Leave the timer that an activity has beaten."""
    timer = _timer(context, 2)
    yield context.task_any([context.call_activity("echo_activity", "done"), timer])
    return "left it"


@bp.orchestration_trigger(context_name="context")
def race_timeout(context: df.DurableOrchestrationContext):
    """Wait for an event that never comes, and for a second."""
    timer = _timer(context, 1)
    event = context.wait_for_external_event("never")
    winner = yield context.task_any([event, timer])
    return "event" if winner == event else "timer"


@bp.orchestration_trigger(context_name="context")
def cancelled_then_more(context: df.DurableOrchestrationContext):
    """Cancel a timer and go on: what becomes of it in the history?"""
    timer = _timer(context, 3)
    yield context.task_any([context.wait_for_external_event("go"), timer])
    timer.cancel()
    first = yield context.call_activity("echo_activity", 1)
    yield _timer(context, 4)
    second = yield context.call_activity("echo_activity", 2)
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def same_timer_twice(context: df.DurableOrchestrationContext):
    """Wait for two timers of one moment."""
    fired = yield context.task_all([_timer(context, 1), _timer(context, 1)])
    return len(fired)


@bp.orchestration_trigger(context_name="context")
def any_then_rest(context: df.DurableOrchestrationContext):
    """Take three activities in the order in which they end."""
    tasks, ended = [context.call_activity("slow_activity", quarters / 4) for quarters in (3, 1, 2)], []
    while tasks:
        done = yield context.task_any(tasks)
        tasks.remove(done)
        ended.append(done.result)
    return ended


@bp.orchestration_trigger(context_name="context")
def nested_groups(context: df.DurableOrchestrationContext):
    """Let a pair of activities race with a timer."""
    pair = context.task_all([context.call_activity("echo_activity", number) for number in (1, 2)])
    timer = _timer(context, 30)
    winner = yield context.task_any([pair, timer])
    timer.cancel()
    return [winner == pair, pair.result]
