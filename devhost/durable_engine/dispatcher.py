"""Everything that works in the background: queues of instances, activities and entities, and the timer thread."""

import time
from collections.abc import Callable

from devhost.clock import Clock
from devhost.durable_engine import entity_store, instance_store, work_store
from devhost.durable_engine.activity_runner import ActivityRunner
from devhost.durable_engine.database import Database
from devhost.durable_engine.entity_runner import EntityRunner
from devhost.durable_engine.functions import DurableFunctions
from devhost.durable_engine.options import EngineOptions
from devhost.durable_engine.orchestration_runner import OrchestrationRunner
from devhost.durable_engine.timers import TimerThread
from devhost.durable_engine.wakeups import Wakeups
from devhost.durable_engine.work_queue import Monitor, WorkQueue

# Work that tests hold on to, as a number or as a way to ask for the number of the moment.
RunningActivities = int | Callable[[], int]

# A callable's answer may change without any work ending, so it is asked again that often.
_ASK_AGAIN_SECONDS = 0.01


class Dispatcher:
    """Gives ready work to threads and knows when there is none."""

    def __init__(
        self, database: Database, functions: DurableFunctions, options: EngineOptions, clock: Clock
    ) -> None:
        self._database = database
        self._monitor = Monitor()
        orchestrations = OrchestrationRunner(database, functions, options, clock)
        activities = ActivityRunner(database, functions, clock)
        self._expect_activities = activities.expect
        entities = EntityRunner(database, functions, options, clock)
        self._instances: WorkQueue[str] = WorkQueue(
            "instance",
            lambda key: self.wake(orchestrations.run(key)),
            options.max_concurrent_orchestrators,
            self._monitor,
        )
        self._activities: WorkQueue[int] = WorkQueue(
            "activity",
            lambda key: self.wake(activities.run(key)),
            options.max_concurrent_activities,
            self._monitor,
        )
        self._entities: WorkQueue[str] = WorkQueue(
            "entity", lambda key: self.wake(entities.run(key)), options.max_concurrent_entities, self._monitor
        )
        self._timers = TimerThread(database, clock, self._monitor, self.wake)

    def start(self) -> None:
        """Take up what an earlier run of the host has left, and begin to work."""
        with self._database.reading() as snapshot:
            left_over = Wakeups(
                instances=instance_store.with_messages(snapshot),
                activities=work_store.open_activities(snapshot),
                entities=entity_store.with_requests(snapshot),
            )
        self.wake(left_over)
        for queue in (self._instances, self._activities, self._entities):
            queue.start()
        self._timers.start()

    def wake(self, woken: Wakeups) -> None:
        """Have ready work done."""
        for instance_id in woken.instances:
            self._instances.add(instance_id)
        self._expect_activities(woken.activity_works)
        for work_id in woken.activities:
            self._activities.add(work_id)
        for entity_id in woken.entities:
            self._entities.add(entity_id)
        if woken.has_new_timers:
            self._timers.look()

    def stop(self, timeout_seconds: float) -> bool:
        """Take no new work and wait for what runs; False if some still did after the timeout."""
        for queue in (self._instances, self._activities, self._entities):
            queue.stop()
        self._timers.stop()
        return self._wait(lambda: self._running() == 0, timeout_seconds)

    def is_quiescent(self, ignoring_running_activities: RunningActivities = 0) -> bool:
        """Whether nothing is ready, running or due, apart from that many activities."""
        with self._monitor.lock:
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
        with self._monitor.lock:
            return self._activities.running_keys

    def describe(self) -> str:
        """Return what is at work, for messages."""
        with self._monitor.lock:
            queues = (self._instances, self._activities, self._entities)
            work = [f"{queue.name} '{key}'" for queue in queues for key in queue.pending_keys()]
            if not self._timers.is_at_rest():
                work.append("timers")
        return ", ".join(work) or "nothing"

    def _running(self) -> int:
        return sum(queue.running_count for queue in (self._instances, self._activities, self._entities))

    def _is_quiescent(self, ignored: RunningActivities, ignored_ids: frozenset[int] = frozenset()) -> bool:
        allowed = ignored() if callable(ignored) else ignored
        running = len(self._activities.running_keys - ignored_ids)
        is_still = running <= allowed and not self._activities.has_ready
        return is_still and self._is_quiet_but_for_activities()

    def _is_quiet_but_for_activities(self) -> bool:
        others = (self._instances, self._entities)
        is_idle = all(queue.running_count == 0 and not queue.has_ready for queue in others)
        return is_idle and self._timers.is_at_rest()

    def _wait(self, condition: Callable[[], bool], timeout_seconds: float) -> bool:
        deadline = time.monotonic() + timeout_seconds
        with self._monitor.lock:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._monitor.changed.wait(min(left, _ASK_AGAIN_SECONDS))
        return True
