"""Retries: their numbers, their pauses, and when they give up."""

from collections.abc import Iterator
from typing import Any

import azure.durable_functions as df
import pytest

from devhost.engine.commands import CreateTimer, Failed, ScheduleActivity
from devhost.engine.replay import replay
from devhost.engine.state_document import StateDocument
from tests.contract.episodes import RecordedHost, Steps, only, recorded_host

DAY_MS = 24 * 60 * 60 * 1000
ACTIVITY, TIMER, CHILD = "activity", "timer", "child"


def options(attempts: int, interval_ms: int = 5000) -> df.RetryOptions:
    return df.RetryOptions(first_retry_interval_in_milliseconds=interval_ms, max_number_of_attempts=attempts)


def make_app(failures: dict[str, int]) -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def retried(context: df.DurableOrchestrationContext) -> Steps:
        attempts, *interval = context.get_input()
        try:
            result = yield context.call_activity_with_retry(
                "flaky", options(attempts, *interval), context.instance_id
            )
        except Exception as error:
            result = str(error)
        context.set_custom_status(result)
        yield context.call_activity("echo", "after")
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def retried_child(context: df.DurableOrchestrationContext) -> Steps:
        result = yield context.call_sub_orchestrator_with_retry(
            "frail", options(3), context.instance_id, context.get_input()
        )
        context.set_custom_status(result)
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def frail(context: df.DurableOrchestrationContext) -> Steps:
        return (yield context.call_activity("flaky", context.get_input()))

    @bp.orchestration_trigger(context_name="context")
    def in_a_crowd(context: df.DurableOrchestrationContext) -> Steps:
        crowd = [
            context.call_activity_with_retry("flaky", options(3), f"{context.instance_id}-{n}") for n in (0, 1)
        ]
        yield context.task_all(crowd)
        yield context.call_activity("echo", "after")
        yield context.wait_for_external_event("end")

    @bp.activity_trigger(input_name="key")
    def flaky(key: str) -> str:
        failures[key] = failures.get(key, 0) - 1
        if failures[key] >= 0:
            raise ValueError("boom")
        return "done"

    @bp.activity_trigger(input_name="payload")
    def echo(payload: Any) -> Any:
        return payload

    return bp


@pytest.fixture(scope="module")
def failures() -> dict[str, int]:
    """How often ``flaky`` still fails, by its input."""
    return {}


@pytest.fixture(scope="module")
def app(failures: dict[str, int]) -> Iterator[RecordedHost]:
    with recorded_host([make_app(failures)]) as recorded:
        yield recorded


def run(app: RecordedHost, failures: dict[str, int], times: int, attempts: int) -> str:
    """Run an activity that fails a number of times before it succeeds, for a minute."""
    instance = f"{times}-failures-in-{attempts}"
    failures[instance] = times
    app.run("retried", [attempts], instance)
    app.host.advance(seconds=60)
    return instance


@pytest.mark.parametrize(
    ("times", "attempts", "expected"),
    [
        (0, 3, [ACTIVITY]),
        (1, 3, [ACTIVITY, TIMER, ACTIVITY]),
        (2, 3, [ACTIVITY, TIMER, ACTIVITY, TIMER, ACTIVITY]),
        (3, 3, [ACTIVITY, TIMER, ACTIVITY, TIMER, ACTIVITY, TIMER]),
        (1, 1, [ACTIVITY, TIMER]),
    ],
)
def test_each_failed_attempt_takes_a_number_for_its_timer_and_each_further_attempt_one(
    app: RecordedHost, failures: dict[str, int], times: int, attempts: int, expected: list[str]
) -> None:
    instance = run(app, failures, times, attempts)
    assert app.numbers(instance) == list(enumerate([*expected, ACTIVITY]))
    is_failed = times >= attempts
    assert app.status(instance)["customStatus"].startswith("Activity function" if is_failed else "done")


def test_the_timer_after_the_last_failure_is_due_at_once(app: RecordedHost, failures: dict[str, int]) -> None:
    failures["at-once"] = 1
    instance = app.run("retried", [1], "at-once")
    assert app.status(instance)["customStatus"].startswith("Activity function 'flaky' failed:  ValueError: boom")


def test_an_attempt_waits_for_its_interval_less_the_second_that_timers_fire_early(
    app: RecordedHost, failures: dict[str, int]
) -> None:
    failures["patient"] = 2
    instance = app.run("retried", [3], "patient")
    seen = []
    for seconds in (3.9, 0.1, 3.9, 0.1):
        app.host.advance(seconds=seconds)
        seen.append(len(only(app.history(instance), 4)))
    assert seen == [1, 2, 2, 4]


def test_retries_side_by_side_take_their_numbers_as_their_failures_come_in(
    app: RecordedHost, failures: dict[str, int]
) -> None:
    failures.update({"crowd-0": 1, "crowd-1": 2})
    instance = app.run("in_a_crowd", None, "crowd")
    app.host.advance(seconds=60)
    numbers = app.numbers(instance)
    assert [number for number, _ in numbers] == list(range(9))
    assert [kind for _, kind in numbers].count(TIMER) == 3
    assert numbers[-1] == (8, ACTIVITY)


def test_a_child_without_id_gets_a_new_one_for_every_attempt(app: RecordedHost, failures: dict[str, int]) -> None:
    failures["anonymous"] = 1
    instance = app.run("retried_child", None, "anonymous")
    app.host.advance(seconds=60)
    execution = app.of(instance)[0].history[1]["OrchestrationInstance"]["ExecutionId"]
    created = only(app.history(instance), 7)
    assert [event["InstanceId"] for event in created] == [f"{execution}:0", f"{execution}:2"]
    assert app.numbers(instance) == [(0, CHILD), (1, TIMER), (2, CHILD)]


def test_a_child_with_an_id_keeps_it_for_every_attempt(app: RecordedHost, failures: dict[str, int]) -> None:
    failures["named"] = 2
    instance = app.run("retried_child", "the-retried-child", "named")
    app.host.advance(seconds=60)
    assert [event["InstanceId"] for event in only(app.history(instance), 7)] == ["the-retried-child"] * 3
    assert app.status(instance)["customStatus"] == "done"


def test_no_attempts_at_all_schedule_nothing_and_wait_for_ever(app: RecordedHost) -> None:
    instance = app.run("retried", [0])
    app.host.advance(hours=1)
    assert app.numbers(instance) == []


def test_a_pause_of_more_than_six_days_fails_the_instance(app: RecordedHost, failures: dict[str, int]) -> None:
    status, output = app.ended("retried", [3, 6 * DAY_MS + 1])
    assert status == "Failed"
    assert output.startswith("Orchestrator function 'retried' failed: firstRetryIntervalInMilliseconds is ")
    assert "6 days at most" in output
    failures["six-days"] = 1
    app.run("retried", [3, 6 * DAY_MS], "six-days")
    app.host.advance(days=6)
    assert app.status("six-days")["customStatus"] == "done"


def test_an_interval_that_is_not_positive_is_an_error_in_the_apps_own_code(app: RecordedHost) -> None:
    instance = app.run("retried", [3, 0])
    assert app.status(instance)["customStatus"].startswith("first_retry_interval_in_milliseconds value")
    assert app.numbers(instance) == [(0, ACTIVITY)]


# Retry options beyond the two that this SDK sends

T = [f"2024-01-01T00:00:{second:02}.000000Z" for second in range(60)]


def decide(attempts: int, *pauses: int, **retry: Any) -> Any:
    """The engine's decision after an activity has failed after each of these pauses, in seconds."""
    history: list[dict[str, Any]] = [
        {"EventType": 12, "Timestamp": T[0]},
        {"EventType": 0, "Timestamp": T[0], "Name": "o"},
        {"EventType": 4, "EventId": 0, "Name": "a", "Timestamp": T[0]},
    ]
    now, task = 0, 0
    for at, pause in enumerate(pauses):
        now += pause
        if at:
            history += [
                {"EventType": 10, "EventId": task + 1, "FireAt": T[now], "Timestamp": T[now]},
                {"EventType": 12, "Timestamp": T[now]},
                {"EventType": 11, "TimerId": task + 1, "Timestamp": T[now]},
                {"EventType": 4, "EventId": task + 2, "Name": "a", "Timestamp": T[now]},
            ]
            task += 2
        history += [
            {"EventType": 12, "Timestamp": T[now]},
            {"EventType": 6, "TaskScheduledId": task, "Timestamp": T[now]},
        ]
    retry = {"firstRetryIntervalInMilliseconds": 2000, "maxNumberOfAttempts": attempts, **retry}
    action = {"actionType": 1, "functionName": "a", "input": "1", "retryOptions": retry}
    following = {"actionType": 0, "functionName": "after", "input": "1"}
    return replay("o", history, 0, StateDocument([action, following]))


@pytest.mark.parametrize(
    ("pauses", "retry", "due"),
    [
        ((1,), {}, 3),
        ((1, 2), {}, 5),
        ((1, 2), {"backoffCoefficient": 3}, 9),
        ((1, 2), {"backoffCoefficient": 3, "maxRetryIntervalInMilliseconds": 4000}, 7),
    ],
)
def test_pauses_grow_by_the_coefficient_up_to_the_longest(
    pauses: tuple[int, ...], retry: dict[str, Any], due: int
) -> None:
    assert decide(5, *pauses, **retry).commands == (CreateTimer(2 * len(pauses) - 1, T[due]),)


@pytest.mark.parametrize(
    ("pauses", "retry"),
    [((5,), {"retryTimeoutInMilliseconds": 5000}), ((5,), {"firstRetryIntervalInMilliseconds": 0})],
    ids=["the time is up", "no pause"],
)
def test_retries_end_early_without_a_timer(pauses: tuple[int, ...], retry: dict[str, Any]) -> None:
    assert decide(5, *pauses, **retry).commands == (ScheduleActivity(1, "after", "1"),)


def test_a_longest_pause_of_more_than_six_days_is_refused() -> None:
    ending = decide(5, maxRetryIntervalInMilliseconds=7 * DAY_MS).ending
    assert isinstance(ending, Failed)
    assert ending.error.startswith("maxRetryIntervalInMilliseconds is ")
