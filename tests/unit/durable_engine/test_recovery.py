"""What survives a crash: the engine is ended at every commit in turn, and a second one takes over its database."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devhost.clock import VirtualClock
from devhost.durable_engine.engine import DurableEngine
from devhost.durable_engine.errors import DatabaseClosed
from devhost.durable_engine.options import EngineOptions
from devhost.functions_host.durable_functions import HostedDurableFunctions
from devhost.functions_host.indexing import index_functions
from devhost.functions_host.invocation import FunctionInvoker
from tests.unit.durable_engine.sample_app import SampleApp

ORCHESTRATIONS = {"document": [[0, 1, 2], True], "strict_parent": ["input", "input"], "counting": [5, "boom"]}


class CrashingCommits:
    """Ends the database just before or just after one commit; all later ones fail too, as in a dead process."""

    def __init__(self, commit: int, is_after: bool) -> None:
        self._left = commit
        self._is_after = is_after
        self.has_crashed = threading.Event()

    def __call__(self, is_done: bool) -> None:
        if self.has_crashed.is_set():
            raise DatabaseClosed("The process is dead.")
        if is_done == self._is_after:
            self._left -= 1
        if self._left < 0:
            self.has_crashed.set()
            raise DatabaseClosed("The process dies now.")


@pytest.fixture
def functions(sample: SampleApp) -> Any:
    invoker = FunctionInvoker()
    yield HostedDurableFunctions(index_functions(sample.app, Path.cwd()), invoker)
    sample.gate.set()
    invoker.close()


def start_all(engine: DurableEngine) -> None:
    """Start one instance of each kind; the ones that exist by now are left alone."""
    for name in ORCHESTRATIONS:
        if engine.client.status(name) is None:
            engine.client.start(name, name, '"\\"sequence\\""')


def crash(functions: HostedDurableFunctions, path: Path, on_commit: CrashingCommits) -> bool:
    """Run an engine until it dies; False if it had finished before."""
    engine = DurableEngine(functions, EngineOptions(), path, VirtualClock(), on_commit)
    engine.start()
    try:
        start_all(engine)
        while not on_commit.has_crashed.wait(timeout=0.002) and not engine.is_quiescent():
            pass
    except DatabaseClosed:
        pass
    engine.stop(timeout_seconds=5)
    return on_commit.has_crashed.is_set()


def recover(functions: HostedDurableFunctions, path: Path) -> dict[str, Any]:
    """Open the database again, let everything go to its end, and return the outputs and the counters."""
    engine = DurableEngine(functions, EngineOptions(), path, VirtualClock())
    engine.start()
    start_all(engine)
    engine.wait_quiescent(20)
    statuses = {name: engine.client.status(name) for name in ORCHESTRATIONS}
    counters = {key: engine.client.entity_state("counter", key) for key in ("t", "all", "a")}
    engine.stop()
    return {
        "outputs": {name: status and status["output"] for name, status in statuses.items()},
        "counters": counters,
    }


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("commit", range(14))
def test_a_crash_at_any_commit_loses_nothing_and_doubles_nothing(
    functions: HostedDurableFunctions, tmp_path: Path, commit: int, is_after: bool
) -> None:
    path = tmp_path / "engine.db"
    has_crashed = crash(functions, path, CrashingCommits(commit, is_after))
    # Writes share commits, so their number varies a little; these are always reached.
    assert has_crashed or commit > 9
    assert recover(functions, path) == {
        "outputs": ORCHESTRATIONS,
        "counters": {"t": "1", "all": "1", "a": "5"},
    }


def test_an_activity_whose_answer_was_stored_is_not_run_again(
    functions: HostedDurableFunctions, sample: SampleApp, tmp_path: Path
) -> None:
    path = tmp_path / "engine.db"
    engine = DurableEngine(functions, EngineOptions(), path, VirtualClock())
    engine.start()
    engine.client.start("work_or_timeout", "w")
    wait_for(lambda: sample.calls == ["work"])
    engine.client.start("sequence", "s", '"1"')
    engine.wait_quiescent(ignoring_running_activities=1)
    engine.stop(timeout_seconds=0)
    sample.gate.set()
    again = DurableEngine(functions, EngineOptions(), path, VirtualClock())
    again.start()
    again.wait_quiescent(20)
    status = again.client.status("w")
    again.stop()
    assert status is not None
    assert status["output"] == "work"
    assert Counter(map(str, sample.calls)) == {"work": 2, "1": 1}


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = threading.Event()
    for _ in range(2000):
        if condition():
            return
        deadline.wait(0.005)
    raise AssertionError("Waited 10 s in vain.")


def test_two_hundred_instances_complete_and_every_signal_counts_once(
    functions: HostedDurableFunctions, tmp_path: Path
) -> None:
    engine = DurableEngine(functions, EngineOptions(), tmp_path / "engine.db", VirtualClock())
    engine.start()
    instances = [engine.client.start("document", f"doc-{number}") for number in range(200)]
    engine.wait_quiescent(60)
    statuses = [engine.client.status(instance) for instance in instances]
    shards = [int(engine.client.entity_state("counter", str(digit)) or 0) for digit in range(10)]
    total = engine.client.entity_state("counter", "all")
    engine.stop()
    assert {status["runtimeStatus"] for status in statuses if status} == {"Completed"}
    assert (shards, total) == ([20] * 10, "200")
