"""Trees that fail once, to be rewound."""

import azure.durable_functions as df

bp = df.Blueprint()


def _flaky(context: df.DurableOrchestrationContext, fails: int, name: str = ""):
    return context.call_activity("flaky_activity", {"key": context.instance_id + name, "fails": fails})


@bp.orchestration_trigger(context_name="context")
def fails_deep(context: df.DurableOrchestrationContext):
    """Fail in the activity of a grandchild, once."""
    level = context.get_input() or 0
    if level == 2:
        return [level, (yield _flaky(context, 1))]
    before = yield context.call_activity("echo_activity", f"before {level}")
    child = yield context.call_sub_orchestrator("fails_deep", level + 1, f"{context.instance_id}-child")
    after = yield context.call_activity("echo_activity", f"after {level}")
    return [level, before, child, after]


@bp.orchestration_trigger(context_name="context")
def fails_once(context: df.DurableOrchestrationContext):
    """Fail in an activity as often as the input says, or once."""
    context.set_custom_status("trying")
    tried = yield _flaky(context, context.get_input() or 1)
    context.set_custom_status("worked")
    return tried


@bp.orchestration_trigger(context_name="context")
def one_of_two_children_fails(context: df.DurableOrchestrationContext):
    """Wait for two children, of which one fails once."""
    children = [
        context.call_sub_orchestrator(name, 1, f"{context.instance_id}-{name}")
        for name in ("give_back", "fails_once")
    ]
    answers = []
    for child in children:
        answers.append((yield child))
    return answers


@bp.orchestration_trigger(context_name="context")
def two_fail_in_turn(context: df.DurableOrchestrationContext):
    """Fail once in a first activity, then once in a second one."""
    first = yield _flaky(context, 1, "-first")
    second = yield _flaky(context, 1, "-second")
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def fails_after_event(context: df.DurableOrchestrationContext):
    """Fail once after an event and a timer's work; the event must still be there when rewound."""
    given = yield context.wait_for_external_event("go")
    tried = yield _flaky(context, 1)
    return [given, tried]


@bp.orchestration_trigger(context_name="context")
def fails_in_second_generation(context: df.DurableOrchestrationContext):
    """Start anew, and fail once then."""
    if context.get_input() != "second":
        yield context.call_activity("echo_activity", 1)
        context.continue_as_new("second")
        return None
    return (yield _flaky(context, 1))


@bp.orchestration_trigger(context_name="context")
def catches_flaky_child(context: df.DurableOrchestrationContext):
    """Catch the failure of a child, then fail once."""
    try:
        yield context.call_sub_orchestrator("fails_by_activity", 1, f"{context.instance_id}-child")
    except Exception as error:
        caught = type(error).__name__
    return [caught, (yield _flaky(context, 1))]
