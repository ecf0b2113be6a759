from collections.abc import Callable
from datetime import timedelta
from typing import Any

from devhost.testing import OrchestrationTestHost
from tests.unit.engine.sample_app import SampleApp

StoredHistory = Callable[[str], list[dict[str, Any]]]
_SCHEDULED = {4: "activity", 7: "child", 10: "timer", 14: "operation"}


def numbers(history: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """The numbers of what was scheduled, in the order of the history."""
    kinds = [(event, _SCHEDULED.get(event["EventType"])) for event in history]
    return [(event["EventId"], kind) for event, kind in kinds if kind]


def run(host: OrchestrationTestHost, name: str, payload: Any = None) -> dict[str, Any]:
    """Start an instance, wait until it cannot go on, and return its status."""
    instance = host.start(name, payload)
    host.wait_quiescent()
    return status(host, instance)


def status(host: OrchestrationTestHost, instance: str) -> dict[str, Any]:
    found = host.status(instance)
    assert found is not None
    return found


def test_a_sequence_of_activities_completes_with_its_result(host: OrchestrationTestHost) -> None:
    ended = run(host, "sequence", {"a": 1})
    assert ended["runtimeStatus"] == "Completed"
    assert ended["output"] == [{"a": 1}, {"a": 1}]
    assert ended["customStatus"] == {"stage": "second"}


def test_status_shows_the_input_as_the_string_that_the_client_sent(host: OrchestrationTestHost) -> None:
    ended = run(host, "sequence", {"a": 1})
    assert ended["input"] == '{"a": 1}'
    assert (ended["createdTime"], ended["instanceId"]) == ("2024-01-01T00:00:00Z", ended["instanceId"].lower())


def test_names_are_compared_without_case(host: OrchestrationTestHost) -> None:
    assert run(host, "SEQUENCE", 1)["output"] == [1, 1]


def test_retries_take_a_timer_and_an_attempt_each(
    host: OrchestrationTestHost, sample: SampleApp, stored_history: StoredHistory
) -> None:
    sample.failures_left = 2
    instance = host.start("retried")
    host.advance(timedelta(seconds=10))
    assert status(host, instance)["output"] == [1, "after"]
    assert numbers(stored_history(instance)) == [
        (0, "activity"),
        (1, "timer"),
        (2, "activity"),
        (3, "timer"),
        (4, "activity"),
        (5, "activity"),
    ]


def test_a_retry_waits_for_its_interval_less_up_to_a_second(
    host: OrchestrationTestHost, sample: SampleApp
) -> None:
    sample.failures_left = 1
    instance = host.start("retried")
    host.advance(timedelta(seconds=3.9))
    assert status(host, instance)["runtimeStatus"] == "Running"
    host.advance(timedelta(seconds=0.1))
    assert status(host, instance)["runtimeStatus"] == "Completed"


def test_after_the_last_failed_attempt_one_more_timer_is_numbered(
    host: OrchestrationTestHost, sample: SampleApp, stored_history: StoredHistory
) -> None:
    sample.failures_left = 3
    instance = host.start("retried")
    host.advance(timedelta(seconds=10))
    assert status(host, instance)["runtimeStatus"] == "Failed"
    assert [number for number, _ in numbers(stored_history(instance))] == [0, 1, 2, 3, 4, 5]
    assert numbers(stored_history(instance))[-1] == (5, "timer")


def test_retries_side_by_side_keep_their_numbers(host: OrchestrationTestHost, sample: SampleApp) -> None:
    sample.failures_left = 4
    instance = host.start("retries_side_by_side")
    host.advance(timedelta(seconds=15))
    assert status(host, instance)["output"] == [[0, 1, 2], "after"]


def test_fan_out_returns_results_in_the_order_of_the_tasks(host: OrchestrationTestHost) -> None:
    assert run(host, "fan_out")["output"] == [[0, 1, 2, 3, 4], 10]


def test_an_uncaught_activity_error_fails_the_instance_with_the_words_of_azure(
    host: OrchestrationTestHost, sample: SampleApp
) -> None:
    sample.failures_left = 1
    ended = run(host, "failing")
    expected = "Orchestrator function 'failing' failed: Activity function 'flaky' failed:  ValueError: boom \n {"
    assert ended["runtimeStatus"] == "Failed"
    assert ended["output"].startswith(expected)
    assert ended["customStatus"] == "trying"


def test_a_caught_error_lets_the_orchestrator_compensate(host: OrchestrationTestHost, sample: SampleApp) -> None:
    sample.failures_left = 1
    ended = run(host, "compensating")
    assert ended["output"].startswith("Activity function 'flaky' failed:  ValueError: boom \n ")
    assert sample.calls == [1, "compensate"]


def test_an_unknown_activity_fails_instead_of_hanging(host: OrchestrationTestHost) -> None:
    ended = run(host, "unknown_activity")
    assert ended["runtimeStatus"] == "Failed"
    assert "Activity function 'nowhere' does not exist." in ended["output"]


def test_an_error_without_state_fails_the_instance(host: OrchestrationTestHost) -> None:
    ended = run(host, "not_a_generator")
    assert ended["runtimeStatus"] == "Failed"
    assert "LookupError: no map" in ended["output"]


def test_a_deadline_fires_up_to_a_second_before_its_time_as_on_azure(host: OrchestrationTestHost) -> None:
    instance = host.start("event_or_timeout", 48)
    host.advance(timedelta(hours=47, minutes=59))
    assert status(host, instance)["runtimeStatus"] == "Running"
    host.advance(timedelta(minutes=1))
    assert status(host, instance)["output"] == ["timeout", "2024-01-02T23:59:59+00:00"]


def test_a_timer_of_forty_days_goes_in_legs_and_ends_on_time(
    host: OrchestrationTestHost, stored_history: StoredHistory
) -> None:
    instance = host.start("event_or_timeout", 24 * 40)
    host.advance(timedelta(days=40))
    assert status(host, instance)["output"] == ["timeout", "2024-02-10T00:00:00+00:00"]
    assert len([kind for _, kind in numbers(stored_history(instance)) if kind == "timer"]) > 1


def test_an_event_wins_against_the_timer_and_cancels_it(host: OrchestrationTestHost) -> None:
    instance = host.start("event_or_timeout", 48)
    host.raise_event(instance, "go", {"approved": True})
    host.wait_quiescent()
    ended = status(host, instance)
    assert (ended["runtimeStatus"], ended["output"]) == ("Completed", ["event", '{"approved": true}'])


def test_an_event_raised_as_an_object_arrives_as_an_object(host: OrchestrationTestHost) -> None:
    instance = host.start("event_or_timeout", 48)
    host.raise_event(instance, "go", {"approved": True}, as_object=True)
    host.wait_quiescent()
    assert status(host, instance)["output"] == ["event", {"approved": True}]


def test_an_event_that_comes_before_the_wait_is_kept(host: OrchestrationTestHost) -> None:
    instance = host.start("event_or_timeout", 48)
    host.raise_event(instance, "go", 1)
    host.wait_quiescent()
    assert status(host, instance)["output"] == ["event", "1"]


def test_events_of_one_name_are_taken_in_their_order(host: OrchestrationTestHost) -> None:
    instance = host.start("two_events")
    for number in (1, 2):
        host.wait_quiescent()
        host.raise_event(instance, "go", number)
    host.wait_quiescent()
    assert status(host, instance)["output"] == ["1", "2"]


def test_an_instance_stays_running_until_the_losing_activity_ends(
    host: OrchestrationTestHost, sample: SampleApp
) -> None:
    instance = host.start("work_or_timeout")
    host.wait_until(lambda: sample.calls, "the activity runs")
    host.wait_quiescent(ignoring_running_activities=1)
    host.advance(timedelta(minutes=10))
    assert status(host, instance)["runtimeStatus"] == "Running"
    sample.gate.set()
    host.wait_quiescent(ignoring_running_activities=0)
    assert status(host, instance)["output"] == "timeout"


def test_work_that_wins_ends_the_instance_without_the_timer(
    host: OrchestrationTestHost, sample: SampleApp
) -> None:
    sample.gate.set()
    assert run(host, "work_or_timeout")["output"] == "work"


def test_continue_as_new_starts_over_with_a_short_history(
    host: OrchestrationTestHost, sample: SampleApp, stored_history: StoredHistory
) -> None:
    instance = host.start("eternal", 0)
    host.advance(timedelta(hours=4))
    assert status(host, instance)["output"] == 3
    assert sample.calls == [0, 1, 2, 3]
    assert numbers(stored_history(instance)) == [(0, "activity"), (1, "timer")]
    assert status(host, instance)["createdTime"] == "2024-01-01T02:59:57Z"
    assert host.entity_state("counter", "rounds") == 3


def test_events_survive_continue_as_new(host: OrchestrationTestHost) -> None:
    instance = host.start("collector", [])
    host.wait_quiescent()
    for item in ("a", "b", "c", "d"):
        host.raise_event(instance, "item", item)
        host.wait_quiescent()
    assert status(host, instance)["output"] == ['"a"', '"b"', '"c"', '"d"']


def test_a_child_gives_its_result_to_its_parent(host: OrchestrationTestHost) -> None:
    assert run(host, "parent", "sequence")["output"] == ["input", "input"]
    assert status(host, "the-child")["runtimeStatus"] == "Completed"


def test_a_failed_child_fails_its_parent_with_its_reason(host: OrchestrationTestHost, sample: SampleApp) -> None:
    sample.failures_left = 1
    output = run(host, "parent", "failing")["output"]
    assert output.startswith(
        "child failed: Orchestrator function 'failing' failed: Activity function 'flaky' failed:"
    )


def test_a_parent_keeps_the_words_of_a_failed_child_and_not_its_state(
    host: OrchestrationTestHost, sample: SampleApp, stored_history: StoredHistory
) -> None:
    sample.failures_left = 1
    instance = run(host, "parent", "failing")["instanceId"]
    (failed,) = [event for event in stored_history(instance) if event["EventType"] == 9]
    assert failed["Details"].startswith("Message: Activity function 'flaky' failed:  ValueError: boom")
    assert "$OutOfProcData$" not in failed["Details"]


def test_an_unknown_child_fails_instead_of_hanging(host: OrchestrationTestHost) -> None:
    assert "The function 'nobody' doesn't exist" in run(host, "parent", "nobody")["output"]


def test_a_terminated_child_reports_the_reason(host: OrchestrationTestHost) -> None:
    instance = host.start("parent", "two_events")
    host.wait_quiescent()
    host.terminate("the-child", "enough")
    host.wait_quiescent()
    assert status(host, instance)["output"] == "child failed: enough \n None"


def test_history_stays_small_and_never_holds_activity_inputs(
    host: OrchestrationTestHost, stored_history: StoredHistory
) -> None:
    instance = host.start("sequence", "x" * 10)
    host.wait_quiescent()
    assert not any("Input" in event for event in stored_history(instance) if event["EventType"] == 4)
    empty = {name for event in stored_history(instance) for name, value in event.items() if value is None}
    assert empty <= {"Version"}


def test_shown_history_merges_each_completion_with_its_scheduling_event(host: OrchestrationTestHost) -> None:
    instance = host.start("sequence", 1)
    host.wait_quiescent()
    shown = host.status(instance, show_history=True)
    assert shown is not None
    events = shown["historyEvents"]
    kinds = ["ExecutionStarted", "TaskCompleted", "TaskCompleted", "ExecutionCompleted"]
    assert [event["EventType"] for event in events] == kinds
    assert [event.get("FunctionName") for event in events] == ["sequence", "echo", "echo_async", None]
    assert events[2]["Result"] == [1, 1]
    assert events[3]["OrchestrationStatus"] == "Completed"
