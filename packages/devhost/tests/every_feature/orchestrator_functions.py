"""Orchestrators, one for each thing that the SDK's context can do."""

from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()
THREE_TIMES = df.RetryOptions(first_retry_interval_in_milliseconds=1000, max_number_of_attempts=3)


@bp.orchestration_trigger(context_name="context")
def describe(context: df.DurableOrchestrationContext):
    """Return the input with its type, the version and the parent; without a single task."""
    given = context.get_input()
    return {
        "input": given,
        "type": type(given).__name__,
        "version": context.version,
        "parent": context.parent_instance_id,
    }
    yield  # type: ignore[unreachable]  # It makes the function a generator.


@bp.orchestration_trigger(context_name="context")
def greet(context: df.DurableOrchestrationContext):
    """Call an activity for each name in turn, then another one that is a coroutine."""
    greetings = []
    for name in context.get_input()["names"]:
        context.set_custom_status({"greeting": name})
        greetings.append((yield context.call_activity("say_hello", name)))
    return (yield context.call_activity("echo", greetings))


@bp.orchestration_trigger(context_name="context")
def give_back(context: df.DurableOrchestrationContext):
    """End with the input as output."""
    return (yield context.call_activity("echo", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def wait_for_go(context: df.DurableOrchestrationContext):
    """Wait for an event, and tell what came."""
    context.set_custom_status("waiting")
    came = yield context.wait_for_external_event("go")
    return {"type": type(came).__name__, "value": came}


@bp.orchestration_trigger(context_name="context")
def go_or_timeout(context: df.DurableOrchestrationContext):
    """Race an event against a timer, which is cancelled if it loses."""
    go = context.wait_for_external_event("go")
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=context.get_input()))
    if (yield context.task_any([go, timer])) == timer:
        return "timeout"
    timer.cancel()
    return "go"


@bp.orchestration_trigger(context_name="context")
def sleep_for_days(context: df.DurableOrchestrationContext):
    """Sleep on one timer, in legs if it is long."""
    yield context.create_timer(context.current_utc_datetime + timedelta(days=context.get_input()))
    return "awake"


@bp.orchestration_trigger(context_name="context")
def fan_out(context: df.DurableOrchestrationContext):
    """Call activities side by side, and take the first of two others."""
    greetings = yield context.task_all([context.call_activity("say_hello", name) for name in context.get_input()])
    first = yield context.task_any([context.call_activity("echo", number) for number in range(2)])
    return [greetings, first.result in (0, 1)]


@bp.orchestration_trigger(context_name="context")
def retry(context: df.DurableOrchestrationContext):
    """Try an activity until it succeeds."""
    return (yield context.call_activity_with_retry("succeed_third", THREE_TIMES, context.instance_id))


@bp.orchestration_trigger(context_name="context")
def family(context: df.DurableOrchestrationContext):
    """Children: a plain one, one with id and version, one that is tried again with a version, one that fails."""
    plain = yield context.call_sub_orchestrator("describe", {"child": 1})
    named = yield context.call_sub_orchestrator("describe", None, f"{context.instance_id}-named", version="1.1")
    tried = yield context.call_sub_orchestrator_with_retry("describe", THREE_TIMES, None, version="1.0")
    try:
        yield context.call_sub_orchestrator_with_retry("fail_by_code", df.RetryOptions(1000, 2), "sorry")
    except Exception as error:
        return [plain["version"], named["version"], tried["version"], plain["parent"], str(error)]


@bp.orchestration_trigger(context_name="context")
def call_waiting_child(context: df.DurableOrchestrationContext):
    """Wait for a child that waits for an event."""
    return (yield context.call_sub_orchestrator("wait_for_go", None, f"{context.instance_id}-child"))


@bp.orchestration_trigger(context_name="context")
def generations(context: df.DurableOrchestrationContext):
    """Continue as new until the input is three, with a pause in between."""
    number = context.get_input() or 0
    context.set_custom_status(f"generation {number}")
    yield context.create_timer(context.current_utc_datetime + timedelta(minutes=1))
    if number < 3:
        context.continue_as_new(number + 1)
        return None
    return number


@bp.orchestration_trigger(context_name="context")
def fetch(context: df.DurableOrchestrationContext):
    """Call a URL."""
    answer = yield context.call_http("PUT", context.get_input(), content='{"by": "durable"}')
    return [answer["statusCode"], answer["content"]]


@bp.orchestration_trigger(context_name="context")
def ask_counter(context: df.DurableOrchestrationContext):
    """Signal a counter, call it, have it fail, delete it."""
    mine = df.EntityId("counter", context.instance_id)
    context.signal_entity(mine, "add", 2)
    total = yield context.call_entity(mine, "add", 3)
    try:
        yield context.call_entity(mine, "explode")
    except Exception as error:
        failure = str(error)
    yield context.call_entity(mine, "delete")
    return [total, failure]


@bp.orchestration_trigger(context_name="context")
def announce_all(context: df.DurableOrchestrationContext):
    """Call an activity that has an output of its own."""
    return (yield context.call_activity("announce", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def mend(context: df.DurableOrchestrationContext):
    """Fail by an activity until that is mended; not by itself, but through a child if the input says so."""
    asked = context.get_input()
    if asked["through_child"]:
        child_id = f"{context.instance_id}-child"
        return (yield context.call_sub_orchestrator("mend", {**asked, "through_child": False}, child_id))
    return (yield context.call_activity("mend_me", asked["name"]))


@bp.orchestration_trigger(context_name="context")
def fail_by_code(context: df.DurableOrchestrationContext):
    """Fail by an exception of its own after an activity."""
    context.set_custom_status("failing")
    yield context.call_activity("echo", "before")
    raise RuntimeError(context.get_input())


@bp.orchestration_trigger(context_name="context")
def everything(context: df.DurableOrchestrationContext):
    """One of each thing that leaves a trace in history, two of them failing."""
    yield context.call_activity("say_hello", "Ada")
    try:
        yield context.call_activity("say_hello", "")
    except Exception:
        yield context.call_sub_orchestrator("describe", "child", f"{context.instance_id}-child")
    try:
        yield context.call_sub_orchestrator("fail_by_code", "sorry", f"{context.instance_id}-failing")
    except Exception:
        yield context.create_timer(context.current_utc_datetime)
    yield context.call_entity(df.EntityId("counter", context.instance_id), "add", 1)
    yield context.wait_for_external_event("go")
    return {"done": True}
