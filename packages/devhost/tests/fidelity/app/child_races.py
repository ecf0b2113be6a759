"""Timers in races with sub-orchestrations."""

from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()


def _timer(context: df.DurableOrchestrationContext, seconds: float) -> df.models.Task.TimerTask:
    return context.create_timer(context.current_utc_datetime + timedelta(seconds=seconds))


def _child(context: df.DurableOrchestrationContext, name: str, given: object = None, number: object = ""):
    return context.call_sub_orchestrator(name, given, f"{context.instance_id}-child{number}")


@bp.orchestration_trigger(context_name="context")
def child_beats_timer(context: df.DurableOrchestrationContext):
    """Cancel the timer that a child has beaten, and go on."""
    timer, child = _timer(context, 600), _child(context, "give_back", {"a": 1})
    winner = yield context.task_any([timer, child])
    timer.cancel()
    after = yield context.call_activity("echo_activity", "after")
    return ["child" if winner == child else "timer", child.result, after]


@bp.orchestration_trigger(context_name="context")
def timer_beats_child(context: df.DurableOrchestrationContext):
    """Leave the child that a timer has beaten."""
    timer, child = _timer(context, 2), _child(context, "waits_long", 1)
    winner = yield context.task_any([timer, child])
    return ["child" if winner == child else "timer", child.is_completed]


@bp.orchestration_trigger(context_name="context")
def timer_then_child(context: df.DurableOrchestrationContext):
    """Let a timer win, and wait for the child all the same."""
    timer, child = _timer(context, 2), _child(context, "event_once")
    winner = yield context.task_any([timer, child])
    context.set_custom_status("child" if winner == child else "timer")
    return [winner == timer, (yield child)]


@bp.orchestration_trigger(context_name="context")
def failing_child_beats_timer(context: df.DurableOrchestrationContext):
    """Tell what the race's winner holds when it has failed."""
    timer, child = _timer(context, 600), _child(context, "fails_by_activity", 3)
    winner = yield context.task_any([timer, child])
    timer.cancel()
    return [winner == child, type(winner.result).__name__, str(winner.result)]


@bp.orchestration_trigger(context_name="context")
def child_timer_event(context: df.DurableOrchestrationContext):
    """Let a child, a timer and an event race; the child that loses is left."""
    tasks = [_child(context, "event_once"), _timer(context, 60), context.wait_for_external_event("go")]
    winner = yield context.task_any(tasks)
    if not tasks[1].is_completed:
        tasks[1].cancel()
    return [tasks.index(winner), winner.result]


@bp.orchestration_trigger(context_name="context")
def child_in_rounds(context: df.DurableOrchestrationContext):
    """Give a child two seconds in each of three rounds; the second one needs longer."""
    told = []
    for number, name in enumerate(("give_back", "waits_long", "kind_of")):
        timer, child = _timer(context, 2), _child(context, name, number, number)
        winner = yield context.task_any([child, timer])
        told.append(child.result if winner == child else "too late")
        if not timer.is_completed:
            timer.cancel()
    return told


@bp.orchestration_trigger(context_name="context")
def retried_child_beats_timer(context: df.DurableOrchestrationContext):
    """Let a child that is tried three times race with a timer."""
    options = df.RetryOptions(1000, 3)
    child = context.call_sub_orchestrator_with_retry(
        "flaky_child", options, {"key": context.instance_id, "fails": 2}, f"{context.instance_id}-child"
    )
    timer = _timer(context, 600)
    winner = yield context.task_any([child, timer])
    timer.cancel()
    return ["child" if winner == child else "timer", child.result]


@bp.orchestration_trigger(context_name="context")
def pair_of_children_and_timer(context: df.DurableOrchestrationContext):
    """Let two children together race with a timer, which wins; then wait for both."""
    pair = context.task_all([_child(context, "event_once", None, number) for number in (1, 2)])
    timer = _timer(context, 2)
    winner = yield context.task_any([pair, timer])
    return [winner == timer, (yield pair)]


@bp.orchestration_trigger(context_name="context")
def child_of_an_earlier_generation(context: df.DurableOrchestrationContext):
    """Start anew when a timer has won; the child of the first generation ends in the time of the second."""
    if context.get_input() is None:
        timer, child = _timer(context, 1), _child(context, "event_once")
        yield context.task_any([child, timer])
        context.continue_as_new("second")
        return None
    timer, event = _timer(context, 6), context.wait_for_external_event("never")
    winner = yield context.task_any([event, timer])
    return ["second", winner == timer]


@bp.orchestration_trigger(context_name="context")
def catches_child(context: df.DurableOrchestrationContext):
    """Catch what becomes of a child that waits for a day."""
    try:
        yield _child(context, "waits_long", 1)
    except Exception as error:
        return [type(error).__name__, str(error)]


@bp.orchestration_trigger(context_name="context")
def child_races_itself(context: df.DurableOrchestrationContext):
    """Wait for a child whose own timer beats its own event, three levels deep."""
    level = context.get_input() or 0
    if level < 2:
        return [level, (yield _child(context, "child_races_itself", level + 1))]
    timer, event = _timer(context, 1), context.wait_for_external_event("never")
    winner = yield context.task_any([event, timer])
    return [level, winner == timer]


@bp.orchestration_trigger(context_name="context")
def flaky_child(context: df.DurableOrchestrationContext):
    """Fail as often as the input says."""
    return (yield context.call_activity("flaky_activity", context.get_input()))
