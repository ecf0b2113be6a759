"""How actions become history: in order, each waiting for the one before, numbered as the SDK numbers them."""

from collections.abc import Iterator

import pytest

from tests.contract.actions_app import Gate, echo_server, make_app, types
from tests.contract.episodes import RecordedHost, numbers, recorded_host


@pytest.fixture(scope="module")
def gate() -> Gate:
    opened = Gate()
    opened.is_open.set()
    return opened


@pytest.fixture(scope="module")
def app(gate: Gate) -> Iterator[RecordedHost]:
    with recorded_host(make_app(gate)) as recorded:
        yield recorded


@pytest.fixture
def closed(app: RecordedHost, gate: Gate) -> Iterator[Gate]:
    """The gate, closed for one test."""
    gate.visits.clear()
    gate.is_open.clear()
    yield gate
    gate.is_open.set()
    app.host.wait_quiescent(ignoring_running_activities=0)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with echo_server() as address:
        yield address


# Numbers


def test_every_kind_takes_its_numbers_in_the_order_in_which_it_is_yielded(app: RecordedHost, server: str) -> None:
    instance = app.run("every_kind", server)
    app.raise_event(instance, "begin")
    app.raise_event(instance, "in between")
    app.host.advance(seconds=10)
    assert app.numbers(instance) == [
        (0, "operation"),
        (1, "child"),
        (2, "activity"),
        (3, "timer"),
        (4, "operation"),
        (5, "activity"),
        (6, "activity"),
    ]


def test_what_one_episode_schedules_stands_in_the_order_of_the_numbers_after_its_messages(
    app: RecordedHost,
) -> None:
    instance = app.run("every_kind")
    app.raise_event(instance, "begin")
    history = app.history(instance)
    begun = next(index for index, event in enumerate(history) if event.get("Name") == "begin")
    assert [event["EventType"] for event in history[begun : begun + 7]] == [15, 14, 7, 4, 10, 14, 13]


def test_a_task_that_is_yielded_again_is_not_scheduled_again(app: RecordedHost) -> None:
    instance = app.run("same_task_twice")
    assert app.numbers(instance) == [(0, "activity"), (1, "timer")]


def test_an_action_is_scheduled_only_when_the_one_before_has_ended(app: RecordedHost) -> None:
    instance = app.run("one_by_one")
    for count, episode in enumerate(app.of(instance)):
        assert numbers(episode.history) == [(number, "activity") for number in range(count)]


def test_a_number_is_taken_by_yielding_and_not_by_creating_a_task(app: RecordedHost) -> None:
    instance = app.run("every_kind")
    assert app.numbers(instance) == []


# The end


def test_an_instance_does_not_end_before_the_losing_activity(app: RecordedHost, closed: Gate) -> None:
    instance = app.host.start("slow_against_timer")
    app.host.wait_until(lambda: closed.visits, "the activity is held up")
    app.host.wait_quiescent(ignoring_running_activities=1)
    app.host.advance(seconds=20)
    assert app.of(instance)[-1].state["isDone"]
    assert app.status(instance)["runtimeStatus"] == "Running"
    closed.is_open.set()
    app.host.wait_quiescent(ignoring_running_activities=0)
    assert app.status(instance)["output"] == "over"


@pytest.mark.parametrize(
    ("how", "end"),
    [
        ("return", ("Completed", "over")),
        ("fail", ("Failed", "Orchestrator function 'uncancelled' failed: boom")),
    ],
)
def test_an_uncancelled_timer_holds_every_end_up_until_it_fires(
    app: RecordedHost, how: str, end: tuple[str, str]
) -> None:
    instance = app.run("uncancelled", how)
    app.host.advance(minutes=59)
    assert app.status(instance)["runtimeStatus"] == "Running"
    app.host.advance(minutes=1)
    assert (app.status(instance)["runtimeStatus"], app.status(instance)["output"]) == end


def test_an_uncancelled_timer_holds_the_next_generation_up(app: RecordedHost) -> None:
    instance = app.run("uncancelled", "again")
    assert app.of(instance)[-1].state["isDone"]
    assert app.of(instance)[-1].document["input"] == '"again"'
    app.host.advance(hours=1)
    assert app.of(instance)[-1].document["input"] == '"cancel"'
    assert app.status(instance)["output"] == "over"


def test_a_cancelled_timer_stays_in_history_and_lets_the_instance_end(app: RecordedHost) -> None:
    instance = app.run("uncancelled", "cancel")
    assert app.status(instance)["output"] == "over"
    assert "TimerCreated" in types(app, instance)
    app.host.advance(hours=2)
    assert "TimerFired" not in types(app, instance)


def test_waits_for_events_and_entities_do_not_hold_the_end_up(app: RecordedHost, closed: Gate) -> None:
    instance = app.host.start("waits_and_calls_left_open")
    app.host.wait_until(lambda: app.status(instance)["runtimeStatus"] == "Completed", "it has ended")
    closed.is_open.set()
    app.host.wait_quiescent()
    assert "EventRaised" not in types(app, instance)


# Where the SDK is ahead of the host


def test_after_a_caught_failure_the_next_action_waits_for_the_siblings_of_the_failed_task(
    app: RecordedHost, closed: Gate
) -> None:
    instance = app.host.start("failing_in_a_crowd", "caught")
    app.host.wait_until(lambda: closed.visits, "the sibling is held up")
    app.host.wait_quiescent(ignoring_running_activities=1)
    assert len(app.of(instance)[-1].state["actions"][0]) == 2
    assert app.status(instance)["runtimeStatus"] == "Running"
    assert [event["EventType"] for event in app.of(instance)[-1].history] == [12, 0, 4, 4, 13, 12, 6]
    closed.is_open.set()
    app.host.wait_quiescent(ignoring_running_activities=0)
    assert app.status(instance)["output"] == "over"


def test_an_uncaught_failure_ends_the_instance_after_the_siblings_of_the_failed_task(
    app: RecordedHost, closed: Gate
) -> None:
    instance = app.host.start("failing_in_a_crowd", "uncaught")
    app.host.wait_until(lambda: closed.visits, "the sibling is held up")
    app.host.wait_quiescent(ignoring_running_activities=1)
    assert app.of(instance)[-1].state["error"]
    assert app.status(instance)["runtimeStatus"] == "Running"
    closed.is_open.set()
    app.host.wait_quiescent(ignoring_running_activities=0)
    assert app.status(instance)["runtimeStatus"] == "Failed"
    assert "ValueError: boom" in app.status(instance)["output"]


def test_the_sdks_error_about_a_failed_compound_inside_another_fails_the_instance(app: RecordedHost) -> None:
    instance = app.run("nested_failure")
    assert app.status(instance)["runtimeStatus"] == "Running"
    app.host.advance(seconds=10)
    assert app.status(instance)["runtimeStatus"] == "Failed"
    assert "Parent Task -1 does not have pending sub-task" in app.status(instance)["output"]


def test_a_race_with_a_task_from_before_is_to_the_host_a_race_of_the_new_ones_alone(app: RecordedHost) -> None:
    instance = app.run("raced_again")
    app.raise_event(instance, "first")
    app.host.advance(seconds=10)
    (_, again, activity) = app.of(instance)[-1].state["actions"][0]
    assert [child["actionType"] for child in again["compoundActions"]] == [6]
    assert (activity["actionType"], app.numbers(instance)) == (0, [(0, "timer")])
    app.raise_event(instance, "second")
    assert app.numbers(instance) == [(0, "timer"), (1, "activity")]
