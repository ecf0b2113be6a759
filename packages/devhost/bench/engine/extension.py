"""The reference workflow on Microsoft's durable extension, with an Azurite in memory as its storage account."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.engine.measurements import inputs
from bench.engine.reference_app import WORKFLOW, reference_app
from bench.engine.running_engine import CALLERS, CountingFunctions, Stopwatch
from bench.engine.timing import Timing
from devhost.extension.backend import ExtensionBackend
from devhost.extension.program import STORAGE_SETTING, find_program
from devhost.functions.durable_functions import DurableNames, HostedDurableFunctions
from devhost.functions.host_config import HostConfig
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.testing.azurite import azurite_command, running_azurite

_WARM_UP = 20
_URL = "http://127.0.0.1"
# The shortest pauses between two looks at a queue, so that none is measured.
_STORAGE = {"type": "AzureStorage", "maxQueuePollingInterval": "00:00:00.1"}


@dataclass(frozen=True)
class ExtensionRun(Timing):
    """One run; ``cpu_seconds`` are those of the process that runs the functions, without the other two."""

    program_cpu_seconds: float
    azurite_cpu_seconds: float

    @property
    def program_cpu_ms_each(self) -> float:
        """CPU milliseconds that one workflow takes in the extension."""
        return self.program_cpu_seconds / self.workflows * 1000

    @property
    def azurite_cpu_ms_each(self) -> float:
        """CPU milliseconds that one workflow takes in Azurite."""
        return self.azurite_cpu_seconds / self.workflows * 1000


def extension_run(folder: Path, workflows: int) -> ExtensionRun:
    """Run workflows that are submitted together, after some to warm up. Functions run in this process."""
    with running_azurite(azurite_command(os.environ, Path.cwd())) as azurite:
        os.environ[STORAGE_SETTING] = azurite.connection_string
        with _running_extension(folder) as (functions, backend):
            _run(functions, backend, _WARM_UP)
            before = _cpu_seconds_of_children()
            watch = Stopwatch()
            _run(functions, backend, workflows)
            wall, cpu = watch.wall_seconds(), watch.cpu_seconds()
            program, storage = (
                after - earlier for after, earlier in zip(_cpu_seconds_of_children(), before, strict=True)
            )
            return ExtensionRun(workflows, wall, cpu, program, storage)


@contextmanager
def _running_extension(folder: Path) -> Iterator[tuple[CountingFunctions, ExtensionBackend]]:
    indexed = index_functions(reference_app(), Path.cwd())
    invoker = FunctionInvoker(HostConfig().function_timeout)
    functions = CountingFunctions(HostedDurableFunctions(indexed, invoker))
    backend = ExtensionBackend(
        find_program(os.environ),
        DurableNames.of(indexed),
        section={"hubName": "Bench", "storageProvider": _STORAGE},
        public_url=_URL,
        rpc_base_url=_URL,
        key=None,
        folder=folder,
        body_limit_bytes=0,
    )
    try:
        backend.connect(functions)
        backend.start()
        yield functions, backend
    finally:
        backend.stop(timeout_seconds=10)
        backend.close()
        invoker.close()


def _run(functions: CountingFunctions, backend: ExtensionBackend, workflows: int) -> None:
    functions.expect(workflows)
    with ThreadPoolExecutor(CALLERS) as callers:
        for started in callers.map(
            lambda payload: backend.instances.start(WORKFLOW, None, json.dumps(json.dumps(payload))),
            inputs(workflows),
        ):
            assert started
    functions.wait()


def _cpu_seconds_of_children() -> tuple[float, float]:
    """The extension's seconds so far, and Azurite's."""
    children = {child.name(): child.cpu_times() for child in psutil.Process().children()}
    program, azurite = children[find_program(os.environ).name], children["node"]
    return program.user + program.system, azurite.user + azurite.system
