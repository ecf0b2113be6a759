"""A second engine on the database of a stopped one, and an engine under load.

What survives a kill at any commit is in tests/crashes/test_crash_points.py.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from devhost.engine.clock import VirtualClock
from devhost.engine.engine import DurableEngine
from devhost.engine.options import EngineOptions
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from tests.unit.engine.sample_app import SampleApp
from tests.waiting import eventually


@pytest.fixture
def functions(sample: SampleApp) -> Any:
    invoker = FunctionInvoker()
    yield HostedDurableFunctions(index_functions(sample.app, Path.cwd()), invoker)
    sample.gate.set()
    invoker.close()


def test_an_activity_whose_answer_was_stored_is_not_run_again(
    functions: HostedDurableFunctions, sample: SampleApp, tmp_path: Path
) -> None:
    path = tmp_path / "engine.db"
    engine = DurableEngine(functions, EngineOptions(), path, VirtualClock())
    engine.start()
    engine.client.start("work_or_timeout", "w")
    eventually(lambda: sample.calls == ["work"], "the activity runs")
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
