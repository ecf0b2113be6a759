"""Versions of instances and of the host."""

from collections.abc import Iterator

import pytest

from devhost.engine.options import EngineOptions
from tests.contract.episodes import RecordedHost, recorded_host
from tests.contract.lifecycle_app import World, state


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


def test_an_instance_has_the_version_it_was_started_with_in_all_its_generations(world: World) -> None:
    with recorded_host(world.make_app(), options=EngineOptions(default_version="1.0")) as versioned:
        for version, expected in ((None, "1.0"), ("0.9", "0.9")):
            instance = versioned.host.client.start("versions", version=version)
            versioned.host.wait_quiescent()
            assert versioned.status(instance)["customStatus"] == expected
            versioned.raise_event(instance, "next")
            own, child, default = versioned.status(instance)["output"]
            assert (own, child, default) == (expected, "0.5", "1.0")


def test_without_versions_the_version_is_null(app: RecordedHost) -> None:
    assert app.of(app.run("versions"))[0].history[1]["Version"] is None


@pytest.mark.parametrize(
    ("strategy", "accepted"),
    [("None", ["0.9", "1.0", "2.0"]), ("Strict", ["1.0"]), ("CurrentOrOlder", ["0.9", "1.0"])],
)
def test_the_match_strategy_says_whose_versions_run_and_the_others_wait(
    world: World, strategy: str, accepted: list[str]
) -> None:
    options = EngineOptions(default_version="1.0", version_match_strategy=strategy)
    with recorded_host(world.make_app(), options=options) as versioned:
        for version in ("0.9", "1.0", "2.0"):
            versioned.host.client.start("patient", version, version=version)
        versioned.host.wait_quiescent()
        running = [one for one in ("0.9", "1.0", "2.0") if state(versioned, one)[0] == "Running"]
    assert running == accepted


def test_a_version_that_does_not_match_fails_the_instance_if_host_json_says_so(world: World) -> None:
    options = EngineOptions(default_version="1.0", version_failure_strategy="Fail")
    with recorded_host(world.make_app(), options=options) as versioned:
        versioned.host.client.start("patient", "newer", version="2.0")
        versioned.host.wait_quiescent()
        status, output = state(versioned, "newer")
        assert (status, output.startswith("VersionMismatch: ")) == ("Failed", True)
        assert versioned.of("newer") == []
