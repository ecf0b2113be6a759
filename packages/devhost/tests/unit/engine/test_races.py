"""Requests of clients during an episode, an activity or an entity's batch."""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devhost.engine.clock import VirtualClock
from devhost.engine.engine import DurableEngine
from devhost.engine.errors import InstanceFinished
from devhost.engine.options import EngineOptions
from tests.unit.engine.fake_functions import FakeFunctions

SECONDS = 60
CALL = {"actionType": 0, "functionName": "act", "input": '"old"'}
WAIT = {"actionType": 6, "externalEventName": "go", "reason": "ExternalEvent"}


class Gate:
    """Holds up a function until the test opens it."""

    def __init__(self) -> None:
        self._is_reached, self._is_open = threading.Event(), threading.Event()

    def hold(self) -> None:
        """Wait, on the engine's thread."""
        self._is_reached.set()
        assert self._is_open.wait(SECONDS)

    def reached(self) -> None:
        """Wait, in the test, until a function is held up."""
        assert self._is_reached.wait(SECONDS)

    def open(self) -> None:
        """Let functions pass."""
        self._is_open.set()


class Race:
    """An engine whose functions the test holds up.

    Attributes:
        actions, state: the orchestrator's answer.
        operations: number of operations of each batch.
    """

    def __init__(self, folder: Path) -> None:
        self.episode, self.activity, self.entity = Gate(), Gate(), Gate()
        self.actions: list[dict[str, Any]] = [WAIT]
        self.state: dict[str, Any] = {}
        self.operations: list[int] = []
        functions = FakeFunctions(self._orchestrate, self._act, self._operate)
        options = EngineOptions(overridable_existing_instance_states="AnyState")
        self.engine = DurableEngine(functions, options, folder / "engine.db", VirtualClock())
        self.client = self.engine.client
        self.engine.start()

    def open_all(self) -> None:
        """Open all gates and wait until the engine has settled."""
        for gate in (self.episode, self.activity, self.entity):
            gate.open()
        self.engine.wait_quiescent(SECONDS)

    def status(self) -> dict[str, Any]:
        """Status of the only instance."""
        status = self.client.status("one", show_history=True)
        assert status is not None
        return status

    def _orchestrate(self, _name: str, _context: str) -> str:
        answer = json.dumps({"actions": [self.actions], "schemaVersion": 2, **self.state})
        self.episode.hold()
        return answer

    def _act(self, _name: str, text: str | None) -> str | None:
        self.activity.hold()
        return text

    def _operate(self, _name: str, context: str) -> str:
        self.entity.hold()
        results = [{"isError": False, "result": '"old"'} for _ in json.loads(context)["batch"]]
        self.operations.append(len(results))
        return json.dumps({"entityExists": True, "entityState": "1", "results": results})


@pytest.fixture
def race(tmp_path: Path) -> Iterator[Race]:
    race = Race(tmp_path)
    yield race
    for gate in (race.episode, race.activity, race.entity):
        gate.open()
    race.engine.stop(timeout_seconds=2)


def types(status: dict[str, Any]) -> list[str]:
    return [event["EventType"] for event in status["historyEvents"]]


def test_one_resumption_is_enough_however_many_clients_suspended_the_instance(race: Race) -> None:
    race.client.start("orchestrate", "one")
    race.episode.reached()
    race.client.suspend("one", "lunch")
    race.client.suspend("one", "me too")
    race.open_all()
    assert race.status()["runtimeStatus"] == "Suspended"
    race.client.resume("one")
    race.engine.wait_quiescent(SECONDS)
    assert race.status()["runtimeStatus"] == "Running"


def test_a_termination_during_an_episode_ends_the_instance_after_it(race: Race) -> None:
    race.client.start("orchestrate", "one")
    race.episode.reached()
    race.client.terminate("one", "enough")
    race.client.raise_event("one", "go", "1")
    race.open_all()
    assert (race.status()["runtimeStatus"], race.status()["output"]) == ("Terminated", "enough")
    with pytest.raises(InstanceFinished):
        race.client.raise_event("one", "go", "1")


def test_an_episode_of_an_instance_that_is_replaced_meanwhile_counts_for_nothing(race: Race) -> None:
    race.actions = [CALL]
    race.client.start("orchestrate", "one")
    race.episode.reached()
    race.actions = [WAIT]
    race.client.start("orchestrate", "one")
    race.open_all()
    assert (race.status()["runtimeStatus"], types(race.status())) == ("Running", ["ExecutionStarted"])


def test_the_answer_of_an_old_executions_activity_reaches_nobody(race: Race) -> None:
    race.episode.open()
    race.actions = [CALL]
    race.client.start("orchestrate", "one")
    race.activity.reached()
    race.actions = [CALL | {"functionName": "nowhere"}, WAIT]
    race.client.start("orchestrate", "one")
    race.open_all()
    assert types(race.status()) == ["ExecutionStarted", "TaskFailed"]


def test_the_answer_of_an_entity_to_an_old_execution_reaches_nobody(race: Race) -> None:
    race.episode.open()
    race.actions = [{"actionType": 7, "instanceId": "@counter@k", "operation": "add", "input": "1"}]
    race.client.start("orchestrate", "one")
    race.entity.reached()
    race.actions = [WAIT]
    race.client.start("orchestrate", "one")
    race.open_all()
    assert types(race.status()) == ["ExecutionStarted"]
    assert race.client.entity_state("counter", "k") == "1"


def test_the_timer_of_an_old_execution_reaches_nobody(race: Race) -> None:
    race.episode.open()
    race.actions = [{"actionType": 5, "fireAt": "2024-01-01T01:00:00Z", "isCanceled": False}]
    race.client.start("orchestrate", "one")
    race.engine.wait_quiescent(SECONDS)
    race.actions = [WAIT]
    race.client.start("orchestrate", "one")
    race.engine.wait_quiescent(SECONDS)
    race.engine.advance(timedelta(hours=2))
    assert types(race.status()) == ["ExecutionStarted"]


def test_an_event_that_comes_during_the_last_episode_of_a_generation_reaches_the_next(race: Race) -> None:
    race.actions, race.state = [{"actionType": 4, "input": "2"}], {"isDone": True}
    race.client.start("orchestrate", "one")
    race.episode.reached()
    race.client.raise_event("one", "go", "1")
    race.actions, race.state = [WAIT], {"isDone": True, "output": "went on"}
    race.open_all()
    assert race.status()["output"] == "went on"
    assert types(race.status()) == ["ExecutionStarted", "EventRaised", "ExecutionCompleted"]


def test_an_event_that_comes_during_the_last_episode_of_all_is_dropped(race: Race) -> None:
    race.actions, race.state = [], {"isDone": True, "output": "done"}
    race.client.start("orchestrate", "one")
    race.episode.reached()
    race.client.raise_event("one", "go", "1")
    race.open_all()
    assert types(race.status()) == ["ExecutionStarted", "ExecutionCompleted"]


def test_signals_to_an_entity_at_work_are_applied_once_each_afterwards(race: Race) -> None:
    race.client.signal_entity("counter", "k", "add")
    race.entity.reached()
    for _ in range(3):
        race.client.signal_entity("counter", "k", "add")
    race.open_all()
    assert sum(race.operations) == 4


def test_time_waits_once_for_an_activity_that_does_not_end_and_not_at_every_timer(
    race: Race, caplog: pytest.LogCaptureFixture
) -> None:
    race.episode.open()
    timers = [{"actionType": 5, "fireAt": f"2024-01-01T{hour:02}:00:00Z"} for hour in range(1, 20)]
    race.actions = [{"actionType": 12, "compoundActions": [CALL, *timers]}]
    race.client.start("orchestrate", "one")
    race.activity.reached()
    with caplog.at_level(logging.INFO):
        race.engine.advance(timedelta(hours=24), activity_patience_seconds=1)
    assert caplog.text.count("Time moves on while") == 1
    assert types(race.status()).count("TimerFired") == 19


def test_two_simultaneous_jumps_of_the_clock_both_reach_their_time(tmp_path: Path) -> None:
    clock = VirtualClock()
    begin, reached = clock.now(), threading.Barrier(2)
    engine = DurableEngine(FakeFunctions(), EngineOptions(), tmp_path / "engine.db", clock)
    engine.start()

    def advance() -> None:
        reached.wait(SECONDS)
        for _ in range(20):
            engine.advance(timedelta(hours=1))

    threads = [threading.Thread(target=advance) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.stop()
    assert clock.now() - begin == timedelta(hours=40)
