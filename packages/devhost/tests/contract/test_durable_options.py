"""The effects of the options of ``extensions.durableTask``."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import azure.durable_functions as df
import pytest

from devhost.engine.errors import InstanceExists, OptionsError
from devhost.engine.options import EngineOptions
from tests.contract.episodes import RecordedHost, Steps, recorded_host

COUNTER = df.EntityId("counter", "k")
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=1000, max_number_of_attempts=3)
LIMIT = "Maximum amount of orchestration actions ({}) has been reached. "


class Crowd:
    """Counts who is inside at the same time, and holds everybody up until ``expected`` are in."""

    def __init__(self, expected: int) -> None:
        self._lock, self._full = threading.Lock(), threading.Barrier(expected)
        self._inside = self.most = 0

    def visit(self) -> None:
        """Be inside for a while."""
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        self._full.wait(timeout=60)
        with self._lock:
            self._inside -= 1


def make_app(crowd: Crowd | None = None) -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def chain(context: df.DurableOrchestrationContext) -> Steps:
        for number in range(context.get_input()):
            yield context.call_activity("echo", number)
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def all_kinds(context: df.DurableOrchestrationContext) -> Steps:
        context.set_custom_status("begun")
        context.signal_entity(COUNTER, "add", 1)
        yield context.call_entity(COUNTER, "add", 1)
        yield context.call_activity_with_retry("broken", RETRY, 1)

    @bp.orchestration_trigger(context_name="context")
    def waits_and_starts_over(context: df.DurableOrchestrationContext) -> Steps:
        yield context.task_any([context.wait_for_external_event("a"), context.wait_for_external_event("b")])
        yield context.call_activity("echo", 1)
        if context.get_input() < 3:
            context.continue_as_new(context.get_input() + 1)
            return
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def parent(context: df.DurableOrchestrationContext) -> Steps:
        return (yield context.call_sub_orchestrator("chain", 0, "the-child"))

    @bp.orchestration_trigger(context_name="context")
    def crowded(context: df.DurableOrchestrationContext) -> Steps:
        assert crowd is not None
        if context.get_input() == "orchestrators":
            crowd.visit()
            return
        yield context.task_all([context.call_activity("visit", number) for number in range(4)])

    @bp.activity_trigger(input_name="payload")
    def echo(payload: Any) -> Any:
        return payload

    @bp.activity_trigger(input_name="payload")
    def broken(payload: Any) -> Any:
        raise ValueError("boom")

    @bp.activity_trigger(input_name="payload")
    def visit(payload: Any) -> None:
        assert crowd is not None
        crowd.visit()

    @bp.entity_trigger(context_name="context")
    def counter(context: df.DurableEntityContext) -> None:
        if context.operation_name == "visit":
            assert crowd is not None
            crowd.visit()
        context.set_state(context.get_state(lambda: 0) + 1)
        context.set_result(context.get_state())

    return bp


def host_with(crowd: Crowd | None = None, **durable_task: Any) -> AbstractContextManager[RecordedHost]:
    """A host whose host.json has these options."""
    options = EngineOptions.from_host_json({"extensions": {"durableTask": durable_task}}, {})
    return recorded_host([make_app(crowd)], options=options)


@pytest.fixture(scope="module")
def usual() -> Iterator[RecordedHost]:
    """A host with an empty host.json."""
    with host_with() as recorded:
        yield recorded


@pytest.fixture(scope="module")
def strict() -> Iterator[RecordedHost]:
    """A host that allows three actions per execution."""
    with host_with(maxOrchestrationActions=3) as recorded:
        yield recorded


def test_as_many_actions_as_the_limit_are_carried_out(strict: RecordedHost) -> None:
    instance = strict.run("chain", 3)
    assert strict.status(instance)["runtimeStatus"] == "Running"
    assert strict.numbers(instance) == [(0, "activity"), (1, "activity"), (2, "activity")]


def test_one_action_more_than_the_limit_fails_the_instance_and_names_the_option(strict: RecordedHost) -> None:
    status, output = strict.ended("chain", 4)
    assert status == "Failed"
    assert output.startswith(f"Orchestrator function 'chain' failed: {LIMIT.format(3)}")
    assert "host.json file as MaxOrchestrationActions" in output


def test_a_retried_activity_counts_once_however_often_it_is_tried(strict: RecordedHost) -> None:
    instance = strict.run("all_kinds")
    strict.host.advance(seconds=5)
    assert "Activity function 'broken' failed:  ValueError: boom" in strict.status(instance)["output"]


def test_signals_and_entity_calls_count_as_actions() -> None:
    with host_with(maxOrchestrationActions=2) as recorded:
        status = recorded.status(recorded.run("all_kinds"))
    assert LIMIT.format(2) in status["output"]
    assert status["customStatus"] == "begun"


def test_waits_and_starting_over_do_not_count_and_each_generation_counts_anew() -> None:
    with host_with(maxOrchestrationActions=1) as recorded:
        instance = recorded.run("waits_and_starts_over", 0)
        for _ in range(4):
            recorded.raise_event(instance, "a")
        assert recorded.status(instance)["runtimeStatus"] == "Running"
        assert recorded.of(instance)[-1].document["input"] == "3"


def test_the_limit_is_a_hundred_thousand_actions_unless_host_json_says_otherwise() -> None:
    assert EngineOptions.from_host_json({}, {}).max_orchestration_actions == 100_000
    with pytest.raises(OptionsError, match=r"maxOrchestrationActions is 0, but must be a whole number"):
        EngineOptions.from_host_json({"extensions": {"durableTask": {"maxOrchestrationActions": 0}}}, {})


def test_inputs_are_left_out_of_the_history_unless_host_json_asks_for_them(usual: RecordedHost) -> None:
    instance = usual.run("chain", 1)
    assert "Input" not in next(event for event in usual.history(instance) if event["EventType"] == 4)
    with host_with(storeInputsInOrchestrationHistory=True) as storing:
        chain, parent = storing.run("chain", 2), storing.run("parent")
        scheduled = [event for event in storing.history(chain) if event["EventType"] == 4]
        assert [event["Input"] for event in scheduled] == ["0", "1"]
        (created,) = [event for event in storing.history(parent) if event["EventType"] == 7]
        assert json.loads(created["Input"]) == "0"


def test_the_pause_between_polls_of_http_calls_reaches_the_orchestrator(usual: RecordedHost) -> None:
    key = "defaultHttpAsyncRequestSleepTimeMillseconds"
    assert usual.of(usual.run("chain", 0))[0].document[key] == 30_000
    with host_with(httpSettings={"defaultAsyncRequestSleepTimeMilliseconds": 70}) as recorded:
        assert recorded.of(recorded.run("chain", 0))[0].document[key] == 70


def start_activities(recorded: RecordedHost) -> None:
    recorded.host.start("crowded", "activities")


def start_orchestrators(recorded: RecordedHost) -> None:
    for _ in range(4):
        recorded.host.start("crowded", "orchestrators")


def signal_entities(recorded: RecordedHost) -> None:
    for key in range(4):
        recorded.host.signal_entity("counter", str(key), "visit")


@pytest.mark.parametrize(
    ("option", "begin"),
    [
        ("maxConcurrentActivityFunctions", start_activities),
        ("maxConcurrentOrchestratorFunctions", start_orchestrators),
        ("maxConcurrentEntityFunctions", signal_entities),
    ],
)
def test_as_many_functions_run_at_once_as_host_json_allows_and_no_more(
    option: str, begin: Callable[[RecordedHost], None]
) -> None:
    crowd = Crowd(expected=2)
    with host_with(crowd, **{option: 2}) as recorded:
        begin(recorded)
        recorded.host.wait_quiescent()
    assert crowd.most == 2


def test_a_live_instance_can_be_replaced_only_if_host_json_allows_any_state(usual: RecordedHost) -> None:
    usual.run("chain", 0, "taken")
    with pytest.raises(InstanceExists, match="already exists"):
        usual.run("chain", 0, "taken")
    with host_with(overridableExistingInstanceStates="AnyState") as replacing:
        replacing.run("chain", 0, "taken")
        replacing.run("chain", 1, "taken")
        assert replacing.numbers("taken") == [(0, "activity")]


@pytest.mark.parametrize(
    "ignored",
    [
        {"extendedSessionsEnabled": True},
        {"storageProvider": {"type": "AzureStorage", "partitionCount": 16, "connectionName": "Storage"}},
        {"tracing": {"traceInputsAndOutputs": True}, "notifications": {}, "useAppLease": False},
        {"rollbackEntityOperationsOnExceptions": False, "entityMessageReorderWindowInMinutes": 5},
        {"useGracefulShutdown": True, "throwStatusExceptionsOnRaiseEvent": True},
        {"somethingNew": {"deep": [1]}},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_that_mean_nothing_here_change_nothing(ignored: dict[str, Any]) -> None:
    read = EngineOptions.from_host_json({"extensions": {"durableTask": ignored}}, {})
    assert read == EngineOptions.from_host_json({}, {})


def test_the_endpoint_that_the_sdks_client_needs_cannot_be_switched_off() -> None:
    section: dict[str, Any] = {"localRpcEndpointEnabled": False}
    with pytest.raises(OptionsError, match="the SDK's client needs it"):
        EngineOptions.from_host_json({"extensions": {"durableTask": section}}, {})
    section["localRpcEndpointEnabled"] = True
    assert EngineOptions.from_host_json({"extensions": {"durableTask": section}}, {}) == EngineOptions()
