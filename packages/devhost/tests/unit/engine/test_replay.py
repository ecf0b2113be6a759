from typing import Any

import pytest

from devhost.engine.commands import Completed, ContinuedAsNew, CreateTimer, Failed, ScheduleActivity
from devhost.engine.replay import replay
from devhost.engine.state_document import StateDocument

T0, T1 = "2024-01-01T00:00:00.000000Z", "2024-01-01T00:01:00.000000Z"
STARTED = [{"EventType": 12, "Timestamp": T0}, {"EventType": 0, "Timestamp": T0, "Name": "o"}]
ACTIVITY = {"actionType": 0, "functionName": "a", "input": "1"}
WAIT = {"actionType": 6, "externalEventName": "Go", "reason": "ExternalEvent"}


def scheduled(number: int, name: str = "a") -> dict[str, Any]:
    return {"EventType": 4, "EventId": number, "Name": name, "Timestamp": T0}


def completed(number: int) -> dict[str, Any]:
    return {"EventType": 5, "TaskScheduledId": number, "Timestamp": T1}


def raised(name: str) -> dict[str, Any]:
    return {"EventType": 15, "Name": name, "Input": "1", "Timestamp": T1}


def timer(is_cancelled: bool) -> dict[str, Any]:
    return {"actionType": 5, "fireAt": T1, "isCanceled": is_cancelled}


def decide(history: list[dict[str, Any]], *actions: dict[str, Any], **state: Any) -> Any:
    return replay("o", [*STARTED, *history], 2, StateDocument(list(actions), **state))


def test_what_is_not_in_history_yet_is_scheduled() -> None:
    assert decide([], ACTIVITY).commands == (ScheduleActivity(0, "a", "1"),)
    assert decide([scheduled(0)], ACTIVITY).commands == ()


def test_an_action_waits_for_the_one_before() -> None:
    both = [ACTIVITY, {**ACTIVITY, "functionName": "b"}]
    assert decide([scheduled(0)], *both).commands == ()
    assert decide([scheduled(0), completed(0)], *both).commands == (ScheduleActivity(1, "b", "1"),)


def test_an_instance_ends_only_when_nothing_is_open() -> None:
    race = {"actionType": 11, "compoundActions": [ACTIVITY, {**ACTIVITY, "functionName": "b"}]}
    history = [scheduled(0), scheduled(1, "b"), completed(0)]
    assert decide(history, race, is_done=True, output="1").ending is None
    assert decide([*history, completed(1)], race, is_done=True, output="1").ending == Completed("1")


def test_an_uncancelled_timer_keeps_the_instance_open_and_a_cancelled_one_does_not() -> None:
    history = [{"EventType": 10, "EventId": 0, "FireAt": T1, "Timestamp": T0}]
    race = {"actionType": 11, "compoundActions": [timer(False), WAIT]}
    assert decide([*history, raised("go")], race, is_done=True).ending is None
    race = {"actionType": 11, "compoundActions": [timer(True), WAIT]}
    decision = decide([*history, raised("go")], race, is_done=True)
    assert decision.ending == Completed(None)


def test_a_timer_cancelled_before_it_was_written_is_set_all_the_same_and_keeps_nothing_open() -> None:
    decision = decide([], timer(True), is_done=True)
    assert decision.commands == (CreateTimer(0, T1),)
    assert decision.ending == Completed(None)


def test_a_second_completion_of_a_task_changes_nothing() -> None:
    decision = decide([scheduled(0), completed(0), completed(0)], ACTIVITY, is_done=True)
    assert decision.ending == Completed(None)


def test_early_events_are_named_so_that_the_log_can_warn() -> None:
    assert decide([raised("Go")], ACTIVITY).unexpected_events == ("Go",)
    assert decide([raised("Go")], WAIT).unexpected_events == ()


def test_two_waits_for_one_name_are_served_the_newest_first() -> None:
    both = {"actionType": 12, "compoundActions": [WAIT, WAIT]}
    assert decide([raised("go")], both, is_done=True).ending is None
    assert decide([raised("go"), raised("GO")], both, is_done=True).ending == Completed(None)


def test_events_after_continue_as_new_are_carried_over_and_earlier_ones_dropped() -> None:
    again = {"actionType": 4, "input": "2"}
    late = raised("late")
    decision = decide([raised("early"), scheduled(0), completed(0), late], ACTIVITY, again, is_done=True)
    assert decision.ending == ContinuedAsNew("2", (late,))


def test_an_error_ends_the_instance_after_what_is_open() -> None:
    race = {"actionType": 12, "compoundActions": [ACTIVITY, {**ACTIVITY, "functionName": "b"}]}
    failed = {"EventType": 6, "TaskScheduledId": 0, "Timestamp": T1}
    history = [scheduled(0), scheduled(1, "b"), failed]
    assert decide(history, race, error="boom").ending is None
    expected = Failed("Orchestrator function 'o' failed: boom", "boom")
    assert decide([*history, completed(1)], race, error="boom").ending == expected


@pytest.mark.parametrize("history", [[scheduled(0, "b")], [scheduled(1)], [{**scheduled(0), "EventType": 10}]])
def test_code_that_does_not_fit_its_history_fails_the_instance(history: list[dict[str, Any]]) -> None:
    ending = decide(history, ACTIVITY).ending
    assert isinstance(ending, Failed)
    assert ending.reason.startswith("Non-Deterministic workflow detected")
    assert ending.reason.endswith("after this instance had already started running?")
