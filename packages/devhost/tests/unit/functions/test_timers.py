"""Timers fire on the clock's time, catch up after a pause, and survive failing invocations."""

import queue
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

import azure.functions as func
import pytest
from azure.functions.timer import TimerRequest

from devhost.engine.clock import VirtualClock
from devhost.functions.errors import IndexingError
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.timer_monitor import TimerMonitor
from devhost.functions.timers import TimerService

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
Fired = queue.Queue[TimerRequest]
# For each run: its number, the most retries, and the message of the failure before.
Attempts = queue.Queue[tuple[int, int, str | None]]


class Start(Protocol):
    """Starts timers that leave their requests in the fixture ``fired``."""

    def __call__(
        self,
        schedule: str = ...,
        fails: bool = ...,
        run_on_startup: bool | None = ...,
        use_monitor: bool | None = ...,
    ) -> TimerService: ...


class StartRetried(Protocol):
    """Starts a timer with a retry policy; its attempts are left in the queue."""

    def __call__(self, seen: Attempts, strategy: str, max_retry_count: str, **intervals: str) -> TimerService: ...


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


@pytest.fixture
def fired() -> Fired:
    return queue.Queue()


@pytest.fixture
def start(clock: VirtualClock, fired: Fired, invoker: FunctionInvoker, tmp_path: Path) -> Iterator[Start]:
    """Start a host's timers with one function, ``tick``, whose state is in the test's folder."""
    services: list[TimerService] = []

    def start_timers(
        schedule: str = "0 0 * * * *",
        fails: bool = False,
        run_on_startup: bool | None = None,
        use_monitor: bool | None = None,
    ) -> TimerService:
        app = func.FunctionApp()

        @app.timer_trigger("timer", schedule, run_on_startup, use_monitor)
        def tick(timer: func.TimerRequest) -> None:
            fired.put(cast(TimerRequest, timer))  # The SDK declares less than it delivers.
            if fails:
                raise ValueError("tick failed")

        functions = index_functions(app, tmp_path)
        service = TimerService(
            functions, invoker, clock, TimerMonitor(tmp_path / "timers"), {"SCHEDULE": "0 0 * * * *"}
        )
        services.append(service)
        service.start()
        return service

    yield start_timers
    for service in services:
        service.stop()


def due_after_settling(service: TimerService) -> datetime:
    assert service.settle(5.0)
    return service.next_occurrences()["tick"]


def test_timer_fires_when_its_time_comes_and_not_before(start: Start, clock: VirtualClock, fired: Fired) -> None:
    service = start()
    clock.advance(timedelta(minutes=59))
    assert service.next_occurrences()["tick"] == NOON + timedelta(hours=1)
    assert fired.empty()
    clock.advance(timedelta(minutes=1))
    request = fired.get(timeout=60)
    assert request.past_due is False
    assert request.schedule_status["Next"] == "2026-01-01T13:00:00+00:00"
    assert due_after_settling(service) == NOON + timedelta(hours=2)


def test_failing_timer_goes_on_with_its_schedule(start: Start, clock: VirtualClock, fired: Fired) -> None:
    service = start(fails=True)
    for hour in (1, 2):
        clock.advance(timedelta(hours=1))
        fired.get(timeout=60)
        assert due_after_settling(service) == NOON + timedelta(hours=hour + 1)


def test_occurrence_missed_while_the_host_was_stopped_is_made_up_for_once(
    start: Start, clock: VirtualClock, fired: Fired
) -> None:
    start().stop()
    clock.advance(timedelta(hours=5, minutes=10))
    assert fired.empty()
    service = start()
    assert fired.get(timeout=60).past_due is True
    assert due_after_settling(service) == NOON + timedelta(hours=6)
    assert fired.empty()


def test_changed_schedule_is_not_past_due(start: Start, clock: VirtualClock, fired: Fired) -> None:
    start().stop()
    clock.advance(timedelta(hours=5))
    service = start("0 30 * * * *")
    assert due_after_settling(service) == NOON + timedelta(hours=5, minutes=30)
    assert fired.empty()


def test_timer_without_monitor_forgets_what_it_missed(start: Start, clock: VirtualClock, fired: Fired) -> None:
    start(use_monitor=False).stop()
    clock.advance(timedelta(hours=5))
    service = start(use_monitor=False)
    clock.advance(timedelta(hours=1))
    request = fired.get(timeout=60)
    assert (request.past_due, request.schedule_status) == (False, {})
    assert due_after_settling(service) == NOON + timedelta(hours=7)


def test_run_on_startup_fires_at_once_and_is_not_past_due(start: Start, fired: Fired) -> None:
    service = start(run_on_startup=True)
    assert fired.get(timeout=60).past_due is False
    assert due_after_settling(service) == NOON + timedelta(hours=1)


def test_schedule_may_come_from_a_setting(start: Start) -> None:
    assert start("%SCHEDULE%").next_occurrences() == {"tick": NOON + timedelta(hours=1)}


@pytest.mark.parametrize("schedule", ["%MISSING%", "whenever"])
def test_unusable_schedule_names_the_function(start: Start, schedule: str) -> None:
    with pytest.raises(IndexingError, match=r"tick \("):
        start(schedule)


@pytest.fixture
def start_retried(clock: VirtualClock, invoker: FunctionInvoker, tmp_path: Path) -> Iterator[StartRetried]:
    """Start a timer that always fails and records its retry context."""
    services: list[TimerService] = []

    def start_timer(seen: Attempts, strategy: str, max_retry_count: str, **intervals: Any) -> TimerService:
        app = func.FunctionApp()

        @app.retry(strategy, max_retry_count, **intervals)
        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        def tick(timer: func.TimerRequest, context: func.Context) -> None:
            retries = context.retry_context
            before = retries.exception.message if retries.exception else None
            seen.put((retries.retry_count, retries.max_retry_count, before))
            raise ValueError(f"failure {retries.retry_count}")

        monitor = TimerMonitor(tmp_path / "timers")
        service = TimerService(index_functions(app, tmp_path), invoker, clock, monitor, {})
        services.append(service)
        service.start()
        return service

    yield start_timer
    for service in services:
        service.stop()


def test_failing_timer_is_run_again_after_a_fixed_delay(start_retried: StartRetried, clock: VirtualClock) -> None:
    seen: Attempts = queue.Queue()
    service = start_retried(seen, strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:05")
    clock.advance(timedelta(hours=1))
    assert seen.get(timeout=60) == (0, 2, None)
    for retry in (1, 2):
        assert service.settle(5.0)
        assert seen.empty()
        clock.advance(timedelta(seconds=5))
        assert seen.get(timeout=60) == (retry, 2, f"ValueError: failure {retry - 1}")
    assert due_after_settling(service) == NOON + timedelta(hours=2)
    assert seen.empty()


def test_host_stops_while_a_timer_waits_for_its_retry(start_retried: StartRetried, clock: VirtualClock) -> None:
    seen: Attempts = queue.Queue()
    service = start_retried(seen, strategy="fixed_delay", max_retry_count="-1", delay_interval="23:00:00")
    clock.advance(timedelta(hours=1))
    assert seen.get(timeout=60) == (0, -1, None)
    assert service.settle(5.0)
    service.stop()
    assert service.settle(5.0)
