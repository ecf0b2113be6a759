"""An engine with the reference app on it, as the host composes them, and a count of what has ended."""

import json
import logging
import os
import resource
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench.engine.reference_app import reference_app
from devhost.engine.clock import SystemClock
from devhost.engine.engine import DurableEngine
from devhost.engine.functions import FunctionResult, OnResult
from devhost.engine.options import EngineOptions
from devhost.functions import sdk_speedups
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.host_config import HostConfig
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.invoker_protocol import Invoker
from devhost.worker.hosting import AppWorkers
from devhost.worker.invoker import WorkerDurableFunctions, WorkerInvoker

_PATIENCE_SECONDS = 600.0
# Requests come side by side, and so may share commits.
CALLERS = 8
_SCRIPT = Path(__file__).parent / "host_app" / "function_app.py"


class BenchTimedOut(Exception):
    """The engine did not do in ten minutes what takes it seconds."""


class CountingFunctions:
    """The app's durable functions, with a count of orchestrators that returned and a sample of their inputs.

    Args:
        functions: what is counted.
        sample_size: of how many instances to keep all episodes' input documents.
    """

    def __init__(self, functions: HostedDurableFunctions, sample_size: int = 0) -> None:
        self._functions = functions
        self._sample_size = sample_size
        self._lock = threading.Lock()
        self._ended = 0
        self._awaited = 0
        self._has_ended = threading.Event()
        self.episodes = 0
        self.documents: dict[str, list[str]] = {}

    @property
    def orchestrators(self) -> Collection[str]:
        """Registered names."""
        return self._functions.orchestrators

    @property
    def activities(self) -> Collection[str]:
        """Registered names."""
        return self._functions.activities

    @property
    def entities(self) -> Collection[str]:
        """Registered names."""
        return self._functions.entities

    def begin_orchestrator(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run one episode and see whether it was the last."""

        def counted(result: FunctionResult[str]) -> None:
            self._count(context_json, result.unwrap() or "")
            on_result(result)

        self._functions.begin_orchestrator(name, context_json, counted)

    def begin_activity(
        self, name: str, instance_id: str, input_json: str | None, on_result: OnResult[str]
    ) -> None:
        """Run an activity."""
        self._functions.begin_activity(name, instance_id, input_json, on_result)

    def begin_entity(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run a batch of entity operations."""
        self._functions.begin_entity(name, context_json, on_result)

    def expect(self, count: int) -> None:
        """Begin to count anew."""
        with self._lock:
            self._ended, self._awaited = 0, count
            self._has_ended.clear()

    def wait(self) -> None:
        """Wait until as many orchestrators as expected have returned. Raises BenchTimedOut."""
        if not self._has_ended.wait(_PATIENCE_SECONDS):
            raise BenchTimedOut(f"{self._ended} of {self._awaited} workflows ended in {_PATIENCE_SECONDS:g} s.")

    def _count(self, context_json: str, answer: str) -> None:
        with self._lock:
            self.episodes += 1
            if self._sample_size:
                self._keep(context_json)
            self._ended += answer.startswith('{"isDone": true')
            if self._ended >= self._awaited:
                self._has_ended.set()

    def _keep(self, context_json: str) -> None:
        instance_id = json.loads(context_json)["instanceId"]
        if instance_id in self.documents or len(self.documents) < self._sample_size:
            self.documents.setdefault(instance_id, []).append(context_json)


class RunningEngine:
    """The real engine in this process, on a database in `folder`; functions run here, or in so many workers."""

    def __init__(
        self, folder: Path, sample_size: int = 0, workers: int = 0, options: EngineOptions | None = None
    ) -> None:
        # As the host does when it has loaded an app.
        sdk_speedups.install_if_enabled(os.environ)
        self._invoker, hosted = _in_workers(folder, workers) if workers else _in_this_process()
        self.functions = CountingFunctions(hosted, sample_size)
        self.engine = DurableEngine(
            self.functions, options or EngineOptions(), folder / "engine.db", SystemClock()
        )
        self.engine.start()

    def run(self, name: str, inputs: list[dict[str, int]]) -> None:
        """Submit one instance per input together, and wait until all are finished and nothing is left to do."""
        self.functions.expect(len(inputs))
        with ThreadPoolExecutor(CALLERS) as callers:
            for started in callers.map(lambda payload: self._start(name, payload), inputs):
                assert started
        self.functions.wait()
        self.engine.wait_quiescent()

    def _start(self, name: str, payload: dict[str, int]) -> str:
        return self.engine.client.start(name, None, json.dumps(json.dumps(payload)))

    def close(self) -> None:
        """Stop the engine and the invoker."""
        self.engine.stop()
        self._invoker.close()


def _in_this_process() -> tuple[Invoker, HostedDurableFunctions]:
    invoker = FunctionInvoker(HostConfig().function_timeout)
    return invoker, HostedDurableFunctions(index_functions(reference_app(), Path.cwd()), invoker)


def _in_workers(folder: Path, count: int) -> tuple[Invoker, HostedDurableFunctions]:
    workers = AppWorkers(_SCRIPT, folder, count)
    workers.pool.begin("{}", None)
    invoker = WorkerInvoker(workers, HostConfig().function_timeout)
    return invoker, WorkerDurableFunctions(workers.app.functions, invoker)


@contextmanager
def running_engine(
    folder: Path, sample_size: int = 0, workers: int = 0, options: EngineOptions | None = None
) -> Iterator[RunningEngine]:
    """Run an engine for the length of a block."""
    running = RunningEngine(folder, sample_size, workers, options)
    try:
        yield running
    finally:
        running.close()


class Stopwatch:
    """Wall-clock and CPU seconds, user and system, of this process since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def wall_seconds(self) -> float:
        """Return the seconds that have passed."""
        return time.perf_counter() - self._wall

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that all threads have used."""
        return time.process_time() - self._cpu


def log_errors_only() -> None:
    """Silence a warning of the SDK: for each app, that functions without HTTP take no authorization level."""
    logging.getLogger().setLevel(logging.ERROR)


def resident_mb() -> float:
    """Return the process's resident memory in MB; where the system does not tell it, the largest so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 1e6
