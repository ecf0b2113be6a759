"""Continue as new: what the next generation keeps, and what is dropped."""

import json
from collections.abc import Iterator

import pytest

from tests.contract.episodes import RecordedHost, only, recorded_host
from tests.contract.lifecycle_app import World, execution_of, state


@pytest.fixture(scope="module")
def shared_world() -> World:
    return World()


@pytest.fixture(scope="module")
def app(shared_world: World) -> Iterator[RecordedHost]:
    with recorded_host(shared_world.make_app()) as recorded:
        yield recorded


@pytest.fixture
def world(app: RecordedHost, shared_world: World) -> Iterator[World]:
    with shared_world.for_one_test(app) as world:
        yield world


def test_the_next_generation_begins_a_new_history_under_the_same_name_with_the_first_input_it_was_given(
    app: RecordedHost,
) -> None:
    instance = app.run("generations", "last but one")
    before, created = execution_of(app, instance), app.status(instance)["createdTime"]
    app.host.advance(hours=1)
    app.raise_event(instance, "next")
    history = app.of(instance)[-1].history
    assert [event["EventType"] for event in history] == [12, 0]
    assert (history[1]["Name"], history[1]["Input"]) == ("generations", json.dumps('"last but one"'))
    assert app.of(instance)[-1].document["input"] == '"last but one"'
    assert execution_of(app, instance) != before
    assert app.status(instance)["createdTime"] > created
    assert state(app, instance) == ("Running", None)


def test_numbers_begin_anew_in_every_generation(app: RecordedHost) -> None:
    instance = app.run("generations", "go on")
    for _ in range(2):
        app.raise_event(instance, "next")
    app.raise_event(instance, "next")
    assert app.numbers(instance) == []
    second = [episode.history for episode in app.of(instance) if only(episode.history, 4)]
    assert {event["EventId"] for history in second for event in only(history, 4)} == {0}


def test_signals_before_starting_over_are_sent(app: RecordedHost) -> None:
    before = app.host.entity_state("counter", "k") or 0
    app.raise_event(app.run("generations", "last"), "end")
    app.raise_event(app.run("generations", "go on"), "next")
    assert app.host.entity_state("counter", "k") == before + 1


def test_events_that_come_after_the_decision_to_start_over_reach_the_next_generation(app: RecordedHost) -> None:
    instance = app.run("collector", [])
    app.host.client.suspend(instance)
    app.host.wait_quiescent()
    for item in (1, 2, 3):
        app.host.raise_event(instance, "item", item, as_object=True)
    app.host.client.resume(instance)
    app.host.wait_quiescent()
    assert state(app, instance) == ("Completed", [1, 2, 3])


def test_events_that_nobody_had_read_before_that_decision_are_lost(app: RecordedHost) -> None:
    instance = app.run("leaves_an_event", "first")
    app.raise_event(instance, "unread", 1)
    app.raise_event(instance, "next")
    assert state(app, instance) == ("Running", None)
    app.raise_event(instance, "unread", 2)
    assert state(app, instance) == ("Completed", 2)


def test_an_answer_to_an_earlier_generation_is_dropped(app: RecordedHost, world: World) -> None:
    world.is_open.clear()
    instance = app.host.start("leaves_a_call", "first")
    app.host.wait_until(lambda: app.of(instance), "the call is made")
    app.host.raise_event(instance, "next", None, as_object=True)
    app.host.wait_until(
        lambda: app.of(instance)[-1].document["input"] == '"second"', "the next generation has begun"
    )
    world.is_open.set()
    app.host.wait_quiescent()
    assert [event["EventType"] for event in app.history(instance)] == [12, 0, 13]


def test_the_custom_status_stays_until_the_next_generation_sets_its_own(app: RecordedHost, world: World) -> None:
    instance = app.run("slow_to_begin", "first")
    world.is_open.clear()
    first = execution_of(app, instance)
    app.host.raise_event(instance, "next", None, as_object=True)
    app.host.wait_until(lambda: app.status(instance)["input"] == '"second"', "the next one begins")
    assert app.status(instance)["customStatus"] == "of the first"
    world.is_open.set()
    app.host.wait_quiescent()
    assert execution_of(app, instance) != first
    assert app.status(instance)["customStatus"] == "of the first"
