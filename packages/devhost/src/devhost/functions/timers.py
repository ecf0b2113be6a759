"""Fires timer triggers on their schedules, one thread watching the clock for all of them."""

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from devhost.engine.clock import Clock
from devhost.engine.functions import FunctionFailed, FunctionTimedOut
from devhost.functions.app_settings import resolve_setting_names
from devhost.functions.converters import decode
from devhost.functions.errors import HostConfigError, HostStopping, IndexingError
from devhost.functions.indexing import TIMER_TRIGGER, IndexedFunction
from devhost.functions.invocation_context import Invocation
from devhost.functions.invoker_protocol import Invoker
from devhost.functions.schedules import Schedule, parse_schedule, time_zone
from devhost.functions.timer_monitor import NEVER, TimerMonitor, TimerStatus

log = logging.getLogger("devhost.host")

# The system's clock may be changed during a wait, so it is checked at least this often.
_LONGEST_WAIT_SECONDS = 60.0
_Failure = FunctionFailed | FunctionTimedOut


@dataclass
class _Timer:
    function: IndexedFunction
    schedule: Schedule
    schedule_text: str
    monitored: bool
    due: datetime
    status: TimerStatus | None = None
    past_due: bool = False
    running: bool = False
    retry_at: datetime | None = None


class TimerService:
    """Runs the timer functions of an app from ``start`` to ``stop``.

    A timer never overlaps itself: its next occurrence is determined when the running one has ended. A failing
    invocation does not stop its schedule; with a retry decorator it is run again before the schedule goes on.

    Args:
        functions: The app's functions; only the timers are run.
        invoker: Runs them.
        clock: The time, which tests may advance.
        monitor: Keeps the state of timers that use a monitor.
        settings: App settings: ``%NAME%`` in schedules, and the time zone.

    Raises:
        IndexingError: Unreadable schedules, all of them listed.
    """

    def __init__(
        self,
        functions: Iterable[IndexedFunction],
        invoker: Invoker,
        clock: Clock,
        monitor: TimerMonitor,
        settings: Mapping[str, str],
    ) -> None:
        self._invoker, self._clock, self._monitor = invoker, clock, monitor
        self._changed = threading.Condition()
        self._stopping = False
        self._watcher = threading.Thread(target=self._watch, name="timers", daemon=True)
        self._timers = _build_timers(functions, settings, clock.now())
        clock.on_advance(self._wake)

    def start(self) -> None:
        """Begin to fire timers: overdue ones and those with ``runOnStartup`` at once, the others on schedule."""
        for timer in self._timers:
            self._prepare(timer)
        if self._timers:
            self._watcher.start()

    def stop(self) -> None:
        """Fire no more timers; running functions go on."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._watcher.is_alive():
            self._watcher.join()

    def settle(self, timeout_seconds: float) -> bool:
        """Wait until no timer is due or running, after a jump of the clock; False after the timeout."""
        with self._changed:
            return self._changed.wait_for(self._is_settled, timeout_seconds)

    def next_occurrences(self) -> dict[str, datetime]:
        """When each timer fires next, in UTC, by function name."""
        with self._changed:
            return {timer.function.name: timer.due for timer in self._timers}

    def fire(self, function: IndexedFunction) -> None:
        """Run a timer function now, whatever its schedule, and wait for its end; failures are logged."""
        timer = next((timer for timer in self._timers if timer.function.name == function.name), None)
        self._invoke(function, timer.status if timer else None, past_due=False)

    def _prepare(self, timer: _Timer) -> None:
        now = self._clock.now()
        if timer.monitored:
            timer.status = self._monitor.load(timer.function.name, timer.schedule_text)
            timer.past_due = timer.status is not None and now > timer.status.next
            if timer.status is None:
                self._record(timer, TimerStatus(NEVER, timer.due, now))
        if timer.past_due or timer.function.trigger.get_dict_repr().get("runOnStartup"):
            timer.due = now

    def _watch(self) -> None:
        with self._changed:
            while not self._stopping:
                now = self._clock.now()
                for timer in self._timers:
                    if not timer.running and timer.due <= now:
                        self._launch(timer)
                self._changed.wait(self._seconds_to_wait())

    def _seconds_to_wait(self) -> float | None:
        waits = [self._clock.seconds_until(timer.due) for timer in self._timers if not timer.running]
        return min((*(wait for wait in waits if wait is not None), _LONGEST_WAIT_SECONDS))

    def _launch(self, timer: _Timer) -> None:
        timer.running = True
        name = f"timer-{timer.function.name}"
        threading.Thread(target=self._run, args=(timer,), name=name, daemon=True).start()

    def _run(self, timer: _Timer) -> None:
        occurrence = timer.due
        self._run_with_retries(timer)
        now = self._clock.now()
        with self._changed:
            timer.due, timer.past_due, timer.running = timer.schedule.next_after(now), False, False
            if timer.monitored:
                self._record(timer, TimerStatus(occurrence, timer.due, now))
            self._changed.notify_all()

    def _run_with_retries(self, timer: _Timer) -> None:
        policy = timer.function.retry_policy
        retry_count, failure = 0, self._invoke(timer.function, timer.status, timer.past_due)
        while failure and policy and policy.allows(retry_count := retry_count + 1):
            if not self._pause(timer, policy.pause_before(retry_count)):
                return
            failure = self._invoke(timer.function, timer.status, timer.past_due, retry_count, failure)

    def _pause(self, timer: _Timer, duration: timedelta) -> bool:
        """Wait for a retry; False if the host stops before it is due."""
        with self._changed:
            timer.retry_at = self._clock.now() + duration
            self._changed.notify_all()
            while not self._stopping and self._clock.now() < timer.retry_at:
                self._changed.wait(self._clock.seconds_until(timer.retry_at))
            timer.retry_at = None
            return not self._stopping

    def _invoke(
        self,
        function: IndexedFunction,
        status: TimerStatus | None,
        past_due: bool,
        retry_count: int = 0,
        last_failure: _Failure | None = None,
    ) -> _Failure | None:
        policy = function.retry_policy
        invocation = Invocation(
            function.name,
            "Timer fired, past due" if past_due else "Timer fired",
            retry_count=retry_count,
            max_retry_count=policy.max_retry_count if policy else 0,
            last_failure=last_failure,
        )
        try:
            self._invoker.call(function, _arguments(function, status, past_due), invocation)
        except (FunctionFailed, FunctionTimedOut) as failure:
            return failure  # The invoker has logged it, and the schedule goes on.
        except HostStopping:
            pass
        except RuntimeError as error:
            log.warning("The timer %s did not run: %s", function.name, error)
        return None

    def _record(self, timer: _Timer, status: TimerStatus) -> None:
        timer.status = status
        try:
            self._monitor.save(timer.function.name, timer.schedule_text, status)
        except OSError as error:
            log.warning("The state of timer %s could not be saved: %s", timer.function.name, error)

    def _is_settled(self) -> bool:
        now = self._clock.now()
        return self._stopping or all(_is_idle(timer, now) for timer in self._timers)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _arguments(function: IndexedFunction, status: TimerStatus | None, past_due: bool) -> dict[str, Any]:
    """The trigger's value: a ``func.TimerRequest``, or its JSON text for a parameter annotated so."""
    payload = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": status.to_payload() if status else None,
        "IsPastDue": past_due,
    }
    name, text = function.trigger_parameter, json.dumps(payload)
    is_text = function.annotation_of(name) in (str, bytes)
    return {name: text if is_text else decode(TIMER_TRIGGER, text, "json")}


def _is_idle(timer: _Timer, now: datetime) -> bool:
    """Whether a timer has nothing to do now: it is not due, or it waits for a retry."""
    if timer.running:
        return timer.retry_at is not None and now < timer.retry_at
    return now < timer.due


def schedule_faults(functions: Iterable[IndexedFunction], settings: Mapping[str, str]) -> list[str]:
    """List the schedules that cannot be read, each with function, file and line. Raises HostConfigError (zone)."""
    zone, faults = time_zone(settings), []
    for function in functions:
        if function.trigger_type == TIMER_TRIGGER:
            try:
                _build_timer(function, settings, zone, datetime.now(UTC))
            except HostConfigError as error:
                faults.append(f"{function.name} ({function.source}): {error}")
    return faults


def _build_timers(
    functions: Iterable[IndexedFunction], settings: Mapping[str, str], now: datetime
) -> list[_Timer]:
    timers = [function for function in functions if function.trigger_type == TIMER_TRIGGER]
    if faults := schedule_faults(timers, settings):
        raise IndexingError(faults)
    zone = time_zone(settings)
    return [_build_timer(function, settings, zone, now) for function in timers]


def _build_timer(function: IndexedFunction, settings: Mapping[str, str], zone: tzinfo, now: datetime) -> _Timer:
    # A `generic_trigger` has only the attributes that it was given.
    described = function.trigger.get_dict_repr()
    text = resolve_setting_names(str(described.get("schedule") or ""), settings)
    schedule = parse_schedule(text, zone)
    monitored = described.get("useMonitor") is not False and not schedule.is_sub_minute(now)
    return _Timer(function, schedule, text, monitored, schedule.next_after(now))
