"""What becomes of a durable function whose process ends, and how often it is run."""

from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devhost.engine.functions import FunctionTimedOut, WorkerProcessDied
from devhost.functions.indexing import ACTIVITY_TRIGGER, ENTITY_TRIGGER, ORCHESTRATION_TRIGGER, IndexedFunction
from devhost.functions.invocation_context import Invocation
from devhost.worker.errors import NeighbourTimedOut, WorkerGone, WorkerReplaced
from devhost.worker.invoker import WorkerInvoker
from devhost.worker.process import PendingAnswer
from devhost.worker.values import WireText

TIMEOUT = "Timeout value of 00:00:03 was exceeded by function: Functions.hang"
DEATH = WorkerGone("python exited with code 3 (0x3)")


class ScriptedWorkers:
    """Workers that end, one after the other, each while it runs its first call.

    Args:
        ends: How each of them ends.
    """

    is_closing = False

    def __init__(self, *ends: WorkerGone) -> None:
        self.pool, self._ends, self.runs = self, list(ends), 0

    def wait_for_one(self) -> "ScriptedWorkers":
        """Return the next worker."""
        return self

    def begin(self, header: dict[str, Any], body: object) -> PendingAnswer:
        """Run a call to the end of the worker."""
        answer: PendingAnswer = Future()
        answer.set_exception(self._ends[self.runs])
        self.runs += 1
        return answer


def run(workers: ScriptedWorkers, trigger_type: str) -> None:
    """Run a function of this kind once only, as on the Durable extension."""
    function = IndexedFunction(
        name="beside",
        registered_name="beside",
        trigger_type=trigger_type,
        trigger=SimpleNamespace(name="given", type=trigger_type),
        bindings=(),
        call=lambda given: given,
        is_async=False,
        wants_context=False,
        directory=Path(),
        source="app.py:1",
    )
    invoker = WorkerInvoker(workers, durable_attempts=1)  # type: ignore[arg-type]
    invoker.call(function, {"given": WireText("{}")}, Invocation("beside", "a test"))


def test_an_activity_beside_a_function_that_times_out_fails_with_that_timeout() -> None:
    workers = ScriptedWorkers(NeighbourTimedOut(TIMEOUT))
    with pytest.raises(FunctionTimedOut, match=TIMEOUT):
        run(workers, ACTIVITY_TRIGGER)
    assert workers.runs == 1


@pytest.mark.parametrize("trigger_type", [ORCHESTRATION_TRIGGER, ENTITY_TRIGGER])
def test_an_orchestrator_or_entity_beside_a_function_that_times_out_is_run_again(trigger_type: str) -> None:
    workers = ScriptedWorkers(NeighbourTimedOut(TIMEOUT), DEATH)
    with pytest.raises(WorkerProcessDied):
        run(workers, trigger_type)
    assert workers.runs == 2


def test_an_activity_whose_process_is_replaced_for_changed_code_is_run_again() -> None:
    workers = ScriptedWorkers(WorkerReplaced("it ran old code"), DEATH)
    with pytest.raises(WorkerProcessDied):
        run(workers, ACTIVITY_TRIGGER)
    assert workers.runs == 2
