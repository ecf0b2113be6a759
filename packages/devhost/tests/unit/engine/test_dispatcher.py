"""The engine's thread survives the faults of others, and completes all work."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from devhost.engine.clock import VirtualClock
from devhost.engine.engine import DurableEngine
from devhost.engine.functions import FunctionFailed, FunctionResult, OnResult
from devhost.engine.live_instances import LiveInstances
from devhost.engine.options import EngineOptions
from tests.unit.engine.fake_functions import FakeFunctions
from tests.waiting import eventually

SECONDS = 60
WAIT = {"actionType": 6, "externalEventName": "go", "reason": "ExternalEvent"}
CALL = {"actionType": 0, "functionName": "act", "input": '"x"'}
DEFAULTS = EngineOptions()


class Build(Protocol):
    """Makes engines that run."""

    def __call__(
        self,
        functions: FakeFunctions,
        on_commit: Callable[[bool], None] | None = None,
        options: EngineOptions = DEFAULTS,
    ) -> DurableEngine: ...


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Makes engines that run, and stops them."""
    engines: list[DurableEngine] = []

    def make(
        functions: FakeFunctions,
        on_commit: Callable[[bool], None] | None = None,
        options: EngineOptions = DEFAULTS,
    ) -> DurableEngine:
        path = tmp_path / f"{len(engines)}.db"
        engines.append(DurableEngine(functions, options, path, VirtualClock(), on_commit))
        engines[-1].start()
        return engines[-1]

    yield make
    for engine in engines:
        engine.stop(timeout_seconds=2)


def answer(*actions: dict[str, Any], is_done: bool = False) -> str:
    """The state document of an orchestrator that has scheduled these actions."""
    return json.dumps({"actions": [actions], "schemaVersion": 2, "isDone": is_done})


def status(engine: DurableEngine, instance_id: str) -> str:
    """The instance's status now."""
    return str((engine.client.status(instance_id) or {})["runtimeStatus"])


class FullDisk:
    """Fails commits while it is full."""

    is_full = False

    def __call__(self, is_done: bool) -> None:
        if self.is_full and not is_done:
            raise OSError(28, "No space left on device")


def test_messages_that_an_episode_leaves_are_taken_by_the_next_one(build: Build) -> None:
    begun, release = threading.Event(), threading.Event()

    def orchestrate(_name: str, _document: str) -> str:
        begun.set()
        release.wait(SECONDS)
        return answer(WAIT)

    engine = build(FakeFunctions(orchestrate))
    engine.client.start("orchestrate", "one")
    assert begun.wait(SECONDS)
    engine.client.raise_event("one", "a", "1")
    engine.client.suspend("one")
    engine.client.raise_event("one", "b", "1")
    release.set()
    engine.wait_quiescent(SECONDS)
    assert status(engine, "one") == "Suspended"


class FailingToBegin(FakeFunctions):
    """Fails to begin some calls, as if no further thread could be started."""

    failures: tuple[int, ...] = ()
    begun = 0

    def _begin(self, name: str, run: Any, on_result: OnResult[str]) -> None:
        self.begun += 1
        if self.begun in self.failures:
            raise RuntimeError("can't start new thread")
        super()._begin(name, run, on_result)


def test_work_that_could_not_begin_begins_later(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    functions = FailingToBegin(lambda _name, _document: answer(is_done=True))
    functions.failures = (1,)
    engine = build(functions)
    engine.client.start("orchestrate", "one")
    engine.wait_quiescent(SECONDS)
    assert status(engine, "one") == "Completed"
    assert "The instance 'one' could not be done; it will be tried again" in caplog.text


def test_an_entity_whose_second_attempt_cannot_begin_is_not_left_behind(build: Build) -> None:
    def operate(_name: str, _document: str) -> str:
        if functions.begun == 1:
            raise FunctionFailed("ValueError", "boom")
        results = [{"isError": False, "result": "1"}]
        return json.dumps({"entityExists": True, "entityState": "1", "results": results})

    functions = FailingToBegin(entity=operate)
    functions.failures = (2,)
    engine = build(functions)
    engine.client.signal_entity("counter", "k", "add")
    engine.wait_quiescent(SECONDS)
    assert engine.client.entity_state("counter", "k") == "1"


def test_an_answer_that_exits_the_thread_that_asks_for_it_does_not_end_the_engine(build: Build) -> None:
    class Cruel(FakeFunctions):
        has_been = False

        def begin_orchestrator(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
            if self.has_been:
                return super().begin_orchestrator(name, context_json, on_result)
            self.has_been = True
            return on_result(FunctionResult(failure=SystemExit(3)))

    engine = build(Cruel(lambda _name, _document: answer(is_done=True)))
    engine.client.start("orchestrate", "one")
    engine.wait_quiescent(SECONDS)
    assert status(engine, "one") == "Completed"


def test_what_a_full_disk_keeps_from_being_written_keeps_its_place_until_there_is_room(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    disk, release, ran = FullDisk(), threading.Event(), []

    def act(_name: str, text: str | None) -> str | None:
        ran.append(text)
        release.wait(SECONDS)
        return text

    def orchestrate(_name: str, document: str) -> str:
        return answer(CALL, is_done='"EventType":5' in document.replace(" ", ""))

    engine = build(FakeFunctions(orchestrate, act), disk, EngineOptions(max_concurrent_activities=3))
    ids = [engine.client.start("orchestrate") for _ in range(12)]
    eventually(lambda: len(ran) == 3, "three activities run")
    disk.is_full = True
    release.set()
    eventually(lambda: caplog.text.count("could not be done") >= 4, "the full disk is reported again and again")
    # The first three, and the three that began while those waited to be written.
    assert len(ran) <= 6
    lines = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert all("No space left on device" in line.getMessage() and line.exc_info is None for line in lines)
    disk.is_full = False
    engine.wait_quiescent(SECONDS)
    assert [status(engine, instance_id) for instance_id in ids] == ["Completed"] * 12
    assert len(ran) == 12  # None was run again.


def test_a_durable_commit_that_reports_a_failure_is_not_forgotten(build: Build) -> None:
    seen: list[list[str]] = []
    must_fail = threading.Event()

    def after_commit(is_done: bool) -> None:
        if is_done and must_fail.is_set():
            must_fail.clear()
            raise OSError(5, "Input/output error")

    def orchestrate(_name: str, document: str) -> str:
        history = json.loads(document)["history"]
        seen.append([event["Name"] for event in history if event["EventType"] == 15])
        return answer(WAIT)

    engine = build(FakeFunctions(orchestrate), after_commit)
    engine.client.start("orchestrate", "one")
    engine.wait_quiescent(SECONDS)
    must_fail.set()
    with pytest.raises(Exception, match="Input/output error"):
        engine.client.raise_event("one", "first", "1")
    engine.client.raise_event("one", "second", "1")
    engine.wait_quiescent(SECONDS)
    assert seen[-1] == ["first", "second"]


def test_an_answer_whose_consequences_cannot_be_noted_still_has_them(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, has_failed = LiveInstances.keep, threading.Event()

    def failing_once(self: LiveInstances, outcome: Any) -> None:
        if not has_failed.is_set():
            has_failed.set()
            raise MemoryError
        keep(self, outcome)

    monkeypatch.setattr(LiveInstances, "keep", failing_once)

    def orchestrate(_name: str, document: str) -> str:
        return answer(CALL, is_done='"EventType":5' in document.replace(" ", ""))

    engine = build(FakeFunctions(orchestrate))
    engine.client.start("orchestrate", "one")
    engine.wait_quiescent(SECONDS)
    assert has_failed.is_set()
    assert status(engine, "one") == "Completed"


def test_a_stop_waits_for_what_runs_and_begins_nothing_more(build: Build) -> None:
    begun, release, ran = threading.Event(), threading.Event(), []

    def act(_name: str, text: str | None) -> str | None:
        ran.append(text)
        begun.set()
        release.wait(SECONDS)
        return text

    functions = FakeFunctions(lambda _name, _document: answer(CALL), act)
    engine = build(functions, options=EngineOptions(max_concurrent_activities=1))
    for _ in range(2):
        engine.client.start("orchestrate")
    assert begun.wait(SECONDS)
    stopping = threading.Thread(target=lambda: engine.stop(SECONDS))
    stopping.start()
    stopping.join(0.05)
    assert stopping.is_alive()
    release.set()
    stopping.join(SECONDS)
    assert not stopping.is_alive()
    assert len(ran) == 1
