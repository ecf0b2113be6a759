"""What an app does that waits for people: reads its history, drains events, sets timers anew, retries."""

from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()


def _timer(context: df.DurableOrchestrationContext, seconds: float) -> df.models.Task.TimerTask:
    return context.create_timer(context.current_utc_datetime + timedelta(seconds=seconds))


@bp.orchestration_trigger(context_name="context")
def reads_its_history(context: df.DurableOrchestrationContext):
    """Tell what the history held when an activity had ended that events came before and during."""
    yield context.call_activity("echo_activity", {"n": 1})
    yield _timer(context, 4)
    yield context.call_activity("echo_activity", "2")
    fields = ("event_type", "event_id", "Name", "Input", "Result", "TaskScheduledId", "TimerId", "Reason")
    return [[getattr(event, field, None) for field in fields] for event in context.histories]


@bp.orchestration_trigger(context_name="context")
def drains_events(context: df.DurableOrchestrationContext):
    """Take the events that came before anybody waited, then start anew, and see that none of them is left."""
    if context.get_input() is None:
        yield _timer(context, 4)
        early = [event.Input for event in context.histories if getattr(event, "Name", None) == "go"]
        drained = []
        for _ in early:
            drained.append((yield context.wait_for_external_event("go")))
        yield _timer(context, 2)
        context.continue_as_new([early, drained])
        return None
    timer, event = _timer(context, 4), context.wait_for_external_event("go")
    winner = yield context.task_any([event, timer])
    return [context.get_input(), "nothing left" if winner == timer else event.result]


@bp.orchestration_trigger(context_name="context")
def reminds_then_gives_up(context: df.DurableOrchestrationContext):
    """Wait for an event, with a reminder half-way to the deadline; which timer fired tells what comes next."""
    event, told = context.wait_for_external_event("go"), []
    began = context.current_utc_datetime
    for seconds, name in ((3, "reminder"), (6, "deadline")):
        timer = context.create_timer(began + timedelta(seconds=seconds))
        winner = yield context.task_any([event, timer])
        if winner == event:
            if not timer.is_completed:
                timer.cancel()
            told.append(event.result)
            break
        told.append((yield context.call_activity("echo_activity", name)))
    return told


@bp.orchestration_trigger(context_name="context")
def ignores_what_is_no_decision(context: df.DurableOrchestrationContext):
    """Wait for the event that decides; any other is counted, and the timer is set anew."""
    for ignored in range(5):
        context.set_custom_status({"stage": "waiting", "ignored": ignored})
        event, timer = context.wait_for_external_event("go"), _timer(context, 3600)
        yield context.task_any([event, timer])
        timer.cancel()
        given = yield context.call_activity("echo_activity", event.result)
        if given == "decided":
            return [ignored, given]


@bp.orchestration_trigger(context_name="context")
def signals_when_decided(context: df.DurableOrchestrationContext):
    """Wait for an event or an hour, cancel the hour, signal, and end."""
    event, timer = context.wait_for_external_event("go"), _timer(context, 3600)
    yield context.task_any([event, timer])
    timer.cancel()
    context.set_custom_status("decided")
    context.signal_entity(df.EntityId("counter", context.instance_id), "add", 1)
    return event.result


@bp.orchestration_trigger(context_name="context")
def waits_in_generations(context: df.DurableOrchestrationContext):
    """Wait for the event that decides; any other starts a new generation after a pause of three seconds."""
    given = context.get_input() or {"ignored": 0}
    context.set_custom_status({"stage": "waiting", **given})
    event, timer = context.wait_for_external_event("go"), _timer(context, 3600)
    yield context.task_any([event, timer])
    timer.cancel()
    if event.result == "decided":
        return given
    yield _timer(context, 3)
    context.continue_as_new({"ignored": given["ignored"] + 1})


@bp.orchestration_trigger(context_name="context")
def retries_before_deadline(context: df.DurableOrchestrationContext):
    """Try an activity that fails twice, each time in a race with the deadline."""
    deadline = context.current_utc_datetime + timedelta(seconds=600)
    failures: list[str] = []
    for _ in range(3):
        work = context.call_activity("flaky_activity", {"key": context.instance_id, "fails": 2})
        alarm = context.create_timer(deadline)
        winner = yield context.task_any([work, alarm])
        alarm.cancel()
        if winner == work and not isinstance(work.result, Exception):
            return [failures, work.result]
        failures.append(str(work.result))
        yield _timer(context, 1)


@bp.orchestration_trigger(context_name="context")
def gives_up_at_deadline(context: df.DurableOrchestrationContext):
    """Meet the deadline while an activity of four seconds is at work, and fail."""
    work, alarm = context.call_activity("slow_activity", 4), _timer(context, 2)
    winner = yield context.task_any([work, alarm])
    if winner == alarm:
        yield context.call_activity("echo_activity", "compensated")
        raise TimeoutError("the deadline has passed")
    return work.result


@bp.orchestration_trigger(context_name="context")
def retries_in_rounds(context: df.DurableOrchestrationContext):
    """Run three activities side by side, wait until all have settled, and try those that failed again."""
    names, rounds = ["a", "b", "c"], []
    while names:
        given = [{"key": context.instance_id + name, "fails": "abc".index(name)} for name in names]
        tasks = [context.call_activity("flaky_activity", one) for one in given]
        still_open = list(tasks)
        while still_open:
            still_open.remove((yield context.task_any(still_open)))
        failed = [isinstance(task.result, Exception) for task in tasks]
        rounds.append([names, failed])
        names = [name for name, has_failed in zip(names, failed, strict=True) if has_failed]
        yield _timer(context, 1)
    return rounds


@bp.orchestration_trigger(context_name="context")
def compensates(context: df.DurableOrchestrationContext):
    """Catch a failure, count and tell it, and fail with it all the same."""
    context.set_custom_status({"stage": "working"})
    context.signal_entity(df.EntityId("counter", context.instance_id), "add", 1)
    try:
        yield context.call_activity("fail_activity", "step")
    except Exception:
        yield context.call_activity("echo_activity", "noted")
        context.signal_entity(df.EntityId("counter", context.instance_id), "add", -1)
        context.set_custom_status({"stage": "failed"})
        raise


@bp.orchestration_trigger(context_name="context")
def collects_events(context: df.DurableOrchestrationContext):
    """Take as many events as asked for, one after the other, and sort them."""
    given = []
    for _ in range(context.get_input()):
        given.append((yield context.wait_for_external_event("go")))
    return sorted(given)


@bp.orchestration_trigger(context_name="context")
def shows_its_status(context: df.DurableOrchestrationContext):
    """Tell the custom status as the context has it, before and after an activity, and after starting anew."""
    seen = [*(context.get_input() or []), context.custom_status]
    context.set_custom_status({"seen": len(seen)})
    yield context.call_activity("echo_activity", 1)
    seen.append(context.custom_status)
    if len(seen) < 4:
        context.continue_as_new(seen)
        return None
    return seen
