"""Custom status, and starting anew."""

from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def custom_status(context: df.DurableOrchestrationContext):
    """Set a status, then another."""
    context.set_custom_status({"step": 1})
    yield context.call_activity("echo_activity", 1)
    context.set_custom_status("two")
    yield context.wait_for_external_event("go")
    return "end"


@bp.orchestration_trigger(context_name="context")
def custom_status_null(context: df.DurableOrchestrationContext):
    """Set a status, then none."""
    context.set_custom_status({"step": 1})
    yield context.call_activity("echo_activity", 1)
    context.set_custom_status(None)
    yield context.call_activity("echo_activity", 1)
    return "end"


@bp.orchestration_trigger(context_name="context")
def custom_status_big(context: df.DurableOrchestrationContext):
    """Set a status that is too long."""
    context.set_custom_status("x" * 20000)
    yield context.call_activity("echo_activity", 1)
    return "end"


@bp.orchestration_trigger(context_name="context")
def again(context: df.DurableOrchestrationContext):
    """Start anew three times, with a status in each generation."""
    number = context.get_input() or 0
    yield context.call_activity("echo_activity", number)
    context.set_custom_status(f"round {number}")
    if number < 3:
        context.continue_as_new(number + 1)
        return None
    return number


@bp.orchestration_trigger(context_name="context")
def again_with_result(context: df.DurableOrchestrationContext):
    """Start anew and return something all the same."""
    number = context.get_input() or 0
    if number < 2:
        context.continue_as_new(number + 1)
        return f"from {number}"
    return number


@bp.orchestration_trigger(context_name="context")
def again_keeps_events(context: df.DurableOrchestrationContext):
    """Take one event in each generation; they come at once."""
    taken = context.get_input() or []
    if len(taken) < 3:
        given = yield context.wait_for_external_event("go")
        context.continue_as_new([*taken, given])
        return None
    return taken


@bp.orchestration_trigger(context_name="context")
def again_pending_work(context: df.DurableOrchestrationContext):
    """Start anew while an activity and a timer are open."""
    if context.get_input() is None:
        slow = context.call_activity("slow_activity", 1)
        context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
        yield context.task_any([slow, context.call_activity("echo_activity", "q")])
        context.continue_as_new(1)
        return None
    return (yield context.call_activity("slow_activity", 2))


def _take_one(context: df.DurableOrchestrationContext, number: int):
    """Wait for an event or a minute, cancel the minute, and say so in the status."""
    event = context.wait_for_external_event("go")
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=60))
    yield context.task_any([event, timer])
    timer.cancel()
    context.set_custom_status(f"after event {number + 1}: {event.result}")


@bp.orchestration_trigger(context_name="context")
def again_after_event(context: df.DurableOrchestrationContext):
    """Start anew after an event: does the next generation meet it again?"""
    number = context.get_input() or 0
    if number == 2:
        return "two events"
    yield from _take_one(context, number)
    context.continue_as_new(number + 1)


@bp.orchestration_trigger(context_name="context")
def again_after_event_and_pause(context: df.DurableOrchestrationContext):
    """Start anew a second after an event."""
    number = context.get_input() or 0
    if number == 2:
        return "two events"
    yield from _take_one(context, number)
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    context.continue_as_new(number + 1)


@bp.orchestration_trigger(context_name="context")
def again_after_event_and_activity(context: df.DurableOrchestrationContext):
    """Start anew after an event and an activity."""
    number = context.get_input() or 0
    if number == 2:
        return "two events"
    yield context.wait_for_external_event("go")
    yield context.call_activity("echo_activity", 1)
    context.continue_as_new(number + 1)


@bp.orchestration_trigger(context_name="context")
def again_leaves_events(context: df.DurableOrchestrationContext):
    """Take one of two events in each generation; both come while the first one waits for a timer."""
    taken = context.get_input() or []
    if len(taken) == 2:
        return taken
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=2))
    given = yield context.wait_for_external_event("go")
    context.continue_as_new([*taken, given])
