"""Names and ids with odd characters; and what lies between the other rules."""

from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def odd_child_ids(context: df.DurableOrchestrationContext):
    """Call children under ids of all kinds: does each of them end?"""
    ends = []
    for ending in context.get_input():
        child = context.call_sub_orchestrator("identity", None, context.instance_id + ending)
        timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=3))
        winner = yield context.task_any([child, timer])
        ends.append([ending, child.result if winner == child else "never came"])
        if not timer.is_completed:
            timer.cancel()
    return ends


@bp.orchestration_trigger(context_name="context")
def odd_entity_keys(context: df.DurableOrchestrationContext):
    """Call entities under keys of all kinds, and ask each who it is."""
    told = []
    for ending in context.get_input():
        told.append((yield context.call_entity(df.EntityId("counter", context.instance_id + ending), "who")))
    return told


@bp.orchestration_trigger(context_name="context")
def odd_event(context: df.DurableOrchestrationContext):
    """Wait for the event that the input names."""
    return (yield context.wait_for_external_event(context.get_input()))


@bp.orchestration_trigger(context_name="context")
def chain_of_children(context: df.DurableOrchestrationContext):
    """Call a child that calls a child, as deep as the input says."""
    level = context.get_input()
    if level == 0:
        return [context.parent_instance_id is not None]
    return [level, *(yield context.call_sub_orchestrator("chain_of_children", level - 1))]


@bp.orchestration_trigger(context_name="context")
def many_children(context: df.DurableOrchestrationContext):
    """Call fifteen children side by side."""
    children = [context.call_sub_orchestrator("give_back", number) for number in range(15)]
    return (yield context.task_all(children))


@bp.orchestration_trigger(context_name="context")
def many_generations(context: df.DurableOrchestrationContext):
    """Start anew twelve times, with an activity in every third generation."""
    number = context.get_input() or 0
    if number % 3 == 0:
        yield context.call_activity("echo_activity", number)
    if number < 12:
        context.continue_as_new(number + 1)
        return None
    return number


@bp.orchestration_trigger(context_name="context")
def timers_of_no_length(context: df.DurableOrchestrationContext):
    """Set timers for now, one after the other and side by side."""
    for _ in range(2):
        yield context.create_timer(context.current_utc_datetime)
    yield context.task_all([context.create_timer(context.current_utc_datetime) for _ in range(2)])
    return "rang"


@bp.orchestration_trigger(context_name="context")
def returns_nothing(context: df.DurableOrchestrationContext):
    """Return nothing after an activity, with a status of each odd kind on the way."""
    statuses: list[object] = [0, False, "", [], {}, "null", [None]]
    for status in statuses:
        context.set_custom_status(status)
        yield context.call_activity("echo_activity", status)


@bp.orchestration_trigger(context_name="context")
def any_of_groups(context: df.DurableOrchestrationContext):
    """Wait for the first of two groups, one of which waits for the first of two events."""
    either = context.task_any([context.wait_for_external_event("yes"), context.wait_for_external_event("no")])
    both = context.task_all([context.call_activity("slow_activity", 5), context.wait_for_external_event("go")])
    winner = yield context.task_any([either, both])
    return "either" if winner == either else "both"


@bp.orchestration_trigger(context_name="context")
def fails_with_status(context: df.DurableOrchestrationContext):
    """Fail with a text of many lines and signs, with a status set before."""
    yield context.call_activity("echo_activity", 1)
    context.set_custom_status({"é": "😀"})
    raise ValueError('two\nlines, "quoted", \\ and 😀')


@bp.orchestration_trigger(context_name="context")
def all_children_with_failure(context: df.DurableOrchestrationContext):
    """Wait for three children, of which the second fails at once and the others take longer."""
    names = ("slow_three", "fails_by_activity", "slow_three")
    try:
        yield context.task_all([context.call_sub_orchestrator(name, number) for number, name in enumerate(names)])
    except Exception as error:
        return [type(error).__name__, str(error)]
