import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devhost.engine.clock import SystemClock, VirtualClock
from devhost.engine.engine import DurableEngine
from devhost.engine.errors import DidNotSettle, DurableEngineError
from devhost.engine.functions import FunctionFailed, FunctionTimedOut
from devhost.engine.options import EngineOptions
from tests.unit.engine.fake_functions import FakeFunctions

Run = Callable[[FakeFunctions], DurableEngine]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Starts an engine over fake functions; stops it after the test."""
    engines: list[DurableEngine] = []

    def start(functions: FakeFunctions) -> DurableEngine:
        engines.append(DurableEngine(functions, EngineOptions(), tmp_path / "engine.db", VirtualClock()))
        engines[-1].start()
        return engines[-1]

    yield start
    for engine in engines:
        engine.stop(timeout_seconds=1)


def answer(*actions: dict[str, Any], **state: Any) -> Callable[[str, str], str]:
    """An orchestrator whose state document is always the same."""
    return lambda _name, _context: json.dumps({"actions": [list(actions)], "schemaVersion": 2, **state})


def final_status(engine: DurableEngine) -> dict[str, Any]:
    instance = engine.client.start("orchestrate")
    engine.wait_quiescent(10)
    status = engine.client.status(instance, show_history=True)
    assert status is not None
    return status


CALL = {"actionType": 0, "functionName": "act", "input": "1"}


def failing_with(error: Exception) -> Callable[[str, str | None], str | None]:
    def activity(_name: str, _text: str | None) -> str | None:
        raise error

    return activity


def test_a_failed_activity_has_the_reason_and_details_that_azure_gives(run: Run) -> None:
    failure = FunctionFailed("ValueError", "boom", "the stack")
    engine = run(FakeFunctions(answer(CALL, isDone=True), failing_with(failure)))
    (failed,) = [one for one in final_status(engine)["historyEvents"] if one["EventType"] == "TaskFailed"]
    assert failed["Reason"] == "Activity function 'act' failed:  ValueError: boom"
    details = json.loads(failed["Details"])
    assert (details["ClassName"], details["Message"]) == ("System.Exception", " ValueError: boom")
    said = details["InnerException"]["Message"]
    assert said == "Result: Failure\nException: ValueError: boom\nStack: the stack"


def test_an_activity_whose_error_names_a_file_that_is_no_text_fails_once(run: Run) -> None:
    functions = FakeFunctions(
        answer(CALL, isDone=True), failing_with(FunctionFailed("FileNotFoundError", "no file invoice-\udcff.pdf"))
    )
    (failed,) = [one for one in final_status(run(functions))["historyEvents"] if one["EventType"] == "TaskFailed"]
    assert failed["Reason"].endswith("no file invoice-\udcff.pdf")
    assert functions.attempts.count("act") == 1


def test_an_orchestrator_whose_error_names_a_file_that_is_no_text_fails_once(run: Run) -> None:
    functions = FakeFunctions(answer(isDone=True, error="no file invoice-\udcff.pdf"))
    assert final_status(run(functions))["output"].endswith("no file invoice-\\udcff.pdf")
    assert functions.attempts == ["orchestrate"]


def test_an_activity_that_takes_too_long_fails(run: Run) -> None:
    failure = FunctionTimedOut("Timeout value of 00:05:00 was exceeded by function: Functions.act")
    engine = run(FakeFunctions(answer(CALL, isDone=True), failing_with(failure)))
    (failed,) = [one for one in final_status(engine)["historyEvents"] if one["EventType"] == "TaskFailed"]
    assert failed["Reason"] == f"Activity function 'act' failed: {failure}"


def test_an_activity_that_the_host_could_not_run_is_tried_again(run: Run) -> None:
    failures: list[Exception] = [OSError("out of threads")]

    def activity(_name: str, text: str | None) -> str | None:
        if failures:
            raise failures.pop()
        return text

    engine = run(FakeFunctions(answer(CALL, isDone=True, output="x"), activity))
    assert final_status(engine)["runtimeStatus"] == "Completed"


@pytest.mark.parametrize(
    ("answered", "words"),
    [
        ("not JSON", "no state document"),
        ("null", "no state document"),
        ('{"actions": [[{"actionType": 99}]]}', "unknown type 99"),
    ],
)
def test_an_answer_that_makes_no_sense_fails_the_instance(run: Run, answered: str, words: str) -> None:
    status = final_status(run(FakeFunctions(lambda _name, _context: answered)))
    assert status["runtimeStatus"] == "Failed"
    assert words in status["output"]


def test_code_that_changed_under_a_running_instance_fails_it(run: Run) -> None:
    actions = [CALL]
    functions = FakeFunctions(lambda name, context: answer(*actions)(name, context), activities=("act", "other"))

    def swap(_name: str, text: str | None) -> str | None:
        actions[0] = {**CALL, "functionName": "other", "input": "a secret payload"}
        return text

    functions.activity = swap
    output = final_status(run(functions))["output"]
    assert output.startswith("Non-Deterministic workflow detected")
    assert "scheduled an activity task with sequence number 0 named 'act'" in output
    assert "instead scheduled an activity task named 'other'" in output
    assert "a secret payload" not in output


def test_a_state_that_cannot_be_read_is_not_shown_in_the_failure(run: Run) -> None:
    def orchestrate(_name: str, _context: str) -> str:
        raise FunctionFailed("Exception", "boom\n\n$OutOfProcData$:{a secret payload", "the stack")

    output = final_status(run(FakeFunctions(orchestrate)))["output"]
    assert "Exception: boom" in output
    assert "a secret payload" not in output


def test_a_signal_to_an_unknown_entity_fails_the_instance(run: Run) -> None:
    signal = {"actionType": 9, "instanceId": "@nobody@k", "operation": "add", "input": "1"}
    status = final_status(run(FakeFunctions(answer(signal, isDone=True))))
    assert status["output"].startswith(
        "Orchestrator function 'orchestrate' failed: The function 'nobody' doesn't exist"
    )


def test_a_call_to_an_unknown_entity_is_answered_with_an_error(run: Run) -> None:
    call = {"actionType": 7, "instanceId": "@nobody@k", "operation": "add", "input": "1"}
    status = final_status(run(FakeFunctions(answer(call))))
    (answered,) = [one for one in status["historyEvents"] if one["EventType"] == "EventRaised"]
    assert "The function 'nobody' doesn't exist" in json.loads(answered["Input"])["result"]


def _not_serializable(_name: str, _context: str) -> str:
    raise FunctionFailed("TypeError", "not serializable")


@pytest.mark.parametrize("broken", [_not_serializable, lambda _name, _context: "null"])
def test_an_entity_that_cannot_be_run_gives_up_after_three_attempts(
    run: Run, broken: Callable[[str, str], str]
) -> None:
    functions = FakeFunctions(entity=broken)
    engine = run(functions)
    engine.client.signal_entity("counter", "k", "add")
    engine.wait_quiescent(10)
    assert functions.attempts == ["counter"] * 3
    assert engine.client.entity_state("counter", "k") is None


TIME_IS_UP = "Timeout value of 00:05:00 was exceeded by function: Functions.counter"


def test_operations_that_take_too_long_are_answered_with_that_and_change_nothing(run: Run) -> None:
    def operate(_name: str, context: str) -> str:
        if "slow" in context:
            raise FunctionTimedOut(TIME_IS_UP)
        return '{"entityExists": true, "entityState": "1", "results": [{"isError": false, "result": "1"}]}'

    calls = [
        {"actionType": 7, "instanceId": "@counter@k", "operation": operation, "input": "1"}
        for operation in ("add", "slow")
    ]
    engine = run(FakeFunctions(answer(*calls), entity=operate))
    answers = [one for one in final_status(engine)["historyEvents"] if one["EventType"] == "EventRaised"]
    assert [json.loads(json.loads(one["Input"])["result"]) for one in answers] == [1, TIME_IS_UP]
    assert engine.client.entity_state("counter", "k") == "1"


def test_an_orchestrator_that_takes_too_long_is_tried_again(run: Run) -> None:
    attempts = []

    def orchestrate(name: str, context: str) -> str:
        attempts.append(name)
        if len(attempts) == 1:
            raise FunctionTimedOut("Timeout value of 00:05:00 was exceeded by function: Functions.orchestrate")
        return answer(isDone=True, output="done")(name, context)

    assert final_status(run(FakeFunctions(orchestrate)))["output"] == "done"
    assert len(attempts) == 2


def test_work_that_does_not_end_is_named_in_the_error(run: Run) -> None:
    functions = FakeFunctions(answer({**CALL, "functionName": "act"}))
    engine = run(functions)
    with pytest.raises(DidNotSettle, match="still at work"):
        engine.wait_quiescent(0.05, ignoring_running_activities=-1)


def test_real_time_cannot_be_skipped(tmp_path: Path) -> None:

    engine = DurableEngine(FakeFunctions(), EngineOptions(), tmp_path / "engine.db", SystemClock())
    with pytest.raises(DurableEngineError, match="--clock virtual"):
        engine.advance(timedelta(hours=1))
    engine.stop()
