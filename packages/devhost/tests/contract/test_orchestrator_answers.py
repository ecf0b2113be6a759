"""What becomes of the answers and the exceptions of orchestrators."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.episodes import MARKER, RecordedHost, recorded_host
from tests.contract.protocol_app import make_app

ORCHESTRATOR_STARTED, ORCHESTRATOR_COMPLETED, EXECUTION_STARTED = 12, 13, 0
ODD_TIME = timedelta(microseconds=123457)
KILOBYTE = 1024


@pytest.fixture(scope="module")
def app() -> Iterator[RecordedHost]:
    with recorded_host(make_app()) as recorded:
        yield recorded


# What an answer leads to


def test_a_naive_time_for_a_timer_fails_as_on_azure(app: RecordedHost) -> None:
    status, output = app.ended("naive_timer")
    assert status == "Failed"
    assert "can't compare offset-naive and offset-aware datetimes" in output


@pytest.mark.parametrize("output", [{"x": [1, None]}, "text", 0, False, None])
def test_what_an_orchestrator_returns_is_the_output(app: RecordedHost, output: Any) -> None:
    assert app.ended("returning", output) == ("Completed", output)


def test_a_task_that_is_never_yielded_and_an_empty_compound_leave_no_trace(app: RecordedHost) -> None:
    instance = app.run("unused_tasks")
    kinds = [event["EventType"] for event in app.status(instance)["historyEvents"]]
    assert (kinds, app.status(instance)["output"]) == (["ExecutionStarted", "ExecutionCompleted"], None)


def test_objects_of_the_apps_own_classes_pass_through_activities(app: RecordedHost) -> None:
    assert app.ended("money", 21) == ("Completed", 42)


def test_the_custom_status_is_what_the_latest_episode_says_and_nothing_when_it_says_nothing(
    app: RecordedHost,
) -> None:
    instance = app.run("statuses", ["first", {"stage": 2}, "", "fourth", 0])
    seen = [app.status(instance)["customStatus"]]
    for _ in range(4):
        app.raise_event(instance, "next")
        seen.append(app.status(instance)["customStatus"])
    assert seen == ["first", {"stage": 2}, None, "fourth", None]


@pytest.mark.parametrize(
    ("character", "length"),
    [("x", 8 * KILOBYTE - 2), ("é", 8 * KILOBYTE - 2), ("😀", 4 * KILOBYTE - 1)],
    ids=["ascii", "accents", "emoji"],
)
def test_a_custom_status_may_have_sixteen_kilobytes_of_utf_16(
    app: RecordedHost, character: str, length: int
) -> None:
    fitting = app.status(app.run("status_of_size", [character, length]))
    assert fitting["customStatus"] == character * length
    status, output = app.ended("status_of_size", [character, length + 1])
    assert status == "Failed"
    assert output.startswith(
        "Orchestrator function 'status_of_size' failed: "
        "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB."
    )


def test_an_instance_with_too_long_a_custom_status_carries_out_nothing_more(app: RecordedHost) -> None:
    instance = app.run("status_of_size", ["x", 9 * KILOBYTE])
    status = app.status(instance)
    assert "The current payload size is 18 KB." in status["output"]
    assert status["customStatus"] is None
    assert [event["EventType"] for event in status["historyEvents"]] == [
        "ExecutionStarted",
        "TaskCompleted",
        "ExecutionCompleted",
    ]


# Failures


def test_an_exception_fails_the_instance_after_its_actions_and_status_were_taken(app: RecordedHost) -> None:
    instance = app.run("raising", ["boom"])
    status = app.status(instance)
    assert MARKER in app.of(instance)[-1].answer
    assert (status["runtimeStatus"], status["customStatus"]) == ("Failed", "last words")
    assert status["output"] == "Orchestrator function 'raising' failed: boom"
    assert app.host.entity_state("counter", instance) == 1


def test_an_exception_without_text_is_named_by_its_class(app: RecordedHost) -> None:
    assert app.ended("raising", [])[1] == "Orchestrator function 'raising' failed: <class 'ValueError'>"


def test_an_exception_that_holds_the_marker_itself_is_cut_at_the_first_one(app: RecordedHost) -> None:
    status, output = app.ended("raising", [f"boom{MARKER}{{}}"])
    assert status == "Failed"
    assert output.startswith("Orchestrator function 'raising' failed: ")
    assert "boom" in output


def test_an_output_that_is_no_json_fails_the_instance(app: RecordedHost) -> None:
    status, output = app.ended("returning_an_object")
    assert status == "Failed"
    assert output.startswith("Orchestrator function 'returning_an_object' failed: ")
    assert "not JSON serializable" in output


def test_an_error_of_the_sdk_itself_fails_the_instance_in_the_hosts_words(app: RecordedHost) -> None:
    status, output = app.ended("yielding_a_number")
    begin = "Orchestrator function 'yielding_a_number' failed: One or more errors occurred. (Result: Failure\n"
    assert status == "Failed"
    assert output.startswith(begin + "Exception: AttributeError: ")
    assert "\nStack: Traceback" in output


def test_a_parent_gets_reason_and_details_of_its_failed_child(app: RecordedHost) -> None:
    _, (kind, text) = app.ended("catching_a_child")
    assert kind == "Exception"
    assert text.startswith("Orchestrator function 'raising' failed: boom \n Message: boom, StackTrace: ")
