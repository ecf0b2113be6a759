"""Activities: their payloads, their results, and the texts of their failures."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest

from tests.contract.episodes import RecordedHost, Steps, only, recorded_host


class Coin:
    """A class that can be written as JSON."""

    def __init__(self, value: int) -> None:
        self.value = value

    @staticmethod
    def to_json(coin: "Coin") -> str:
        return str(coin.value)

    @staticmethod
    def from_json(text: str) -> "Coin":
        return Coin(int(text))


class Workshop:
    """Holds up the activity ``held``, and counts."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.started: list[Any] = []
        self.ended: list[Any] = []

    def make_app(self) -> df.Blueprint:
        """An app with activities of all sorts."""
        bp = df.Blueprint()
        self._add_orchestrators(bp)
        self._add_activities(bp)
        return bp

    def _add_orchestrators(self, bp: df.Blueprint) -> None:
        @bp.orchestration_trigger(context_name="context")
        def calls(context: df.DurableOrchestrationContext) -> Steps:
            name, *payload = context.get_input()
            try:
                result = yield context.call_activity(name, *payload)
            except Exception as error:
                result = [type(error).__name__, str(error)]
            context.set_custom_status({"result": result})
            yield context.wait_for_external_event("end")

        @bp.orchestration_trigger(context_name="context")
        def sends_a_coin(context: df.DurableOrchestrationContext) -> Steps:
            return (yield context.call_activity("value_of", Coin(7)))

        @bp.orchestration_trigger(context_name="context")
        def sends_a_tuple(context: df.DurableOrchestrationContext) -> Steps:
            return (yield context.call_activity("type_names", {"pair": (1, 2), 3: "three"}))

        @bp.orchestration_trigger(context_name="context")
        def hurried(context: df.DurableOrchestrationContext) -> Steps:
            timer = context.create_timer(context.current_utc_datetime + timedelta(minutes=1))
            yield context.task_any([context.call_activity("held", "hurried"), timer])
            if context.get_input() == "start over":
                context.continue_as_new("second")
                return
            yield context.wait_for_external_event("end")

        @bp.orchestration_trigger(context_name="context")
        def crowd(context: df.DurableOrchestrationContext) -> Steps:
            yield context.task_all([context.call_activity("held", number) for number in range(3)])

    def _add_activities(self, bp: df.Blueprint) -> None:
        @bp.activity_trigger(input_name="payload")
        def echo(payload: Any) -> Any:
            return payload

        @bp.activity_trigger(input_name="payload")
        def type_names(payload: dict) -> list:
            return [type(payload["pair"]).__name__, sorted(payload)]

        @bp.activity_trigger(input_name="payload")
        def value_of(payload: Coin) -> int:
            return payload.value

        @bp.activity_trigger(input_name="payload")
        def nothing(payload: Any) -> None:
            self.started.append(payload)

        @bp.activity_trigger(input_name="payload")
        async def later(payload: Any) -> Any:
            return payload

        @bp.activity_trigger(input_name="payload")
        def opaque(payload: Any) -> Any:
            return object()

        @bp.activity_trigger(input_name="payload")
        def broken(payload: Any) -> Any:
            raise KeyError("no such key")

        @bp.activity_trigger(input_name="payload")
        def held(payload: Any) -> Any:
            self.started.append(payload)
            assert self.is_open.wait(20)
            self.ended.append(payload)
            return payload


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture(scope="module")
def app(workshop: Workshop) -> Iterator[RecordedHost]:
    with recorded_host([workshop.make_app()]) as recorded:
        yield recorded


@pytest.fixture
def closed(app: RecordedHost, workshop: Workshop) -> Iterator[Workshop]:
    """The workshop, whose activity ``held`` does not end during the test."""
    workshop.started.clear()
    workshop.ended.clear()
    workshop.is_open.clear()
    yield workshop
    workshop.is_open.set()
    app.host.wait_quiescent(ignoring_running_activities=0)


def call(app: RecordedHost, name: str, *payload: Any) -> tuple[Any, dict[str, Any]]:
    """Call an activity; returns the orchestrator's output and the event with the result."""
    instance = app.run("calls", [name, *payload])
    (answer,) = [event for event in app.history(instance) if event["EventType"] in (5, 6)]
    return app.status(instance)["customStatus"]["result"], answer


# Payloads


@pytest.mark.parametrize("payload", [{"a": [1, None]}, "text", 0, False, [], ""])
def test_a_payload_goes_there_and_back_as_json(app: RecordedHost, payload: Any) -> None:
    result, answer = call(app, "echo", payload)
    assert result == payload
    assert json.loads(answer["Result"]) == payload


def test_an_activity_without_input_gets_none(app: RecordedHost, workshop: Workshop) -> None:
    workshop.started.clear()
    call(app, "nothing")
    assert workshop.started == [None]


def test_no_result_is_stored_as_null(app: RecordedHost) -> None:
    assert call(app, "nothing", 1)[1]["Result"] is None
    assert call(app, "echo", None)[1]["Result"] is None


def test_tuples_become_lists_and_keys_texts(app: RecordedHost) -> None:
    assert app.ended("sends_a_tuple") == ("Completed", ["list", ["3", "pair"]])


def test_an_activity_may_be_a_coroutine(app: RecordedHost) -> None:
    assert call(app, "later", 1)[0] == 1


def test_under_strict_typing_an_object_of_the_apps_own_class_cannot_be_the_input(app: RecordedHost) -> None:
    status, output = app.ended("sends_a_coin")
    assert (status, "ValueError: activity trigger input must be" in output) == ("Failed", True)


# Failures


def test_a_failure_reads_as_on_azure(app: RecordedHost) -> None:
    (kind, text), answer = call(app, "broken", 1)
    reason = "Activity function 'broken' failed:  KeyError: 'no such key'"
    assert (answer["EventType"], answer["Reason"]) == (6, reason)
    assert (kind, text) == ("Exception", f"{reason} \n {answer['Details']}")


def test_the_details_are_one_line_of_json_with_the_workers_text_inside(app: RecordedHost) -> None:
    _, answer = call(app, "broken", 1)
    details = json.loads(answer["Details"])
    assert "\n" not in answer["Details"]
    assert details["ClassName"] == "System.Exception"
    said = details["InnerException"]["Message"]
    assert said.startswith("Result: Failure\nException: KeyError: 'no such key'\nStack: ")
    assert "in broken" in said


def test_a_result_that_is_no_json_fails_the_activity(app: RecordedHost) -> None:
    (_, text), answer = call(app, "opaque", 1)
    words = "Activity function 'opaque' failed:  ValueError: activity trigger output must be json serializable"
    assert answer["Reason"].startswith(words)
    assert text.startswith(answer["Reason"])


# Running


def test_an_activity_goes_on_when_nobody_waits_for_it_any_more(app: RecordedHost, closed: Workshop) -> None:
    instance = app.host.start("hurried")
    app.host.wait_until(lambda: closed.started, "the activity runs")
    app.host.wait_quiescent(ignoring_running_activities=1)
    app.host.advance(minutes=1)
    closed.is_open.set()
    app.host.wait_quiescent(ignoring_running_activities=0)
    assert closed.ended == ["hurried"]
    assert len(only(app.history(instance), 5)) == 1


def test_activities_of_one_episode_run_side_by_side(app: RecordedHost, closed: Workshop) -> None:
    app.host.start("crowd")
    app.host.wait_until(lambda: len(closed.started) == 3, "all three run at once")
    assert closed.ended == []


def test_each_activity_is_scheduled_and_answered_once(app: RecordedHost) -> None:
    instance = app.run("calls", ["echo", 1])
    for _ in range(3):
        app.raise_event(instance, "peek")
    assert [event["EventType"] for event in app.of(instance)[-1].history if event["EventType"] in (4, 5)] == [4, 5]
