"""Rewinding a failed instance, and restarting any instance."""

from collections.abc import Iterator
from typing import Any

import pytest

from devhost.engine.errors import NothingToRestart, RestartRefused
from tests.contract.episodes import RecordedHost, only, recorded_host
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


def failed(app: RecordedHost, world: World, name: str, payload: Any = None) -> str:
    """Run an instance until it fails, and remove the cause."""
    world.broken = True
    instance = app.run(name, payload)
    assert state(app, instance)[0] == "Failed"
    world.broken = False
    return instance


def rewind(app: RecordedHost, instance: str) -> None:
    app.host.client.rewind(instance, "fixed")
    app.host.wait_quiescent()


def test_rewinding_runs_the_failed_activity_again_under_its_number_and_nothing_else(
    app: RecordedHost, world: World
) -> None:
    instance = failed(app, world, "fragile_steps")
    rewind(app, instance)
    assert state(app, instance) == ("Completed", ["first", "second", "third"])
    assert world.runs == ["first", "second", "second", "third"]
    again = [event["EventId"] for event in only(app.of(instance)[-1].history, 4)]
    assert again == [0, 1, 2]


def test_rewinding_leaves_generic_events_where_the_failure_was(app: RecordedHost, world: World) -> None:
    instance = failed(app, world, "fragile_steps")
    rewind(app, instance)
    history = types(app, instance)
    assert history.count("GenericEvent") == 4
    assert "TaskFailed" not in history
    assert history.count("ExecutionCompleted") == 1


def test_rewinding_a_tree_goes_on_with_the_deepest_failures(app: RecordedHost, world: World) -> None:
    top = failed(app, world, "trusting_parent", ["fragile_steps", "deep-child"])
    rewind(app, top)
    assert state(app, "deep-child") == ("Completed", ["first", "second", "third"])
    assert state(app, top) == ("Completed", ["before", ["first", "second", "third"]])
    assert world.runs == ["before", "first", "second", "second", "third"]


def test_a_rewound_instance_may_fail_and_be_rewound_again(app: RecordedHost, world: World) -> None:
    instance = failed(app, world, "fragile_steps")
    world.broken = True
    rewind(app, instance)
    assert state(app, instance)[0] == "Failed"
    world.broken = False
    rewind(app, instance)
    assert state(app, instance) == ("Completed", ["first", "second", "third"])


@pytest.mark.parametrize("new_id", [True, False])
def test_a_restart_uses_the_stored_name_and_raw_input(app: RecordedHost, new_id: bool) -> None:
    instance = app.run("parent", ["nobody", None])
    again = app.host.client.restart(instance, new_id)
    app.host.wait_quiescent()
    assert (again == instance) != new_id
    assert (len(again), app.status(again)["name"]) == (32, "parent")
    assert app.of(again)[-1].document["input"] == app.of(instance)[0].document["input"] == '["nobody", null]'


def test_a_live_instance_cannot_be_restarted_under_its_id(app: RecordedHost) -> None:
    with pytest.raises(RestartRefused):
        app.host.client.restart(app.run("patient"), new_id=False)
    with pytest.raises(NothingToRestart):
        app.host.client.restart("nobody")
