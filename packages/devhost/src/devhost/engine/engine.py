"""The durable engine: everything above put together, with a beginning and an end."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from devhost.engine import timestamps, work_store
from devhost.engine.client import DurableClient
from devhost.engine.clock import AdvanceableClock, Clock
from devhost.engine.database import Database
from devhost.engine.dispatcher import Dispatcher, RunningActivities
from devhost.engine.errors import DidNotSettle, DurableEngineError
from devhost.engine.functions import DurableFunctions
from devhost.engine.options import EngineOptions

log = logging.getLogger("devhost.durable")

_SETTLE_SECONDS = 60.0


class DurableEngine:
    """Runs an app's orchestrators, activities and entities on one database file.

    Args:
        functions: the app's durable functions.
        options: limits and rules from host.json.
        database_path: the SQLite file; made if it does not exist, and owned by this engine until ``stop``.
        clock: where the time comes from.
        on_commit: for tests: called before each commit with False and after it with True; may raise to end it
            there.

    Raises:
        DatabaseInUse: another running host has the file.
        DatabaseTooNew: a later version wrote the file.

    Example:
        engine = DurableEngine(functions, EngineOptions(), Path(".local/hub.db"), SystemClock())
        engine.start()
        instance_id = engine.client.start("order", raw_input='"{}"')
        engine.stop(timeout_seconds=10)
    """

    def __init__(
        self,
        functions: DurableFunctions,
        options: EngineOptions,
        database_path: Path,
        clock: Clock,
        on_commit: Callable[[bool], None] | None = None,
    ) -> None:
        self._clock = clock
        self._advancing = threading.Lock()
        self._database = Database(database_path, on_commit)
        self._dispatcher = Dispatcher(self._database, functions, options, clock)
        self.client = DurableClient(self._database, functions, options, clock, self._dispatcher.wake)

    def start(self) -> None:
        """Go on with what is in flight, and begin to take work."""
        self._dispatcher.start()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Take no more work, let running user code end within the timeout, and close the database.

        Nothing is lost: what has not ended by then is done again when an engine opens the database the next time.
        """
        if not self._dispatcher.stop(timeout_seconds):
            log.warning(
                "Stopped while this was still running: %s. It will be done again.", self._dispatcher.describe()
            )
        self._database.close()

    def is_quiescent(self, ignoring_running_activities: RunningActivities = 0) -> bool:
        """Whether nothing can happen before the time moves on or a client asks for something.

        Args:
            ignoring_running_activities: how many activities may be running all the same, or a function that
                returns the number.
        """
        return self._dispatcher.is_quiescent(ignoring_running_activities)

    def wait_quiescent(
        self, timeout_seconds: float = _SETTLE_SECONDS, ignoring_running_activities: RunningActivities = 0
    ) -> None:
        """Wait until ``is_quiescent``. Raises DidNotSettle, naming what was at work, after the timeout."""
        if not self._dispatcher.wait_quiescent(timeout_seconds, ignoring_running_activities):
            busy = self._dispatcher.describe()
            raise DidNotSettle(f"After {timeout_seconds:g} s the durable engine was still at work: {busy}.")

    def advance(
        self,
        duration: timedelta,
        ignoring_running_activities: RunningActivities = 0,
        activity_patience_seconds: float = 5.0,
    ) -> None:
        """Move the time forward, stopping at each timer that is due on the way until everything has settled.

        Args:
            duration: how far.
            ignoring_running_activities: activities that need not end before the time moves on.
            activity_patience_seconds: how long, in real seconds, to wait for each of the others.

        Raises:
            DurableEngineError: the engine's clock cannot be moved.
            DidNotSettle: orchestrators or entities did not come to rest.
        """
        clock = self._clock
        if not isinstance(clock, AdvanceableClock):
            raise DurableEngineError("This host runs on real time. Start it with --clock virtual to skip time.")
        # One after the other: two who move the time at once must both get as far as they asked for.
        with self._advancing:
            waited_for: frozenset[int] = frozenset()

            def settle() -> None:
                nonlocal waited_for
                waited_for = self._settle(ignoring_running_activities, activity_patience_seconds, waited_for)

            # First what has been started: the timers it sets lie a moment ahead of now, and within the jump.
            settle()
            target = clock.now() + duration
            while (due := self._next_due_time()) is not None and due <= target:
                clock.advance(max(timedelta(), due - clock.now()))
                settle()
            clock.advance(max(timedelta(), target - clock.now()))
            settle()

    def _settle(
        self, ignored: RunningActivities, patience_seconds: float, waited_for: frozenset[int]
    ) -> frozenset[int]:
        """Wait for rest; returns the activities that outlasted our patience, which are not waited for again."""
        if self._dispatcher.wait_quiescent(patience_seconds, ignored, waited_for):
            return waited_for
        if not self._dispatcher.wait_for_activities_only(_SETTLE_SECONDS):
            raise DidNotSettle(f"The durable engine did not come to rest; at work: {self._dispatcher.describe()}.")
        log.info("Time moves on while this is running: %s.", self._dispatcher.describe())
        return waited_for | self._dispatcher.running_activities()

    def _next_due_time(self) -> datetime | None:
        with self._database.reading() as snapshot:
            due = work_store.next_due_time(snapshot)
        return None if due is None else timestamps.from_text(due)
