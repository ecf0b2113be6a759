"""Calls of activities: many at once, failing ones, unknown ones, and code that changes between replays."""

from collections import Counter
from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()
_episodes: Counter[str] = Counter()


@bp.orchestration_trigger(context_name="context")
def no_input_activity(context: df.DurableOrchestrationContext):
    """Give an activity nothing, and get nothing from one."""
    kind = yield context.call_activity("kind_activity")
    nothing = yield context.call_activity("nothing_activity", 1)
    return [kind, nothing]


@bp.orchestration_trigger(context_name="context")
def fan_out(context: df.DurableOrchestrationContext):
    """Run as many activities side by side as the input says."""
    numbers = range(context.get_input())
    return (yield context.task_all([context.call_activity("echo_activity", number) for number in numbers]))


@bp.orchestration_trigger(context_name="context")
def fails_by_activity(context: df.DurableOrchestrationContext):
    """Fail because an activity does."""
    yield context.call_activity("fail_activity", context.get_input())


@bp.orchestration_trigger(context_name="context")
def fails_oddly(context: df.DurableOrchestrationContext):
    """Fail because an activity does, with a text that is hard to quote."""
    yield context.call_activity("fail_odd_activity", 1)


@bp.orchestration_trigger(context_name="context")
def catches(context: df.DurableOrchestrationContext):
    """Catch the failures of activities, and tell them."""
    caught = []
    for name in ("fail_activity", "fail_odd_activity", "unserialisable_activity"):
        try:
            yield context.call_activity(name, 7)
        except Exception as error:
            caught.append([type(error).__name__, str(error)])
    return caught


@bp.orchestration_trigger(context_name="context")
def raises(context: df.DurableOrchestrationContext):
    """Fail before anything else."""
    raise KeyError("own fault")
    yield  # type: ignore[unreachable]


@bp.orchestration_trigger(context_name="context")
def raises_late(context: df.DurableOrchestrationContext):
    """Fail after an activity."""
    yield context.call_activity("echo_activity", 1)
    context.set_custom_status("before the end")
    raise RuntimeError("late fault\nwith two lines")


@bp.orchestration_trigger(context_name="context")
def returns_object(context: df.DurableOrchestrationContext):
    """Return what no JSON can hold."""
    yield context.call_activity("echo_activity", 1)
    return object()


@bp.orchestration_trigger(context_name="context")
def unknown_activity(context: df.DurableOrchestrationContext):
    """Call an activity that the app does not have, and catch what comes of it."""
    try:
        yield context.call_activity("no_such_activity", 1)
    except Exception as error:
        return [type(error).__name__, str(error)]


@bp.orchestration_trigger(context_name="context")
def unknown_activity_uncaught(context: df.DurableOrchestrationContext):
    """Call an activity that the app does not have."""
    yield context.call_activity("no_such_activity", 1)


@bp.orchestration_trigger(context_name="context")
def wrong_case_activity(context: df.DurableOrchestrationContext):
    """Call an activity by its name in other letters."""
    return (yield context.call_activity("ECHO_Activity", "x"))


@bp.orchestration_trigger(context_name="context")
def all_with_failure(context: df.DurableOrchestrationContext):
    """Wait for three activities, of which one fails."""
    names = ("echo_activity", "fail_activity", "echo_activity")
    try:
        yield context.task_all([context.call_activity(name, number) for number, name in enumerate(names, 1)])
    except Exception as error:
        return [type(error).__name__, str(error)]


@bp.orchestration_trigger(context_name="context")
def changes_its_mind(context: df.DurableOrchestrationContext):
    """Call an activity at first, and set a timer in its place when replayed."""
    _episodes[context.instance_id] += 1
    if _episodes[context.instance_id] == 1:
        yield context.call_activity("echo_activity", 1)
    else:
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    return "ran through"


@bp.orchestration_trigger(context_name="context")
def changes_the_name(context: df.DurableOrchestrationContext):
    """Call another activity in the first one's place when replayed."""
    _episodes[context.instance_id] += 1
    name = "echo_activity" if _episodes[context.instance_id] == 1 else "kind_activity"
    yield context.call_activity(name, 1)
    return "ran through"


@bp.orchestration_trigger(context_name="context")
def no_yield(context: df.DurableOrchestrationContext):
    """Call an activity and do not wait for it."""
    context.call_activity("echo_activity", 1)
    return "not waited for"


@bp.orchestration_trigger(context_name="context")
def slow_three(context: df.DurableOrchestrationContext):
    """Call three activities of a second each, one after the other."""
    seconds = []
    for _ in range(3):
        seconds.append((yield context.call_activity("slow_activity", 1)))
    return seconds


@bp.orchestration_trigger(context_name="context")
def many_awaited_one_by_one(context: df.DurableOrchestrationContext):
    """Call five activities, and wait for one after the other."""
    answers = []
    for task in [context.call_activity("echo_activity", number) for number in range(5)]:
        answers.append((yield task))
    return answers
