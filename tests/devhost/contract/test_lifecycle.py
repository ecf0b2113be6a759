"""Starting over, resting, ending and running again: what becomes of history, messages, children and status."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import azure.durable_functions as df
import pytest

from devhost.durable_engine.errors import InvalidRequest, StartRefused
from tests.devhost.contract.episodes import RecordedHost, Steps, only, recorded_host

COUNTER = df.EntityId("counter", "k")


class World:
    """What the app's activities depend on.

    Attributes:
        broken: while set, ``fragile`` fails.
        is_open: ``slow`` and the second generation of ``slow_to_begin`` wait for it.
        runs: the inputs of all activities.
    """

    def __init__(self) -> None:
        self.broken = False
        self.is_open = threading.Event()
        self.is_open.set()
        self.runs: list[Any] = []

    def make_app(self) -> list[df.Blueprint]:
        """A new app in this world."""
        return [self._generations(), self._trees(), self._activities()]

    def _generations(self) -> df.Blueprint:
        bp = df.Blueprint()

        @bp.orchestration_trigger(context_name="context")
        def generations(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() == "last":
                yield context.wait_for_external_event("end")
                return "ended"
            yield context.wait_for_external_event("next")
            yield context.call_activity("echo", 1)
            context.signal_entity(COUNTER, "add", 1)
            context.continue_as_new(context.get_input())
            context.continue_as_new("too late")
            return "ignored"

        @bp.orchestration_trigger(context_name="context")
        def slow_to_begin(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() == "second":
                self.is_open.wait(20)
                yield context.wait_for_external_event("end")
            context.set_custom_status("of the first")
            yield context.wait_for_external_event("next")
            context.continue_as_new("second")

        @bp.orchestration_trigger(context_name="context")
        def collector(context: df.DurableOrchestrationContext) -> Steps:
            seen = context.get_input()
            seen.append((yield context.wait_for_external_event("item")))
            if len(seen) < 3:
                context.continue_as_new(seen)
                return
            return seen

        @bp.orchestration_trigger(context_name="context")
        def leaves_an_event(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() == "second":
                return (yield context.wait_for_external_event("unread"))
            yield context.wait_for_external_event("next")
            context.continue_as_new("second")

        @bp.orchestration_trigger(context_name="context")
        def leaves_a_call(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() == "second":
                return (yield context.wait_for_external_event("end"))
            call = context.call_entity(df.EntityId("sleeper", "k"), "sleep")
            yield context.task_any([call, context.wait_for_external_event("next")])
            context.continue_as_new("second")

        return bp

    def _trees(self) -> df.Blueprint:
        bp = df.Blueprint()

        @bp.orchestration_trigger(context_name="context")
        def parent(context: df.DurableOrchestrationContext) -> Steps:
            child, child_id = context.get_input()
            try:
                return (yield context.call_sub_orchestrator(child, context.instance_id, child_id))
            except Exception as error:
                return str(error)

        @bp.orchestration_trigger(context_name="context")
        def trusting_parent(context: df.DurableOrchestrationContext) -> Steps:
            before = yield context.call_activity("echo", "before")
            child, child_id = context.get_input()
            result = yield context.call_sub_orchestrator(child, [before], child_id)
            return [before, result]

        @bp.orchestration_trigger(context_name="context")
        def patient(context: df.DurableOrchestrationContext) -> Steps:
            yield context.wait_for_external_event("end")
            yield context.call_activity("echo", context.instance_id)
            return "done"

        @bp.orchestration_trigger(context_name="context")
        def fragile_steps(context: df.DurableOrchestrationContext) -> Steps:
            first = yield context.call_activity("echo", "first")
            second = yield context.call_activity("fragile", "second")
            third = yield context.call_activity("echo", "third")
            return [first, second, third]

        @bp.orchestration_trigger(context_name="context")
        def slow_step(context: df.DurableOrchestrationContext) -> Steps:
            yield context.call_activity("slow", context.instance_id)
            yield context.wait_for_external_event("end")

        @bp.orchestration_trigger(context_name="context")
        def versions(context: df.DurableOrchestrationContext) -> Steps:
            if context.get_input() is None:
                context.set_custom_status(context.version)
                yield context.wait_for_external_event("next")
                context.continue_as_new(["second", context.version])
                return None
            if context.get_input()[0] == "child":
                return context.version
            own = yield context.call_sub_orchestrator("versions", ["child"], version="0.5")
            default = yield context.call_sub_orchestrator("versions", ["child"])
            return [context.version, own, default]

        return bp

    def _activities(self) -> df.Blueprint:
        bp = df.Blueprint()

        @bp.activity_trigger(input_name="payload")
        def echo(payload: Any) -> Any:
            self.runs.append(payload)
            return payload

        @bp.activity_trigger(input_name="payload")
        def fragile(payload: Any) -> Any:
            self.runs.append(payload)
            if self.broken:
                raise ValueError("boom")
            return payload

        @bp.activity_trigger(input_name="payload")
        def slow(payload: Any) -> Any:
            self.runs.append(payload)
            assert self.is_open.wait(20)
            return payload

        @bp.entity_trigger(context_name="context")
        def counter(context: df.DurableEntityContext) -> None:
            context.set_state(context.get_state(lambda: 0) + context.get_input())

        @bp.entity_trigger(context_name="context")
        def sleeper(context: df.DurableEntityContext) -> None:
            assert self.is_open.wait(20)
            context.set_result("slept")

        return bp


@pytest.fixture(scope="module")
def shared_world() -> World:
    return World()


@pytest.fixture(scope="module")
def app(shared_world: World) -> Iterator[RecordedHost]:
    with recorded_host(shared_world.make_app()) as recorded:
        yield recorded


@pytest.fixture
def world(app: RecordedHost, shared_world: World) -> Iterator[World]:
    """The app's world, as it should be again after the test."""
    shared_world.runs.clear()
    yield shared_world
    shared_world.broken = False
    shared_world.is_open.set()
    app.host.wait_quiescent(ignoring_running_activities=0)


def types(app: RecordedHost, instance: str) -> list[str]:
    return [event["EventType"] for event in app.status(instance)["historyEvents"]]


def state(app: RecordedHost, instance: str) -> tuple[str, Any]:
    status = app.status(instance)
    return status["runtimeStatus"], status["output"]


def execution_of(app: RecordedHost, instance: str) -> str:
    return str(app.of(instance)[-1].history[1]["OrchestrationInstance"]["ExecutionId"])


# Continue as new


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


def test_the_custom_status_stays_until_the_first_episode_of_the_next_generation(
    app: RecordedHost, world: World
) -> None:
    instance = app.run("slow_to_begin", "first")
    world.is_open.clear()
    first = execution_of(app, instance)
    app.host.raise_event(instance, "next", None, as_object=True)
    app.host.wait_until(lambda: app.host.status(instance)["input"] == '"second"', "the next one begins")  # type: ignore[index]
    assert app.status(instance)["customStatus"] == "of the first"
    world.is_open.set()
    app.host.wait_quiescent()
    assert execution_of(app, instance) != first
    assert app.status(instance)["customStatus"] is None


# Suspension


def test_a_suspended_instance_stores_messages_and_acts_on_them_in_order_once_it_is_resumed(
    app: RecordedHost,
) -> None:
    instance = app.run("patient")
    app.host.client.suspend(instance, "lunch")
    app.host.wait_quiescent()
    calls = len(app.of(instance))
    app.raise_event(instance, "other", 1)
    app.raise_event(instance, "end", 2)
    assert state(app, instance) == ("Suspended", None)
    assert (len(app.of(instance)), types(app, instance)[-1]) == (calls, "ExecutionSuspended")
    app.host.client.resume(instance, "back")
    app.host.wait_quiescent()
    assert state(app, instance) == ("Completed", "done")
    kinds = types(app, instance)
    resumed = kinds.index("ExecutionResumed")
    assert kinds[resumed : resumed + 3] == ["ExecutionResumed", "EventRaised", "EventRaised"]


def test_reasons_of_suspension_and_resumption_are_in_the_history(app: RecordedHost) -> None:
    instance = app.run("patient")
    app.host.client.suspend(instance, "lunch")
    app.host.wait_quiescent()
    app.host.client.resume(instance, "back")
    app.host.wait_quiescent()
    events = {event["EventType"]: event.get("Reason") for event in app.status(instance)["historyEvents"]}
    assert (events["ExecutionSuspended"], events["ExecutionResumed"]) == ("lunch", "back")


def test_an_activity_that_ends_during_a_suspension_counts_after_it(app: RecordedHost, world: World) -> None:
    world.is_open.clear()
    instance = app.host.start("slow_step")
    app.host.wait_until(lambda: world.runs, "the activity runs")
    app.host.client.suspend(instance)
    app.host.wait_until(lambda: state(app, instance)[0] == "Suspended", "it is suspended")
    world.is_open.set()
    app.host.wait_quiescent()
    assert "TaskCompleted" not in types(app, instance)
    app.host.client.resume(instance)
    app.host.wait_quiescent()
    assert "TaskCompleted" in types(app, instance)


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
    with recorded_host(world.make_app(), default_version="1.0") as newer:
        instance = newer.host.client.start("patient", version="2.0")
        newer.host.terminate(instance, "never mind")
        newer.host.wait_quiescent()
        assert newer.of(instance) == []


# Rewinding and restarting


def failed(app: RecordedHost, world: World, name: str, payload: Any = None) -> str:
    """Run an instance into its failure, and mend what made it fail."""
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
    with pytest.raises(StartRefused):
        app.host.client.restart(app.run("patient"), new_id=False)
    with pytest.raises(InvalidRequest):
        app.host.client.restart("nobody")


# What a finished or replaced instance leaves behind


@pytest.mark.parametrize("end", ["terminate", "purge"])
def test_late_results_touch_no_later_execution_of_the_id(app: RecordedHost, world: World, end: str) -> None:
    world.is_open.clear()
    instance = f"late-{end}"
    app.host.start("slow_step", None, instance)
    app.host.wait_until(lambda: world.runs == [instance], "the activity runs")
    if end == "purge":
        app.host.client.purge(instance)
    else:
        app.host.terminate(instance)
        app.host.wait_until(lambda: state(app, instance)[0] == "Terminated", "it is terminated")
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


# Versions


def test_an_instance_has_the_version_it_was_started_with_in_all_its_generations(world: World) -> None:
    with recorded_host(world.make_app(), default_version="1.0") as versioned:
        for version, expected in ((None, "1.0"), ("0.9", "0.9")):
            instance = versioned.host.client.start("versions", version=version)
            versioned.host.wait_quiescent()
            assert versioned.status(instance)["customStatus"] == expected
            versioned.raise_event(instance, "next")
            own, child, default = versioned.status(instance)["output"]
            assert (own, child, default) == (expected, "0.5", "1.0")


def test_without_versions_the_version_is_empty(app: RecordedHost) -> None:
    assert app.of(app.run("versions"))[0].history[1]["Version"] == ""


@pytest.mark.parametrize(
    ("strategy", "accepted"),
    [("None", ["0.9", "1.0", "2.0"]), ("Strict", ["1.0"]), ("CurrentOrOlder", ["0.9", "1.0"])],
)
def test_the_match_strategy_says_whose_versions_run_and_the_others_wait(
    world: World, strategy: str, accepted: list[str]
) -> None:
    options = {"default_version": "1.0", "version_match_strategy": strategy}
    with recorded_host(world.make_app(), **options) as versioned:
        for version in ("0.9", "1.0", "2.0"):
            versioned.host.client.start("patient", version, version=version)
        versioned.host.wait_quiescent()
        running = [one for one in ("0.9", "1.0", "2.0") if state(versioned, one)[0] == "Running"]
    assert running == accepted


def test_a_version_that_does_not_match_fails_the_instance_if_host_json_says_so(world: World) -> None:
    options = {"default_version": "1.0", "version_failure_strategy": "Fail"}
    with recorded_host(world.make_app(), **options) as versioned:
        versioned.host.client.start("patient", "newer", version="2.0")
        versioned.host.wait_quiescent()
        status, output = state(versioned, "newer")
        assert (status, output.startswith("VersionMismatch: ")) == ("Failed", True)
        assert versioned.of("newer") == []
