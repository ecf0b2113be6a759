"""Parents and children."""

from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def sub_ok(context: df.DurableOrchestrationContext):
    """Call sub-orchestrators with an input, with an id, and with neither."""
    given = yield context.call_sub_orchestrator("give_back", {"x": 1})
    named = yield context.call_sub_orchestrator("kind_of", "text", instance_id=context.instance_id + "-child")
    nothing = yield context.call_sub_orchestrator("kind_of")
    return [given, named, nothing]


@bp.orchestration_trigger(context_name="context")
def sub_fails(context: df.DurableOrchestrationContext):
    """Catch the failure of a sub-orchestrator."""
    try:
        yield context.call_sub_orchestrator("fails_by_activity", 3)
    except Exception as error:
        return [type(error).__name__, str(error)]


@bp.orchestration_trigger(context_name="context")
def sub_fails_uncaught(context: df.DurableOrchestrationContext):
    """Fail because a sub-orchestrator does."""
    yield context.call_sub_orchestrator("fails_by_activity", 3)


@bp.orchestration_trigger(context_name="context")
def unknown_sub(context: df.DurableOrchestrationContext):
    """Call a sub-orchestrator that the app does not have."""
    try:
        yield context.call_sub_orchestrator("no_such_orchestrator", 1)
    except Exception as error:
        return [type(error).__name__, str(error)]


@bp.orchestration_trigger(context_name="context")
def identity_of_child(context: df.DurableOrchestrationContext):
    """Ask two children who they are."""
    named = yield context.call_sub_orchestrator("identity", None, context.instance_id + ":c")
    unnamed = yield context.call_sub_orchestrator("identity")
    return [named, unnamed[1:]]


@bp.orchestration_trigger(context_name="context")
def ends_before_child(context: df.DurableOrchestrationContext):
    """Return while a child is still at work."""
    child = context.call_sub_orchestrator("slow_three", None, context.instance_id + "-child")
    yield context.task_any([child, context.call_activity("echo_activity", "quick")])
    return "left the child"


@bp.orchestration_trigger(context_name="context")
def parent_of_waiting(context: df.DurableOrchestrationContext):
    """Wait for a child that waits for a day."""
    yield context.call_sub_orchestrator("waits_long", 1, context.instance_id + "-child")


@bp.orchestration_trigger(context_name="context")
def child_id_taken(context: df.DurableOrchestrationContext):
    """Start two children under one id."""
    child_id = context.instance_id + "-child"
    try:
        children = [context.call_sub_orchestrator("slow_three", None, child_id) for _ in range(2)]
        return (yield context.task_all(children))
    except Exception as error:
        return [type(error).__name__, str(error)]


@bp.orchestration_trigger(context_name="context")
def waits_long(context: df.DurableOrchestrationContext):
    """Wait for as many days as the input says."""
    yield context.create_timer(context.current_utc_datetime + timedelta(days=context.get_input() or 1))
    return "woke"
