"""Calls with retries."""

import azure.durable_functions as df

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def retry_ok(context: df.DurableOrchestrationContext):
    """Retry until it works."""
    given = {"key": context.instance_id, "fails": 2}
    return (yield context.call_activity_with_retry("flaky_activity", df.RetryOptions(200, 4), given))


@bp.orchestration_trigger(context_name="context")
def retry_exhausted(context: df.DurableOrchestrationContext):
    """Retry in vain, and catch the failure."""
    try:
        yield context.call_activity_with_retry("fail_activity", df.RetryOptions(200, 3), 5)
    except Exception as error:
        return [type(error).__name__, str(error)]


@bp.orchestration_trigger(context_name="context")
def retry_exhausted_uncaught(context: df.DurableOrchestrationContext):
    """Retry in vain."""
    yield context.call_activity_with_retry("fail_activity", df.RetryOptions(200, 2), 5)


@bp.orchestration_trigger(context_name="context")
def retry_sub(context: df.DurableOrchestrationContext):
    """Retry a sub-orchestrator under an id of its own, in vain."""
    options, child_id = df.RetryOptions(200, 2), context.instance_id + "-sub"
    try:
        yield context.call_sub_orchestrator_with_retry("fails_by_activity", options, 5, child_id)
    except Exception as error:
        return [type(error).__name__, str(error)]


@bp.orchestration_trigger(context_name="context")
def retry_in_all(context: df.DurableOrchestrationContext):
    """Retry four activities side by side, each as often as it needs."""
    options = df.RetryOptions(200, 3)
    given = [{"key": f"{context.instance_id}-{number}", "fails": number % 3} for number in range(4)]
    calls = [context.call_activity_with_retry("flaky_activity", options, one) for one in given]
    return (yield context.task_all(calls))
