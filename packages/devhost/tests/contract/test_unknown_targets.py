"""Functions that the app does not have, or no longer has, and ids that a child cannot have."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.actions_app import Gate, activities, make_app, racing, targets
from tests.contract.episodes import RecordedHost, recorded_host


@pytest.fixture(scope="module")
def app() -> Iterator[RecordedHost]:
    gate = Gate()
    gate.is_open.set()
    with recorded_host(make_app(gate)) as recorded:
        yield recorded


@pytest.mark.parametrize("child_id", ["own", "own-parent", "@counter@k"])
def test_a_child_with_an_impossible_id_fails_with_the_reason(app: RecordedHost, child_id: str) -> None:
    if child_id == "own-parent":
        output = app.status(app.run("child_of_id", ["child_of_id", "own-parent-child"], "again"))["output"]
    else:
        output = app.status(app.run("child_of_id", ["quick", child_id], "own"))["output"]
    expected = "again" if child_id == "own-parent" else child_id
    assert f"A sub-orchestration cannot have the id '{expected}'" in output


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("activity", "Activity function 'nobody' failed: Activity function 'nobody' does not exist."),
        ("call", "The function 'nobody' doesn't exist, is disabled, or is not an entity function."),
    ],
)
def test_a_call_of_something_unknown_fails_where_azure_hangs(app: RecordedHost, kind: str, words: str) -> None:
    status, output = app.ended("call_of", [kind, "nobody"])
    assert (status, words in output) == ("Completed", True)


def test_a_signal_to_an_unknown_entity_fails_the_instance(app: RecordedHost) -> None:
    status, output = app.ended("call_of", ["signal", "nobody"])
    words = "Orchestrator function 'call_of' failed: The function 'nobody' doesn't exist, is disabled, or is not"
    assert status == "Failed"
    assert output.startswith(f"{words} an entity function. Additional info: ")


def test_an_activity_that_left_the_app_while_it_was_due_fails(tmp_path: Path) -> None:
    gate = Gate()
    with recorded_host([targets(), activities(gate)], tmp_path / "before") as before:
        instance = before.host.start("held_child")
        before.host.wait_until(lambda: gate.visits, "the activity is due")
        shutil.copytree(tmp_path / "before", tmp_path / "after")
        gate.is_open.set()
    with recorded_host([targets()], tmp_path / "after") as after:
        after.host.wait_quiescent()
        (failed,) = [
            event for event in after.status(instance)["historyEvents"] if event["EventType"] == "TaskFailed"
        ]
    assert failed["Reason"] == "Activity function 'slow' failed: Activity function 'slow' does not exist."


def test_an_orchestrator_that_left_the_app_fails_its_instances(tmp_path: Path) -> None:
    gate = Gate()
    with recorded_host([racing(), activities(gate)], tmp_path) as before:
        instance = before.run("timer_at", "2024-01-01T01:00:00+00:00")
    with recorded_host([targets(), activities(gate)], tmp_path) as after:
        after.host.advance(hours=1)
        output = after.status(instance)["output"]
    assert output.startswith("Orchestrator function 'timer_at' failed: The function 'timer_at' doesn't exist, is ")
    assert "or is not an orchestrator function" in output


def test_names_of_functions_are_compared_without_case(app: RecordedHost) -> None:
    assert app.ended("CALL_OF", ["activity", "ECHO"]) == ("Completed", None)
