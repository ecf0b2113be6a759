"""Jumps on the clock of a running host, which goes on by itself before and after them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from devhost.engine.clock import OffsetClock
from devhost.engine.engine import DurableEngine
from devhost.engine.options import EngineOptions
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from tests.unit.engine.sample_app import SampleApp

# Chance decides whether an orchestrator sets its timer before or after the jump; this many runs cover both.
STARTS = 20


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DurableEngine]:
    invoker = FunctionInvoker()
    functions = HostedDurableFunctions(index_functions(SampleApp().app, tmp_path), invoker)
    engine = DurableEngine(functions, EngineOptions(), tmp_path / "engine.db", OffsetClock())
    engine.start()
    yield engine
    engine.stop(timeout_seconds=5)
    invoker.close()


def test_a_jump_right_after_a_start_reaches_a_timer_of_just_that_length(engine: DurableEngine) -> None:
    outputs = []
    for _ in range(STARTS):
        instance_id = engine.client.start("event_or_timeout", raw_input='"1"')
        engine.advance(timedelta(hours=1))
        outputs.append((engine.client.status(instance_id) or {})["output"])
    assert [output and output[0] for output in outputs] == ["timeout"] * STARTS
