"""The engine's thread: begins what is ready, and writes what has ended, many at a time to a commit.

It takes turns. A turn takes all that has happened since the last one (wake-ups, results of functions), begins what
is ready, so that the app's functions have work while it writes, writes the results in one commit, and begins what
became ready by that. The app's code runs elsewhere and never on this thread.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from devhost.engine import entity_store, instance_store, work_store
from devhost.engine.activity_runner import ActivityRunner
from devhost.engine.clock import Clock
from devhost.engine.database import Database
from devhost.engine.entity_runner import EntityRunner
from devhost.engine.functions import DurableFunctions
from devhost.engine.lanes import CommitPart, Conclude, Lane, Monitor, woken_by
from devhost.engine.options import EngineOptions
from devhost.engine.orchestration_runner import OrchestrationRunner
from devhost.engine.postponed import PostponedWork, log_failures
from devhost.engine.timers import TimerThread
from devhost.engine.wakeups import Wakeups

log = logging.getLogger("devhost.durable")

# Work that tests hold on to, as a number or as a way to ask for the number of the moment.
RunningActivities = int | Callable[[], int]

# A callable's answer may change without any work ending, so it is asked again that often.
_ASK_AGAIN_SECONDS = 0.01
_LAST_TURN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Ended:
    """A function has ended, or there was none to call."""

    lane: Lane[Any]
    key: Any
    conclude: Conclude


@dataclass(frozen=True)
class _Stop:
    """The engine stops: ``is_final`` whether or not something still runs."""

    is_final: bool


_Happening = Wakeups | _Ended | _Stop


class Dispatcher:
    """Has ready work done and knows when there is none."""

    def __init__(
        self, database: Database, functions: DurableFunctions, options: EngineOptions, clock: Clock
    ) -> None:
        self._database = database
        self._monitor = Monitor()
        self._lock = self._monitor.lock
        self._orchestrations = OrchestrationRunner(database, functions, options, clock)
        self._activity_runner = ActivityRunner(database, functions, clock)
        entities = EntityRunner(database, functions, options, clock)
        self._instances = Lane("instance", self._orchestrations, options.max_concurrent_orchestrators)
        self._activities = Lane("activity", self._activity_runner, options.max_concurrent_activities)
        self._entities = Lane("entity", entities, options.max_concurrent_entities)
        self._lanes: tuple[Lane[Any], ...] = (self._instances, self._activities, self._entities)
        self._timers = TimerThread(database, clock, self._monitor, self.wake)
        self._happened: SimpleQueue[_Happening] = SimpleQueue()
        self._unseen_wakeups = 0
        self._postponed = PostponedWork()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="durable-engine", daemon=True)

    def start(self) -> None:
        """Take up what an earlier run of the host has left, and begin to work."""
        with self._database.reading() as snapshot:
            left_over = Wakeups(
                instances=instance_store.with_messages(snapshot),
                activities=work_store.open_activities(snapshot),
                entities=entity_store.with_requests(snapshot),
            )
        self.wake(left_over)
        self._thread.start()
        self._timers.start()

    def wake(self, woken: Wakeups) -> None:
        """Have ready work done; for any thread."""
        with self._lock:
            self._unseen_wakeups += 1
        self._happened.put(woken)

    def stop(self, timeout_seconds: float) -> bool:
        """Take no new work and wait for what runs; False if some still did after the timeout."""
        self._happened.put(_Stop(is_final=False))
        self._timers.stop()
        has_started = self._thread.is_alive()
        is_done = self._wait(
            lambda: not has_started or (self._is_stopping and not self._at_work()), timeout_seconds
        )
        self._happened.put(_Stop(is_final=True))
        if has_started:
            self._thread.join(_LAST_TURN_SECONDS)
        return is_done

    def is_quiescent(self, ignoring_running_activities: RunningActivities = 0) -> bool:
        """Whether nothing is ready, running or due, apart from that many activities."""
        with self._lock:
            return self._is_quiescent(ignoring_running_activities)

    def wait_quiescent(
        self,
        timeout_seconds: float,
        ignoring_running_activities: RunningActivities = 0,
        ignoring_work_ids: frozenset[int] = frozenset(),
    ) -> bool:
        """Wait until ``is_quiescent``, these work items apart; False if it was not within the timeout."""
        return self._wait(
            lambda: self._is_quiescent(ignoring_running_activities, ignoring_work_ids), timeout_seconds
        )

    def wait_for_activities_only(self, timeout_seconds: float) -> bool:
        """Wait until there is no work but activities; False if there was within the timeout."""
        return self._wait(self._is_quiet_but_for_activities, timeout_seconds)

    def running_activities(self) -> frozenset[int]:
        """Return the work items of the activities that run now."""
        with self._lock:
            return frozenset(self._activities.at_work)

    def describe(self) -> str:
        """Return what is at work, for messages."""
        with self._lock:
            work = [f"{lane.name} '{key}'" for lane in self._lanes for key in lane.pending_keys()]
            if not self._timers.is_at_rest():
                work.append("timers")
        return ", ".join(work) or "nothing"

    def _at_work(self) -> bool:
        return any(lane.at_work for lane in self._lanes)

    def _is_quiescent(self, ignored: RunningActivities, ignored_ids: frozenset[int] = frozenset()) -> bool:
        allowed = ignored() if callable(ignored) else ignored
        running = len(self._activities.at_work - ignored_ids)
        is_still = running <= allowed and not self._activities.has_ready
        return is_still and self._is_quiet_but_for_activities()

    def _is_quiet_but_for_activities(self) -> bool:
        is_idle = self._instances.is_idle and self._entities.is_idle
        return self._unseen_wakeups == 0 and is_idle and self._timers.is_at_rest()

    def _wait(self, condition: Callable[[], bool], timeout_seconds: float) -> bool:
        deadline = time.monotonic() + timeout_seconds
        with self._lock:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._monitor.changed.wait(min(left, _ASK_AGAIN_SECONDS))
        return True

    # What follows runs on the engine's thread only.

    def _run(self) -> None:
        while True:
            happened = self._next_happenings()
            if any(isinstance(one, _Stop) and one.is_final for one in happened):
                return
            try:
                self._take_turn(happened)
            except BaseException:
                log.exception("The durable engine lost a turn by a fault of its own. Start the host again.")

    def _next_happenings(self) -> list[_Happening]:
        """Wait for the next thing to happen, or for postponed work; return it with all else that has happened."""
        happened: list[_Happening] = []
        try:
            happened.append(self._happened.get(timeout=self._postponed.seconds_to_next()))
            while True:
                happened.append(self._happened.get_nowait())
        except Empty:
            return happened

    def _take_turn(self, happened: list[_Happening]) -> None:
        ended = self._take_note(happened)
        self._begin_ready()
        if ended:
            self._write([(one, part) for one in ended if (part := self._part_of(one)) is not None])
            self._begin_ready()
        with self._lock:
            self._monitor.changed.notify_all()

    def _take_note(self, happened: list[_Happening]) -> list[_Ended]:
        ended: list[_Ended] = []
        with self._lock:
            for one in happened:
                if isinstance(one, _Ended):
                    one.lane.conclude(one.key)
                    ended.append(one)
                elif isinstance(one, Wakeups):
                    self._add(one)
                    self._unseen_wakeups -= 1
                else:
                    self._is_stopping = True
        self._resume_postponed()
        return ended

    def _add(self, woken: Wakeups) -> None:
        self._activity_runner.expect(woken.activity_works)
        for instance_id in woken.instances:
            self._instances.add(instance_id)
        for work_id in woken.activities:
            self._activities.add(work_id)
        for entity_id in woken.entities:
            self._entities.add(entity_id)

    def _begin_ready(self) -> None:
        if self._is_stopping:
            return
        for lane in self._lanes:
            with self._lock:
                keys = lane.take()
            idle = [key for key in keys if not self._begin(lane, key)]
            if idle:
                with self._lock:
                    for key in idle:
                        lane.finish(key)

    def _begin(self, lane: Lane[Any], key: Any) -> bool:
        try:
            return lane.runner.begin(key, lambda conclude: self._happened.put(_Ended(lane, key, conclude)))
        except BaseException as failure:
            self._postpone(lane, key, failure)
            return True

    def _part_of(self, ended: _Ended) -> CommitPart | None:
        try:
            return ended.conclude()
        except BaseException as failure:
            self._postpone(ended.lane, ended.key, failure)
            return None

    def _write(self, parts: list[tuple[_Ended, CommitPart]]) -> None:
        """Write the parts, as many to a commit as may be; what cannot be written is tried again."""
        results = self._database.write_all([part.write for _, part in parts])
        self._orchestrations.take_deliveries()
        refused = []
        for (ended, part), result in zip(parts, results, strict=True):
            woken = woken_by(part, result)
            if woken is None:
                refused.append((ended, part, result.error))
                continue
            if woken.has_new_timers:
                # Before the key is done: else there would be a moment in which all seems to be at rest.
                self._timers.look()
            with self._lock:
                self._add(woken)
                ended.lane.finish(ended.key)
        self._hold(refused)

    def _hold(self, refused: list[tuple[_Ended, CommitPart, BaseException | None]]) -> None:
        """Put off what could not be written; it takes the place of work that would have to be put off too."""
        with self._lock:
            for ended, part, _ in refused:
                ended.lane.hold(ended.key)
                self._postponed.add(ended.lane, ended.key, part)
        if not self._is_stopping:
            log_failures([(ended.lane.name, ended.key, error) for ended, _, error in refused])

    def _postpone(self, lane: Lane[Any], key: Any, failure: BaseException) -> None:
        if not self._is_stopping:
            log_failures([(lane.name, key, failure)])
        self._postponed.add(lane, key)

    def _resume_postponed(self) -> None:
        """Take up what was put off and is due; when the engine stops, leave all to the next start of the host."""
        for one in self._postponed.take_due(is_all=self._is_stopping):
            if one.part is not None and not self._is_stopping:
                self._happened.put(_Ended(one.lane, one.key, functools.partial(_same, one.part)))
                continue
            with self._lock:
                one.lane.finish(one.key, must_repeat=True)


def _same(part: CommitPart) -> CommitPart:
    return part
