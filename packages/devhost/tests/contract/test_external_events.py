"""External events: whom they reach, in which order, and what the SDK makes of those that come early."""

import logging
from collections.abc import Iterator

import azure.durable_functions as df
import pytest

from devhost.engine.errors import InstanceFinished
from tests.contract.episodes import RecordedHost, Steps, only, recorded_host


def make_app() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def one_by_one(context: df.DurableOrchestrationContext) -> Steps:
        yield context.wait_for_external_event("begin")
        seen = []
        for name in context.get_input():
            seen.append((yield context.wait_for_external_event(name)))
            context.set_custom_status(seen)
        return seen

    @bp.orchestration_trigger(context_name="context")
    def two_at_once(context: df.DurableOrchestrationContext) -> Steps:
        older = context.wait_for_external_event("go")
        newer = context.wait_for_external_event("go")
        first = yield context.task_any([older, newer])
        context.set_custom_status("newer" if first == newer else "older")
        second = yield context.task_all([older, newer])
        return second

    @bp.orchestration_trigger(context_name="context")
    def abandoned_wait(context: df.DurableOrchestrationContext) -> Steps:
        yield context.task_any([context.wait_for_external_event("go"), context.wait_for_external_event("other")])
        payload = yield context.wait_for_external_event("go")
        return (yield context.call_activity("echo", payload))

    @bp.activity_trigger(input_name="payload")
    def echo(payload: int) -> int:
        return payload

    return bp


@pytest.fixture(scope="module")
def app() -> Iterator[RecordedHost]:
    with recorded_host([make_app()]) as recorded:
        yield recorded


def run(app: RecordedHost, waits: list[str], events: list[tuple[str, int]]) -> str:
    """Start an instance, have it wait for the first name, then raise the events."""
    instance = app.run("one_by_one", waits)
    app.raise_event(instance, "begin")
    for name, payload in events:
        app.raise_event(instance, name, payload)
    return instance


def test_events_are_taken_in_the_order_in_which_they_come(app: RecordedHost) -> None:
    instance = run(app, ["a", "a", "a"], [("a", 1), ("a", 2), ("a", 3)])
    assert app.status(instance)["output"] == [1, 2, 3]


def test_an_event_of_another_name_waits_for_its_turn(app: RecordedHost) -> None:
    instance = run(app, ["a", "b"], [("b", 2)])
    assert app.status(instance)["customStatus"] is None
    app.raise_event(instance, "a", 1)
    assert app.status(instance)["output"] == [1, 2]


def test_a_wait_takes_no_number(app: RecordedHost) -> None:
    assert app.numbers(run(app, ["a", "b", "c"], [("a", 1), ("b", 2)])) == []


def test_an_event_whose_name_differs_by_case_counts_as_delivered_but_the_sdk_does_not_see_it(
    app: RecordedHost,
) -> None:
    instance = run(app, ["a", "a"], [("A", 1)])
    assert app.status(instance)["customStatus"] is None
    app.raise_event(instance, "a", 2)
    assert app.status(instance)["customStatus"] == [2]
    app.raise_event(instance, "a", 3)
    assert app.status(instance)["output"] == [2, 3]


def test_two_waits_for_one_name_are_served_the_newest_first(app: RecordedHost) -> None:
    instance = app.run("two_at_once")
    app.raise_event(instance, "go", 1)
    assert app.status(instance)["customStatus"] == "newer"
    app.raise_event(instance, "go", 2)
    assert app.status(instance)["output"] == [2, 1]


def test_a_wait_that_was_given_up_does_not_take_the_event_of_a_later_one(app: RecordedHost) -> None:
    instance = app.run("abandoned_wait")
    app.raise_event(instance, "other")
    app.raise_event(instance, "go", 1)
    assert app.status(instance)["output"] == 1


def test_of_two_early_events_of_a_name_the_sdk_gives_the_last_one_twice(app: RecordedHost) -> None:
    instance = app.run("one_by_one", ["a", "a"])
    for name, payload in (("a", 1), ("a", 2), ("begin", 0)):
        app.raise_event(instance, name, payload)
    assert app.status(instance)["output"] == [2, 2]


def test_one_early_event_satisfies_two_waits_in_the_sdk_and_one_in_the_host(app: RecordedHost) -> None:
    instance = app.run("one_by_one", ["a", "a"])
    app.raise_event(instance, "a", 1)
    app.raise_event(instance, "begin")
    assert app.of(instance)[-1].state["output"] == [1, 1]
    assert app.status(instance)["runtimeStatus"] == "Running"
    app.raise_event(instance, "a", 2)
    assert app.status(instance)["output"] == [1, 1]


def test_an_early_event_is_delivered_with_a_warning_that_names_it(
    app: RecordedHost, caplog: pytest.LogCaptureFixture
) -> None:
    instance = app.run("one_by_one", ["a"])
    with caplog.at_level(logging.WARNING):
        app.raise_event(instance, "a", 1)
    (warning,) = [record.getMessage() for record in caplog.records if instance in record.getMessage()]
    assert "got the event 'a' before it waited for it" in warning
    app.raise_event(instance, "begin")
    assert app.status(instance)["output"] == [1]


@pytest.mark.parametrize(
    ("as_object", "expected"), [(False, '{"approved": true}'), (True, {"approved": True})], ids=["sdk", "webhook"]
)
def test_the_sdks_client_sends_a_text_that_holds_json_and_the_webhook_sends_json(
    app: RecordedHost, as_object: bool, expected: object
) -> None:
    instance = run(app, ["a"], [])
    app.host.raise_event(instance, "a", {"approved": True}, as_object=as_object)
    app.host.wait_quiescent()
    assert app.status(instance)["output"] == [expected]


def test_an_event_without_content_arrives_as_none(app: RecordedHost) -> None:
    instance = run(app, ["a"], [])
    app.host.client.raise_event(instance, "a", None)
    app.host.wait_quiescent()
    assert app.status(instance)["output"] == [None]


def test_many_events_may_come_in_one_episode_and_each_lets_the_code_go_on(app: RecordedHost) -> None:
    instance = run(app, ["a", "b", "c"], [])
    app.host.client.suspend(instance)
    app.host.wait_quiescent()
    for name in "abc":
        app.host.raise_event(instance, name, name, as_object=True)
    app.host.client.resume(instance)
    app.host.wait_quiescent()
    assert app.status(instance)["output"] == ["a", "b", "c"]
    last = app.of(instance)[-1].history
    kinds = [event["EventType"] for event in last if event["EventType"] not in (12, 13)]
    assert kinds[-5:] == [19, 15, 15, 15, 20]


def test_two_events_that_are_alike_are_two_events(app: RecordedHost) -> None:
    instance = run(app, ["a", "a"], [("a", 1)])
    assert app.status(instance)["runtimeStatus"] == "Running"
    app.raise_event(instance, "a", 1)
    assert (app.status(instance)["output"], len(only(app.of(instance)[-1].history, 15))) == ([1, 1], 3)


def test_a_finished_instance_takes_no_event(app: RecordedHost) -> None:
    instance = run(app, [], [])
    with pytest.raises(InstanceFinished) as refusal:
        app.raise_event(instance, "a")
    assert refusal.value.http_status == 410
