"""One life of an engine: it opens the database of the life before and carries on with the load."""

import json
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import azure.durable_functions as df
import azure.functions as func

from devhost.engine.clock import VirtualClock
from devhost.engine.engine import DurableEngine
from devhost.engine.options import EngineOptions
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.indexing import IndexedFunction, index_functions
from devhost.functions.invocation import FunctionInvoker
from tests.crashes.journal import Journal

DATABASE, PROMISES, RUNS = "engine.db", "promises", "activity-runs"
TALLY, TALLY_KEY = "tally", "k"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# Longer than the longest leg of a long timer: outcomes must not depend on the exact moment when a timer fires.
ROUND = timedelta(days=4)

# By "instances": status, output and custom status by id; by "tally": what its entity has added, sorted.
Ends = dict[str, Any]
MakeFunctions = Callable[[Iterable[IndexedFunction], FunctionInvoker], HostedDurableFunctions]
OnCommit = Callable[[bool], None]


class Life:
    """A running engine, its clock, and its client's memory.

    Attributes:
        engine: runs.
        promises: a line for each request that was answered, in this life or one before.
    """

    def __init__(self, engine: DurableEngine, clock: VirtualClock, promises: Journal) -> None:
        self.engine, self._clock, self.promises = engine, clock, promises

    def jump(self) -> None:
        """Move the clock by a round at once, so that many timers are due together."""
        self._begin_round()
        self._clock.advance(ROUND)

    def pass_time(self) -> None:
        """Move the clock by a round, stopping at each timer until the engine has settled."""
        self._begin_round()
        self.engine.advance(ROUND)

    def once(self, promise: str, ask: Callable[[], object]) -> None:
        """Make a request, unless it was answered before: a client relies on its answers."""
        if not self.promises.count(promise):
            ask()
            self.promises.add(promise)

    def add_once(self, text: str) -> None:
        """Signal the tally to add a text. Attempts are numbered, since one without an answer may count too."""

        def signal() -> None:
            attempt = f"client/{text}/{self.promises.add(f'trying {text}')}"
            self.engine.client.signal_entity(TALLY, TALLY_KEY, "add", json.dumps(json.dumps(attempt)))
            self.promises.add(f"added {attempt}")

        self.once(f"signalled {text}", signal)

    def ends(self, instance_ids: Iterable[str]) -> Ends:
        """The outcome: the ends of these instances, and the tally."""
        instances: Ends = {}
        for instance_id in instance_ids:
            status = self.engine.client.status(instance_id)
            instances[instance_id] = status and [status["runtimeStatus"], status["output"], status["customStatus"]]
        tally = json.loads(self.engine.client.entity_state(TALLY, TALLY_KEY) or "[]")
        return {"instances": instances, "tally": sorted(tally)}

    def _begin_round(self) -> None:
        # Written first, so that time never runs backward in the next life.
        self.promises.add("round")


class Load(Protocol):
    """Work for an engine, in one life or several."""

    def make_app(self, activity_runs: Journal) -> df.Blueprint:
        """The functions; the journal gets a line whenever an activity runs."""
        ...

    def work(self, life: Life) -> Ends:
        """Begin, or continue where the life before was killed, and return the outcome."""
        ...


def live(
    folder: Path,
    load: Load,
    on_commit: OnCommit | None = None,
    hosted: MakeFunctions = HostedDurableFunctions,
) -> Ends:
    """Live one life in this process, and return the load's outcome.

    Args:
        folder: where the database and the journals are.
        load: the work.
        on_commit: as ``DurableEngine`` takes it.
        hosted: what calls the app's functions for the engine.
    """
    folder.mkdir(exist_ok=True, parents=True)
    app = func.FunctionApp()
    with (
        closing(Journal(folder / PROMISES)) as promises,
        closing(Journal(folder / RUNS)) as runs,
        closing(FunctionInvoker()) as invoker,
    ):
        app.register_functions(load.make_app(runs))
        functions = hosted(index_functions(app, Path.cwd()), invoker)
        clock = VirtualClock(BEGIN + ROUND * promises.count("round"))
        engine = DurableEngine(functions, EngineOptions(), folder / DATABASE, clock, on_commit)
        engine.start()
        try:
            return load.work(Life(engine, clock, promises))
        finally:
            engine.stop(timeout_seconds=5)
