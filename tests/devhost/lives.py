"""Engines that die at a chosen commit, and the ones that take over their databases."""

import json
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import azure.functions as func

from devhost.clock import VirtualClock
from devhost.durable_engine.engine import DurableEngine
from devhost.durable_engine.errors import DatabaseClosed, InstanceFinished
from devhost.durable_engine.functions import Answer, Ended, FunctionFailed
from devhost.durable_engine.options import EngineOptions
from devhost.functions_host.durable_functions import HostedDurableFunctions
from devhost.functions_host.indexing import index_functions
from devhost.functions_host.invocation import FunctionInvoker
from tests.devhost.random_programs import Expectation, Program, expectation_of, make_app
from tests.unit.durable_engine.history_audit import audit_database

# More than the longest wait between two legs of a long timer; ends may not depend on when exactly a timer fires.
ROUND = timedelta(days=4)
MOST_ROUNDS = 200
FINISHED = ("Completed", "Failed", "Terminated")
LATEST_COMMIT = 20


class DeathAtCommit:
    """Ends an engine just before or after one of its commits; all later ones fail too, as in a dead process."""

    def __init__(self, commit: int, is_after: bool) -> None:
        self._left = commit
        self._is_after = is_after
        self.has_come = threading.Event()

    def __call__(self, is_done: bool) -> None:
        if not self.has_come.is_set() and is_done == self._is_after:
            self._left -= 1
        if self._left < 0:
            self.has_come.set()
            raise DatabaseClosed("The process is dead.")


@dataclass(frozen=True)
class Episode:
    """What the SDK was asked in one episode, and what it said or raised."""

    name: str
    document: str
    answer: str


class RecordingFunctions(HostedDurableFunctions):
    """An app's durable functions; every episode is kept."""

    def __init__(self, app: func.FunctionApp, invoker: FunctionInvoker) -> None:
        super().__init__(index_functions(app, Path.cwd()), invoker)
        self.episodes: list[Episode] = []

    def begin_orchestrator(self, name: str, context_json: str, ended: Ended) -> None:
        """Run one episode and keep it."""

        def recorded(answer: Answer) -> None:
            self.episodes.append(Episode(name, context_json, _text_of(answer)))
            ended(answer)

        super().begin_orchestrator(name, context_json, recorded)


def _text_of(answer: Answer) -> str:
    try:
        return answer() or ""
    except FunctionFailed as failure:
        return failure.message


@dataclass
class Lives:
    """Runs programs to their end, in as many lives of the engine as its deaths ask for.

    Args:
        folder: where the database goes.
        programs: by instance id.
    """

    folder: Path
    programs: Mapping[str, Program]
    kills: int = 0
    _now: Any = None
    _invoker: FunctionInvoker = field(default_factory=FunctionInvoker)

    def __post_init__(self) -> None:
        app = func.FunctionApp()
        app.register_functions(make_app())
        self.functions = RecordingFunctions(app, self._invoker)
        self.expected: dict[str, Expectation] = {
            instance_id: expectation_of(instance_id, program) for instance_id, program in self.programs.items()
        }
        self.database = self.folder / "engine.db"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._invoker.close()

    def run(self, chance: random.Random | None = None, most_kills: int = 0) -> dict[str, Any]:
        """Run to the end and return what came of it.

        Args:
            chance: draws the commits at which the engine dies.
            most_kills: how many deaths; then it lives on.
        """
        while chance is not None and self.kills < most_kills:
            death = DeathAtCommit(chance.randrange(LATEST_COMMIT), chance.random() < 0.5)
            ended = self.live(death)
            if ended is not None:
                return ended
            self.kills += 1
            assert audit_database(self.database) == []
        ended = self.live(DeathAtCommit(10**9, False))
        assert ended is not None
        return ended

    def live(self, death: DeathAtCommit) -> dict[str, Any] | None:
        """Open the database and go on; returns what came of the programs, or None when death came before."""
        clock = VirtualClock(self._now)
        engine = DurableEngine(self.functions, EngineOptions(), self.database, clock, death)
        engine.start()
        try:
            self._start_all(engine)
            return self._work(engine, clock, death)
        except DatabaseClosed:
            return None
        finally:
            self._now = clock.now()
            engine.stop(timeout_seconds=5)

    def _start_all(self, engine: DurableEngine) -> None:
        for instance_id, program in self.programs.items():
            if engine.client.status(instance_id) is None:
                payload = {"program": program, "at": 0, "seen": []}
                engine.client.start("program", instance_id, json.dumps(json.dumps(payload)))

    def _work(self, engine: DurableEngine, clock: VirtualClock, death: DeathAtCommit) -> dict[str, Any]:
        for _ in range(MOST_ROUNDS):
            _settle(engine, death)
            unfinished = self._unfinished(engine)
            if not unfinished:
                return self._ends(engine)
            for instance_id in unfinished:
                self._raise_events(engine, instance_id)
            _settle(engine, death)
            clock.advance(ROUND)
        raise AssertionError(f"Still unfinished after {MOST_ROUNDS} rounds: {self._unfinished(engine)}")

    def _unfinished(self, engine: DurableEngine) -> list[str]:
        statuses = {instance_id: engine.client.status(instance_id) for instance_id in self.programs}
        return [key for key, status in statuses.items() if status and status["runtimeStatus"] not in FINISHED]

    def _raise_events(self, engine: DurableEngine, instance_id: str) -> None:
        for name in self.expected[instance_id].event_names:
            try:
                engine.client.raise_event(instance_id, name, json.dumps(name))
            except InstanceFinished:
                return

    def _ends(self, engine: DurableEngine) -> dict[str, Any]:
        ends: dict[str, Any] = {"tally": int(engine.client.entity_state("tally", "k") or 0)}
        for instance_id in self.programs:
            status = engine.client.status(instance_id)
            assert status is not None
            ends[instance_id] = (status["runtimeStatus"], status["output"], status["customStatus"])
        return ends

    def differences(self, ends: Mapping[str, Any]) -> list[str]:
        """What came out, as ``run`` returns it, other than it must."""
        wanted: dict[str, Any] = {"tally": sum(expected.additions for expected in self.expected.values())}
        for instance_id, expected in self.expected.items():
            wanted[instance_id] = (expected.status, expected.output, expected.custom_status)
        return [
            f"{key} ended as {ends[key]}, not {wanted[key]}: {self.programs.get(key)}"
            for key in wanted
            if ends[key] != wanted[key]
        ]


def _settle(engine: DurableEngine, death: DeathAtCommit) -> None:
    """Wait until nothing is left to do now. Raises DatabaseClosed once the engine is dead."""
    for _ in range(20_000):
        if death.has_come.is_set():
            raise DatabaseClosed("The process is dead.")
        if engine.is_quiescent():
            return
        death.has_come.wait(timeout=0.001)
    raise AssertionError("The engine did not come to rest in 20 s.")
