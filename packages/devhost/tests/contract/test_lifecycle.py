"""Resting and ending: what becomes of messages, children and activities."""

from collections.abc import Iterator

import pytest

from devhost.engine.options import EngineOptions
from tests.contract.episodes import RecordedHost, recorded_host
from tests.contract.lifecycle_app import World, state, types


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


# Suspension


def test_a_suspended_instance_records_messages_and_acts_on_them_in_order_once_it_is_resumed(
    app: RecordedHost,
) -> None:
    instance = app.run("patient")
    app.host.client.suspend(instance, "lunch")
    app.host.wait_quiescent()
    calls = len(app.of(instance))
    app.raise_event(instance, "other", 1)
    app.raise_event(instance, "end", 2)
    assert state(app, instance) == ("Suspended", "lunch")
    assert len(app.of(instance)) > calls
    app.host.client.resume(instance, "back")
    app.host.wait_quiescent()
    assert state(app, instance) == ("Completed", "done")
    kinds = types(app, instance)
    resumed = kinds.index("ExecutionResumed")
    assert kinds[resumed - 3 : resumed] == ["ExecutionSuspended", "EventRaised", "EventRaised"]


def test_reasons_of_suspension_and_resumption_are_in_the_history(app: RecordedHost) -> None:
    instance = app.run("patient")
    app.host.client.suspend(instance, "lunch")
    app.host.wait_quiescent()
    app.host.client.resume(instance, "back")
    app.host.wait_quiescent()
    events = {event["EventType"]: event.get("Reason") for event in app.status(instance)["historyEvents"]}
    assert (events["ExecutionSuspended"], events["ExecutionResumed"]) == ("lunch", "back")


def test_an_activity_that_ends_during_a_suspension_is_recorded_and_counts_after_it(
    app: RecordedHost, world: World
) -> None:
    world.is_open.clear()
    instance = app.host.start("slow_step")
    app.host.wait_until(lambda: world.runs, "the activity runs")
    app.host.client.suspend(instance)
    app.host.wait_until(lambda: state(app, instance)[0] == "Suspended", "it is suspended")
    world.is_open.set()
    app.host.wait_quiescent()
    assert (types(app, instance)[-1], state(app, instance)[0]) == ("TaskCompleted", "Suspended")
    app.host.client.resume(instance)
    app.host.wait_quiescent()
    app.raise_event(instance, "end")
    assert state(app, instance)[0] == "Completed"


# Termination


@pytest.mark.parametrize("is_suspended", [False, True])
def test_termination_ends_an_instance_with_its_reason_even_when_it_is_suspended(
    app: RecordedHost, is_suspended: bool
) -> None:
    instance = app.run("patient")
    if is_suspended:
        app.host.client.suspend(instance)
        app.host.wait_quiescent()
    app.host.terminate(instance, "not needed")
    app.host.wait_quiescent()
    assert state(app, instance) == ("Terminated", "not needed")
    assert types(app, instance)[-2:] == ["ExecutionTerminated", "ExecutionCompleted"]


def test_termination_lets_children_go_on(app: RecordedHost, world: World) -> None:
    parent = app.run("parent", ["patient", "surviving-child"])
    app.host.terminate(parent, "enough")
    app.host.wait_quiescent()
    assert state(app, "surviving-child") == ("Running", None)
    app.raise_event("surviving-child", "end")
    assert state(app, "surviving-child") == ("Completed", "done")
    assert world.runs == ["surviving-child"]
    assert state(app, parent) == ("Terminated", "enough")


def test_the_parent_of_a_terminated_child_gets_the_reason_without_details(app: RecordedHost) -> None:
    parent = app.run("parent", ["patient", "short-lived-child"])
    app.host.terminate("short-lived-child", "enough")
    app.host.wait_quiescent()
    assert state(app, parent) == ("Completed", "enough \n None")


def test_termination_lets_running_activities_end_and_drops_their_results(app: RecordedHost, world: World) -> None:
    world.is_open.clear()
    instance = app.host.start("slow_step")
    app.host.wait_until(lambda: world.runs, "the activity runs")
    app.host.terminate(instance, "enough")
    app.host.wait_until(lambda: state(app, instance)[0] == "Terminated", "it is terminated")
    world.is_open.set()
    app.host.wait_quiescent()
    assert "TaskCompleted" not in types(app, instance)


def test_an_instance_that_is_terminated_before_its_first_episode_never_runs(
    app: RecordedHost, world: World
) -> None:
    with recorded_host(world.make_app(), options=EngineOptions(default_version="1.0")) as newer:
        instance = newer.host.client.start("patient", version="2.0")
        newer.host.terminate(instance, "never mind")
        newer.host.wait_quiescent()
        assert newer.of(instance) == []


# What a finished or replaced instance leaves behind


@pytest.mark.parametrize("end", ["terminate", "purge"])
def test_late_results_touch_no_later_execution_of_the_id(app: RecordedHost, world: World, end: str) -> None:
    world.is_open.clear()
    instance = f"late-{end}"
    app.host.start("slow_step", None, instance)
    app.host.wait_until(lambda: world.runs == [instance], "the activity runs")
    app.host.terminate(instance)
    app.host.wait_until(lambda: state(app, instance)[0] == "Terminated", "it is terminated")
    if end == "purge":
        app.host.client.purge(instance)
    app.host.start("patient", None, instance)
    world.is_open.set()
    app.host.wait_quiescent()
    assert types(app, instance) == ["ExecutionStarted"]


def test_a_finished_instance_keeps_its_history_and_its_status(app: RecordedHost) -> None:
    instance = app.run("patient")
    app.raise_event(instance, "end")
    status = app.status(instance)
    assert (status["runtimeStatus"], status["output"]) == ("Completed", "done")
    assert types(app, instance) == ["ExecutionStarted", "EventRaised", "TaskCompleted", "ExecutionCompleted"]
