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


ACTIVITY = "records TASK_SCHEDULED number 0 named 'echo'"
CHILD = "records SUB_ORCHESTRATION_CREATED number 0 named 'sleeper'"
TIMER = "records TIMER_CREATED number 0"
CALL = "records EVENT_SENT number 0 calling 'add' of '@counter@k'"
SIGNAL = "records EVENT_SENT number 0 signalling 'add' of '@counter@k'"


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
        (activity, other_activity, ACTIVITY, "TASK_SCHEDULED named 'shout'"),
        (activity, timer, ACTIVITY, "TIMER_CREATED"),
        (activity, child, ACTIVITY, "SUB_ORCHESTRATION_CREATED named 'sleeper'"),
        (activity, signal, ACTIVITY, "EVENT_SENT signalling 'add' of '@counter@k'"),
        (activity, wait, ACTIVITY, "nothing there"),
        (timer, activity, TIMER, "TASK_SCHEDULED named 'echo'"),
        (timer, call, TIMER, "EVENT_SENT calling 'add' of '@counter@k'"),
        (timer, wait, TIMER, "nothing there"),
        (child, other_child, CHILD, "SUB_ORCHESTRATION_CREATED named 'changing'"),
        (child, activity, CHILD, "TASK_SCHEDULED named 'echo'"),
        (call, call_of_another, CALL, "EVENT_SENT calling 'add' of '@counter@other'"),
        (call, other_operation, CALL, "EVENT_SENT calling 'subtract' of '@counter@k'"),
        (call, signal, CALL, "EVENT_SENT signalling 'add' of '@counter@k'"),
        (call, wait, CALL, "nothing there"),
        (signal, call, SIGNAL, "EVENT_SENT calling 'add' of '@counter@k'"),
        (signal, activity, SIGNAL, "TASK_SCHEDULED named 'echo'"),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_the_failure_names_what_is_recorded_and_what_the_code_asks_for_instead(
    app: RecordedHost, code: ChangingCode, before: Code, after: Code, recorded: str, asked: str
) -> None:
    status = end_of(app, code, before, after)
    assert status["runtimeStatus"] == "Failed"
    begin = "Non-Deterministic workflow detected: the history of orchestrator 'changing'"
    assert status["output"].startswith(f"{begin} {recorded}, but this time the code asks for {asked}. ")
    assert "a secret payload" not in status["output"]


@pytest.mark.parametrize("before", [activity, timer, child, call, signal])
@pytest.mark.parametrize("after", [nothing, failing])
def test_code_that_returns_or_raises_before_what_it_once_asked_for_is_told_so(
    app: RecordedHost, code: ChangingCode, before: Code, after: Code
) -> None:
    status = end_of(app, code, before, after)
    assert status["runtimeStatus"] == "Failed"
    assert "but this time the code asks for nothing there." in status["output"]


def test_the_failure_says_what_to_do(app: RecordedHost, code: ChangingCode) -> None:
    output = end_of(app, code, activity, timer)["output"]
    assert "give the new code its own version" in output
    assert "clocks, random numbers or I/O" in output


@pytest.mark.parametrize("step", [activity, timer, child, call, signal])
def test_code_that_stays_the_same_is_not_accused(app: RecordedHost, code: ChangingCode, step: Code) -> None:
    assert end_of(app, code, step, step)["runtimeStatus"] == "Running"
