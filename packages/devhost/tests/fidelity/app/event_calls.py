"""External events."""

from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def event_once(context: df.DurableOrchestrationContext):
    """Wait for an event, and tell what came with it."""
    given = yield context.wait_for_external_event("go")
    return [given, type(given).__name__]


@bp.orchestration_trigger(context_name="context")
def events_in_order(context: df.DurableOrchestrationContext):
    """Wait for three events of one name."""
    given = []
    for _ in range(3):
        given.append((yield context.wait_for_external_event("go")))
    return given


@bp.orchestration_trigger(context_name="context")
def events_after_work(context: df.DurableOrchestrationContext):
    """Wait for two events after two seconds; they come before."""
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=2))
    first = yield context.wait_for_external_event("go")
    second = yield context.wait_for_external_event("go")
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def events_two_waiters(context: df.DurableOrchestrationContext):
    """Wait for two events of one name at once."""
    return (yield context.task_all([context.wait_for_external_event("go") for _ in range(2)]))


@bp.orchestration_trigger(context_name="context")
def event_any(context: df.DurableOrchestrationContext):
    """Wait for either of two events."""
    yes, no = context.wait_for_external_event("yes"), context.wait_for_external_event("no")
    winner = yield context.task_any([yes, no])
    return ["yes" if winner == yes else "no", winner.result]
