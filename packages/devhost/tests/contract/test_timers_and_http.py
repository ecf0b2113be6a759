"""Durable timers and durable HTTP calls."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.contract.actions_app import Gate, echo_server, make_app, types
from tests.contract.episodes import RecordedHost, only, recorded_host


@pytest.fixture(scope="module")
def app() -> Iterator[RecordedHost]:
    gate = Gate()
    gate.is_open.set()
    with recorded_host(make_app(gate)) as recorded:
        yield recorded


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with echo_server() as address:
        yield address


# Timers


def test_a_time_in_the_past_fires_at_once(app: RecordedHost) -> None:
    assert app.ended("timer_at", "2000-01-01T00:00:00+00:00")[0] == "Completed"


def test_the_digits_of_a_time_are_taken_without_its_zone() -> None:
    with recorded_host(make_app(Gate())) as recorded:
        instance = recorded.run("timer_at", "2024-01-01T02:00:00+05:00")
        created = only(recorded.history(instance), 10)
        assert [event["FireAt"] for event in created] == ["2024-01-01T02:00:00.000000Z"]
        recorded.host.advance(hours=2)
        assert recorded.status(instance)["output"] == "2024-01-01T01:59:59+00:00"


@pytest.mark.parametrize(
    ("milliseconds", "after"), [(900, 0.0), (1000, 0.0), (1001, 1.0), (2500, 2.0), (3000, 2.0)]
)
def test_a_timer_fires_after_as_many_whole_seconds_as_end_before_its_moment(
    app: RecordedHost, milliseconds: int, after: float
) -> None:
    begin = app.host.now()
    instance = app.run("timer_at", (begin + timedelta(milliseconds=milliseconds)).isoformat())
    app.host.advance(seconds=5)
    fired_at = datetime.fromisoformat(app.status(instance)["output"])
    assert fired_at - begin == timedelta(seconds=after)


def test_a_timer_set_once_more_for_the_same_moment_waits_for_it(app: RecordedHost) -> None:
    moment = app.host.now() + timedelta(milliseconds=2500)
    instance = app.run("waits_until", moment.isoformat())
    app.host.advance(seconds=5)
    # The first one fires early, the second one at once; the third one waits.
    assert types(app, instance).count("TimerFired") == 3
    assert datetime.fromisoformat(app.status(instance)["output"]) == moment


def test_a_cancelled_timer_still_fires_while_its_instance_lives(app: RecordedHost) -> None:
    instance = app.run("cancelled_timer", 60)
    assert "TimerFired" not in types(app, instance)
    app.host.advance(seconds=60)
    assert types(app, instance)[-1] == "TimerFired"


def test_a_timer_of_up_to_six_days_is_one_timer_and_a_longer_one_goes_in_legs_of_three(
    app: RecordedHost,
) -> None:
    # The SDK sets the last leg anew until its moment has come: what fires early is the short timer only.
    for days, fired, early in ((6, 1, 1), (7, 2 + 2, 0), (10, 3 + 2, 0)):
        begin, instance = app.host.now(), app.run("long_timer", days)
        app.host.advance(days=days, hours=1)
        assert types(app, instance).count("TimerFired") == fired
        assert app.status(instance)["output"] == (begin + timedelta(days=days, seconds=-early)).isoformat()


def test_a_long_timer_that_lost_its_race_holds_what_follows_up_until_the_leg_in_progress_fires(
    app: RecordedHost,
) -> None:
    instance = app.run("long_timer", 8)
    app.host.advance(days=4)
    app.raise_event(instance, "go")
    assert types(app, instance)[-1] == "EventRaised"
    app.host.advance(days=10)
    assert "TaskCompleted" in types(app, instance)


# HTTP


def test_an_http_call_is_one_activity_and_its_answer_is_not_polled_for(app: RecordedHost, server: str) -> None:
    instance = app.run("http", server)
    (scheduled,) = only(app.history(instance), 4)
    assert scheduled["Name"] == "BuiltIn::HttpActivity"
    answer = app.status(instance)["customStatus"]
    assert (answer["statusCode"], answer["content"]) == (202, '{"a": 1}')
    assert answer["headers"]["Location"] == "/later"
    assert "Content-Type" not in answer["headers"]


def test_an_http_call_that_cannot_be_made_fails_without_the_words_for_activities(app: RecordedHost) -> None:
    instance = app.run("http", "http://127.0.0.1:1/")
    text = app.status(instance)["customStatus"]
    assert text.startswith("POST http://127.0.0.1:1/ failed: ")
    assert "Activity function" not in text
