"""An app whose every instance uses retries, timers, children, events, entities and continue-as-new.

The tests start it, kill its host again and again, and check the outcome. ``SAMPLE_FOLDER`` names the
folder where activities leave traces: a line in ``effects`` per run, and a file per activity that has failed once.
"""

import os
from datetime import timedelta
from pathlib import Path

import azure.durable_functions as df

ROUNDS = 2
app = df.DFApp()


@app.orchestration_trigger(context_name="context")
def journey(context: df.DurableOrchestrationContext):
    """Two generations; each waits for an event and calls all of these."""
    number = context.get_input() or 0
    mine, everybodys = df.EntityId("counter", context.instance_id), df.EntityId("counter", "all")
    context.signal_entity(everybodys, "add", 1)
    retry = df.RetryOptions(first_retry_interval_in_milliseconds=20, max_number_of_attempts=4)
    trace = f"{context.instance_id}-{number}"
    yield context.call_activity_with_retry("fail_once", retry, trace)
    yield context.task_all([context.call_activity("work", f"{trace}-{part}") for part in range(2)])
    go, late = context.wait_for_external_event("go"), _timer(context, timedelta(milliseconds=300))
    if (yield context.task_any([go, late])) == go:
        late.cancel()
    yield _timer(context, timedelta(milliseconds=20))
    seen = yield context.call_entity(mine, "add", 1)
    child = yield context.call_sub_orchestrator("child", [context.instance_id, number])
    if number + 1 < ROUNDS:
        context.continue_as_new(number + 1)
        return None
    return [seen, child]


@app.orchestration_trigger(context_name="context")
def child(context: df.DurableOrchestrationContext):
    """Work of its own, and one more on the parent's counter."""
    parent, number = context.get_input()
    yield context.call_activity("work", f"{parent}-{number}-child")
    return (yield context.call_entity(df.EntityId("counter", parent), "add", 1))


@app.activity_trigger(input_name="trace")
def fail_once(trace: str) -> str:
    """Fail the first time, for good or until the host that knew of it is killed."""
    _leave(f"fail_once {trace}")
    try:
        (_folder() / f"failed-{trace}").touch(exist_ok=False)
    except FileExistsError:
        return trace
    raise ValueError(f"{trace} fails once")


@app.activity_trigger(input_name="trace")
async def work(trace: str) -> str:
    """Leave a trace."""
    _leave(f"work {trace}")
    return trace


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext) -> None:
    """Add up; not idempotent, so an operation applied twice shows."""
    total = context.get_state(lambda: 0) + context.get_input()
    context.set_state(total)
    context.set_result(total)


def _timer(context: df.DurableOrchestrationContext, delay: timedelta):
    return context.create_timer(context.current_utc_datetime + delay)


def _leave(line: str) -> None:
    with (_folder() / "effects").open("a") as effects:
        effects.write(f"{line}\n")


def _folder() -> Path:
    return Path(os.environ["SAMPLE_FOLDER"])
