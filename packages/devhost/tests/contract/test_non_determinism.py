"""Code that no longer fits the history of a running instance: the instance fails and its output says where."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from tests.contract.episodes import RecordedHost, Steps, recorded_host

Context: TypeAlias = df.DurableOrchestrationContext
Code = Callable[[Context], Any]
COUNTER, OTHER = df.EntityId("counter", "k"), df.EntityId("counter", "other")


def wait(context: Context) -> Any:
    return context.wait_for_external_event("go")


def activity(context: Context) -> Any:
    return context.call_activity("echo", "a secret payload")


def other_activity(context: Context) -> Any:
    return context.call_activity("shout", "a secret payload")


def timer(context: Context) -> Any:
    return context.create_timer(context.current_utc_datetime + timedelta(hours=1))


def child(context: Context) -> Any:
    return context.call_sub_orchestrator("sleeper")


def other_child(context: Context) -> Any:
    return context.call_sub_orchestrator("changing")


def call(context: Context) -> Any:
    return context.call_entity(COUNTER, "add", 1)


def call_of_another(context: Context) -> Any:
    return context.call_entity(OTHER, "add", 1)


def other_operation(context: Context) -> Any:
    return context.call_entity(COUNTER, "subtract", 1)


def signal(context: Context) -> Any:
    context.signal_entity(COUNTER, "add", 1)
    return wait(context)


def nothing(_context: Context) -> Any:
    return None


def failing(_context: Context) -> Any:
    raise LookupError("changed")


MISSING = "but the current replay execution hasn't (yet?) scheduled this task."
ACTIVITY, NO_ACTIVITY = (
    "an activity task with sequence number 0 named 'echo', but the current orchestration replay instead",
    f"an activity task with sequence ID 0 and name 'echo' (version ''), {MISSING}",
)
CHILD = "a sub-orchestration task with sequence ID 0 and name 'sleeper'"
TIMER, NO_TIMER = (
    "a timer task with sequence number 0 named but the current orchestration replay instead",
    f"a timer task with sequence number 0 {MISSING}",
)
CALL, SIGNAL = (
    f"a send event task with sequence ID 0, type 'EventSent' name 'op', instance ID '@counter@k' ({how} of 'add')"
    for how in ("call", "signal")
)


class ChangingCode:
    """An orchestrator whose first step the test replaces while instances run."""

    def __init__(self) -> None:
        self.first: Code = wait

    def make_app(self) -> df.Blueprint:
        """An app with this orchestrator."""
        bp = df.Blueprint()

        @bp.orchestration_trigger(context_name="context")
        def changing(context: Context) -> Steps:
            task = self.first(context)
            if task is None:
                return "early"
            yield task
            yield wait(context)

        @bp.orchestration_trigger(context_name="context")
        def sleeper(context: Context) -> Steps:
            yield wait(context)

        @bp.activity_trigger(input_name="payload")
        def echo(payload: str) -> str:
            return payload

        @bp.activity_trigger(input_name="payload")
        def shout(payload: str) -> str:
            return payload.upper()

        @bp.entity_trigger(context_name="context")
        def counter(context: df.DurableEntityContext) -> None:
            context.set_result(1)

        return bp


@pytest.fixture(scope="module")
def code() -> ChangingCode:
    return ChangingCode()


@pytest.fixture(scope="module")
def app(code: ChangingCode) -> Iterator[RecordedHost]:
    with recorded_host([code.make_app()]) as recorded:
        yield recorded


def end_of(app: RecordedHost, code: ChangingCode, before: Code, after: Code) -> dict[str, Any]:
    """Run the old code as far as it goes, replace it, and let the instance run once more."""
    code.first = before
    instance = app.run("changing")
    assert app.status(instance)["runtimeStatus"] == "Running"
    code.first = after
    app.raise_event(instance, "peek")
    return app.status(instance)


@pytest.mark.parametrize(
    ("before", "after", "recorded", "asked"),
    [
        (activity, other_activity, ACTIVITY, "scheduled an activity task named 'shout' with this sequence number"),
        (activity, timer, ACTIVITY, "produced a CreateTimerOrchestratorAction action"),
        (activity, child, ACTIVITY, "produced a CreateSubOrchestrationAction action"),
        (activity, signal, ACTIVITY, "produced a SendEventOrchestratorAction action"),
        (activity, wait, NO_ACTIVITY, ""),
        (timer, activity, TIMER, "produced a ScheduleTaskOrchestratorAction action"),
        (timer, call, TIMER, "produced a SendEventOrchestratorAction action"),
        (timer, wait, NO_TIMER, ""),
        (child, other_child, CHILD, "scheduled a sub-orchestration task with name changing"),
        (child, activity, CHILD, "produced a ScheduleTaskOrchestratorAction action"),
        (call, call_of_another, CALL, "scheduled a call of 'add' of '@counter@other'"),
        (call, other_operation, CALL, "scheduled a call of 'subtract' of '@counter@k'"),
        (call, signal, CALL, "scheduled a signal of 'add' of '@counter@k'"),
        (call, wait, CALL, MISSING),
        (signal, call, SIGNAL, "scheduled a call of 'add' of '@counter@k'"),
        (signal, activity, SIGNAL, "scheduled a ScheduleTaskOrchestratorAction task"),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_the_failure_names_what_is_recorded_and_what_the_code_asks_for_instead(
    app: RecordedHost, code: ChangingCode, before: Code, after: Code, recorded: str, asked: str
) -> None:
    status = end_of(app, code, before, after)
    assert status["runtimeStatus"] == "Failed"
    begin = "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled"
    assert status["output"].startswith(f"{begin} {recorded}")
    assert asked in status["output"]
    assert "a secret payload" not in status["output"]


@pytest.mark.parametrize("before", [activity, timer, child, call, signal])
@pytest.mark.parametrize("after", [nothing, failing])
def test_code_that_returns_or_raises_before_what_it_once_asked_for_is_told_so(
    app: RecordedHost, code: ChangingCode, before: Code, after: Code
) -> None:
    status = end_of(app, code, before, after)
    assert status["runtimeStatus"] == "Failed"
    assert MISSING in status["output"]


def test_the_log_says_what_to_do(app: RecordedHost, code: ChangingCode, caplog: pytest.LogCaptureFixture) -> None:
    output = end_of(app, code, activity, timer)["output"]
    (said,) = [record.getMessage() for record in caplog.records if output in record.getMessage()]
    assert "give the new code its own version" in said
    assert "clocks, random numbers or I/O" in said


@pytest.mark.parametrize("step", [activity, timer, child, call, signal])
def test_code_that_stays_the_same_is_not_accused(app: RecordedHost, code: ChangingCode, step: Code) -> None:
    assert end_of(app, code, step, step)["runtimeStatus"] == "Running"
