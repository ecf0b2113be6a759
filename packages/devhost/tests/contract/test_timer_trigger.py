"""Timers on a running host whose time the test moves, and on a clock that stands still."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.functions.timer import TimerRequest

from devhost.engine.clock import VirtualClock
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.timer_monitor import TimerMonitor
from devhost.functions.timers import TimerService
from tests.contract.functions_process import functions_host
from tests.end_to_end.devhost_process import DevhostProcess
from tests.waiting import eventually

DAY = 86_400
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
NEVER = datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevhostProcess]:
    """A host a day after its start, so that every daily timer has run once."""
    folder = tmp_path_factory.mktemp("timers")
    set_clock(folder, days_ahead=1)
    host = functions_host(folder, "--clock", "virtual")
    # A jump waits until no timer runs. Without this one the long jump could land in the run at startup, whose end
    # then sets the next time: tonight's would be left out.
    advance(host, 1)
    advance(host, DAY)
    yield host
    assert host.stop() == 0, host.output


def set_clock(folder: Path, days_ahead: int) -> None:
    """Set the clock of the next host to 12:40 UTC, when no timer of the app is about to run."""
    now = datetime.now(UTC)
    noon = (now + timedelta(days=days_ahead)).replace(hour=12, minute=40)
    path = folder / "state" / "devhost" / "clock.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"offsetSeconds": (noon - now).total_seconds()}))


def advance(host: DevhostProcess, seconds: float) -> None:
    answer = host.ask("POST", "/devhost/clock", {"advanceSeconds": seconds})
    assert answer.status == 200, answer


def requests_of(host: DevhostProcess, name: str) -> list[Any]:
    """The timer requests of a function, run by run."""
    return [json.loads(line) for line in host.lines_of(name)]


def await_runs(host: DevhostProcess, name: str, count: int) -> None:
    eventually(lambda: len(requests_of(host, name)) >= count, f"{name} has run {count} times")


@pytest.mark.parametrize(
    ("name", "moment"),
    [("six_fields", "%M:%S 15:30"), ("five_fields", "%M:%S 20:00"), ("from_setting", "%H:%M:%S 03:00:00")],
)
def test_timer_runs_at_the_time_of_its_fields_with_and_without_seconds_or_from_a_setting(
    host: DevhostProcess, name: str, moment: str
) -> None:
    form, _, expected = moment.rpartition(" ")
    (request,) = requests_of(host, name)
    assert datetime.fromisoformat(request["status"]["Next"]).strftime(form) == expected
    assert datetime.fromisoformat(request["status"]["Last"]) == NEVER


def test_time_span_is_a_constant_interval(host: DevhostProcess) -> None:
    (request,) = requests_of(host, "interval")
    status = {key: datetime.fromisoformat(value) for key, value in request["status"].items()}
    assert (
        timedelta(minutes=59, seconds=59) < status["Next"] - status["LastUpdated"] < timedelta(hours=1, seconds=1)
    )


def test_timer_gets_its_schedule_and_is_not_past_due(host: DevhostProcess) -> None:
    (request,) = requests_of(host, "six_fields")
    assert (request["pastDue"], request["schedule"]) == (False, {"AdjustForDST": True})
    assert set(request["status"]) == {"Last", "Next", "LastUpdated"}


def test_timer_that_asks_for_text_gets_the_payload_as_json(host: DevhostProcess) -> None:
    (text,) = requests_of(host, "as_text")
    payload = json.loads(text)
    assert (payload["Schedule"], payload["IsPastDue"]) == ({"AdjustForDST": True}, False)
    assert set(payload["ScheduleStatus"]) == {"Last", "Next", "LastUpdated"}


def test_timer_runs_at_startup_if_it_asks_for_it_and_is_not_late(host: DevhostProcess) -> None:
    at_start, at_night = requests_of(host, "on_startup")
    assert (at_start["pastDue"], at_night["pastDue"]) == (False, False)


def test_timer_without_monitor_gets_no_status(host: DevhostProcess) -> None:
    (request,) = requests_of(host, "forgetful")
    assert request["status"] == {}


def test_failing_timer_is_run_again_in_the_process_with_its_number_and_then_its_schedule_goes_on(
    host: DevhostProcess,
) -> None:
    for count in (1, 2):
        advance(host, 5)
        await_runs(host, "always_fails", count + 1)
    assert requests_of(host, "always_fails") == [0, 1, 2]
    advance(host, DAY)
    eventually(lambda: requests_of(host, "always_fails")[3:4] == [0], "it has run on the next day, too")


@pytest.fixture
def own_host(tmp_path: Path) -> Iterator[DevhostProcess]:
    """A host for one test."""
    set_clock(tmp_path, days_ahead=1)
    host = functions_host(tmp_path, "--clock", "virtual")
    yield host
    assert host.stop() == 0, host.output


def test_timers_missed_while_the_host_was_dead_run_once_at_its_start_and_are_past_due(
    own_host: DevhostProcess,
) -> None:
    eventually(lambda: len(requests_of(own_host, "on_startup")) == 1, "the first start is over")
    own_host.kill()
    set_clock(own_host.folder, days_ahead=4)
    own_host.start()
    missed = ("six_fields", "five_fields", "interval", "from_setting")
    eventually(lambda: all(requests_of(own_host, name) for name in (*missed, "as_text")), "all have run")
    assert [[request["pastDue"] for request in requests_of(own_host, name)] for name in missed] == [[True]] * 4
    assert [request["pastDue"] for request in requests_of(own_host, "on_startup")] == [False, True]
    assert requests_of(own_host, "forgetful") == []


class Timers:
    """Timer services of one function, on a clock that stands still.

    Args:
        folder: The monitor's state, which survives a restart.
    """

    def __init__(self, folder: Path) -> None:
        self.clock, self.monitor = VirtualClock(NOON), TimerMonitor(folder)
        self._invoker = FunctionInvoker()
        self._services: list[TimerService] = []

    def start(self, schedule: str, run: Callable[[TimerRequest], None], **settings: str) -> TimerService:
        app = func.FunctionApp()

        def tick(timer: TimerRequest) -> None:
            run(timer)

        app.timer_trigger(arg_name="timer", schedule=schedule)(tick)
        functions = index_functions(app, Path())
        service = TimerService(functions, self._invoker, self.clock, self.monitor, settings)
        self._services.append(service)
        service.start()
        return service

    def close(self) -> None:
        for service in self._services:
            service.stop()
        self._invoker.close()


@pytest.fixture
def timers(tmp_path: Path) -> Iterator[Timers]:
    timers = Timers(tmp_path)
    yield timers
    timers.close()


def test_timer_never_overlaps_itself_and_its_next_time_counts_from_its_end(timers: Timers) -> None:
    begun, release = threading.Semaphore(0), threading.Event()

    def run(_: func.TimerRequest) -> None:
        begun.release()
        release.wait(60)

    service = timers.start("0 0 * * * *", run)
    timers.clock.advance(timedelta(hours=1))
    assert begun.acquire(timeout=60)
    timers.clock.advance(timedelta(hours=3, minutes=30))
    assert not service.settle(0.05)
    assert not begun.acquire(blocking=False)
    release.set()
    assert service.settle(10)
    assert service.next_occurrences() == {"tick": NOON + timedelta(hours=5)}
    assert not begun.acquire(blocking=False)


def test_timer_of_less_than_a_minute_has_no_monitor_and_makes_up_for_nothing(timers: Timers) -> None:
    requests: list[TimerRequest] = []
    timers.start("*/30 * * * * *", requests.append).stop()
    timers.clock.advance(timedelta(hours=5))
    service = timers.start("*/30 * * * * *", requests.append)
    assert service.settle(10)
    assert requests == []
    timers.clock.advance(timedelta(seconds=30))
    assert service.settle(10)
    assert [(timer.past_due, timer.schedule_status) for timer in requests] == [(False, {})]


def test_status_of_a_monitored_timer_is_kept_for_the_next_start(timers: Timers) -> None:
    schedule = "0 0 * * * *"
    service = timers.start(schedule, lambda _: None)
    timers.clock.advance(timedelta(hours=1))
    assert service.settle(10)
    kept = timers.monitor.load("tick", schedule)
    assert kept is not None
    assert (kept.last, kept.next) == (NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    assert kept.last_updated == NOON + timedelta(hours=1)


def test_schedule_is_read_in_the_time_zone_of_the_settings_and_otherwise_in_utc(timers: Timers) -> None:
    in_berlin = timers.start("0 0 15 * * *", lambda _: None, WEBSITE_TIME_ZONE="Europe/Berlin")
    assert in_berlin.next_occurrences() == {"tick": NOON + timedelta(hours=2)}
    assert timers.start("0 0 15 * * *", lambda _: None).next_occurrences() == {"tick": NOON + timedelta(hours=3)}
