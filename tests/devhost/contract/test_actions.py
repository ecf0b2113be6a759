"""How actions become history: in order, each waiting for the one before, numbered as the SDK numbers them."""

import shutil
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from tests.devhost.contract.episodes import RecordedHost, Steps, numbers, only, recorded_host

RETRY_TWICE = df.RetryOptions(first_retry_interval_in_milliseconds=1000, max_number_of_attempts=2)


class Gate:
    """Holds the activity ``slow`` up."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.visits: list[Any] = []

    def pass_through(self, payload: Any) -> Any:
        """Wait until the gate is open."""
        self.visits.append(payload)
        assert self.is_open.wait(20)
        return payload


def make_app(gate: Gate) -> list[df.Blueprint]:
    return [orders(), racing(), targets(), activities(gate)]


def orders() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def every_kind(context: df.DurableOrchestrationContext) -> Steps:
        counter = df.EntityId("counter", context.instance_id)
        later = context.call_activity("echo", "created first, yielded last")
        yield context.wait_for_external_event("begin")
        context.signal_entity(counter, "add", 1)
        yield context.task_all(
            [
                context.call_sub_orchestrator("quick", 1),
                context.task_any([context.call_activity("echo", 1), context.create_timer(soon(context))]),
                context.wait_for_external_event("in between"),
                context.call_entity(counter, "add", 1),
            ]
        )
        yield context.call_http("POST", context.get_input(), {"a": 1})
        yield later
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def quick(context: df.DurableOrchestrationContext) -> Steps:
        yield context.task_all([])
        return context.get_input()

    @bp.orchestration_trigger(context_name="context")
    def one_by_one(context: df.DurableOrchestrationContext) -> Steps:
        tasks = [context.call_activity("echo", number) for number in range(3)]
        yield from tasks
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def same_task_twice(context: df.DurableOrchestrationContext) -> Steps:
        task = context.call_activity("echo", "once")
        other = context.create_timer(context.current_utc_datetime + timedelta(days=1))
        yield context.task_any([task, other])
        for _ in range(2):
            yield task
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def http(context: df.DurableOrchestrationContext) -> Steps:
        try:
            answer = yield context.call_http("POST", context.get_input(), {"a": 1})
        except Exception as error:
            answer = str(error)
        context.set_custom_status(answer)
        yield context.wait_for_external_event("end")

    return bp


def soon(context: df.DurableOrchestrationContext) -> datetime:
    return context.current_utc_datetime + timedelta(seconds=10)


def racing() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def slow_against_timer(context: df.DurableOrchestrationContext) -> Steps:
        timer = context.create_timer(soon(context))
        yield context.task_any([context.call_activity("slow", 1), timer])
        return "over"

    @bp.orchestration_trigger(context_name="context")
    def uncancelled(context: df.DurableOrchestrationContext) -> Steps:
        timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        yield context.task_any([context.call_activity("echo", 1), timer])
        if context.get_input() == "cancel":
            timer.cancel()
        if context.get_input() == "again":
            context.continue_as_new("cancel")
        if context.get_input() == "fail":
            raise ValueError("boom")
        return "over"

    @bp.orchestration_trigger(context_name="context")
    def waits_and_calls_left_open(context: df.DurableOrchestrationContext) -> Steps:
        call = context.call_entity(df.EntityId("sleeper", "k"), "sleep", 1)
        yield context.task_any([context.call_activity("echo", 1), context.wait_for_external_event("never"), call])
        return "over"

    @bp.orchestration_trigger(context_name="context")
    def failing_in_a_crowd(context: df.DurableOrchestrationContext) -> Steps:
        tasks = [context.call_activity("broken", 1), context.call_activity("slow", 1)]
        if context.get_input() == "uncaught":
            yield context.task_all(tasks)
        try:
            yield context.task_all(tasks)
        except Exception:
            yield context.call_activity("echo", "afterwards")
        return "over"

    @bp.orchestration_trigger(context_name="context")
    def nested_failure(context: df.DurableOrchestrationContext) -> Steps:
        inner = context.task_all([context.call_activity("broken", 1), context.create_timer(soon(context))])
        yield context.task_any([inner, context.wait_for_external_event("never")])
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def long_timer(context: df.DurableOrchestrationContext) -> Steps:
        deadline = context.create_timer(context.current_utc_datetime + timedelta(days=context.get_input()))
        yield context.task_any([deadline, context.wait_for_external_event("go")])
        yield context.call_activity("echo", "after the race")
        return context.current_utc_datetime.isoformat()

    @bp.orchestration_trigger(context_name="context")
    def timer_at(context: df.DurableOrchestrationContext) -> Steps:
        yield context.create_timer(datetime.fromisoformat(context.get_input()))
        return context.current_utc_datetime.isoformat()

    return bp


def targets() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def child_of_id(context: df.DurableOrchestrationContext) -> Steps:
        try:
            name, child_id = context.get_input()
            return (yield context.call_sub_orchestrator(name, [name, "again"], child_id))
        except Exception as error:
            return str(error)

    @bp.orchestration_trigger(context_name="context")
    def call_of(context: df.DurableOrchestrationContext) -> Steps:
        kind, name = context.get_input()
        if kind == "signal":
            context.signal_entity(df.EntityId(name, "k"), "add", 1)
        try:
            if kind == "call":
                yield context.call_entity(df.EntityId(name, "k"), "add", 1)
            if kind == "activity":
                yield context.call_activity(name, 1)
        except Exception as error:
            return str(error)

    @bp.orchestration_trigger(context_name="context")
    def held_child(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("slow", 1)

    return bp


def activities(gate: Gate) -> df.Blueprint:
    bp = df.Blueprint()

    @bp.activity_trigger(input_name="payload")
    def echo(payload: Any) -> Any:
        return payload

    @bp.activity_trigger(input_name="payload")
    def broken(payload: Any) -> Any:
        raise ValueError("boom")

    @bp.activity_trigger(input_name="payload")
    def slow(payload: Any) -> Any:
        return gate.pass_through(payload)

    @bp.entity_trigger(context_name="context")
    def counter(context: df.DurableEntityContext) -> None:
        context.set_state(context.get_state(lambda: 0) + context.get_input())
        context.set_result(context.get_state())

    @bp.entity_trigger(context_name="context")
    def sleeper(context: df.DurableEntityContext) -> None:
        gate.pass_through(context.get_input())

    return bp


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


def types(app: RecordedHost, instance: str) -> list[str]:
    return [event["EventType"] for event in app.status(instance)["historyEvents"]]


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


# Timers


def test_a_time_in_the_past_fires_at_once(app: RecordedHost) -> None:
    assert app.ended("timer_at", "2000-01-01T00:00:00+00:00")[0] == "Completed"


def test_the_digits_of_a_time_are_taken_without_its_zone() -> None:
    with recorded_host(make_app(Gate())) as recorded:
        instance = recorded.run("timer_at", "2024-01-01T02:00:00+05:00")
        created = only(recorded.history(instance), 10)
        assert [event["FireAt"] for event in created] == ["2024-01-01T02:00:00.000000Z"]
        recorded.host.advance(hours=2)
        assert recorded.status(instance)["output"] == "2024-01-01T02:00:00+00:00"


def test_a_timer_of_up_to_six_days_is_one_timer_and_a_longer_one_goes_in_legs_of_three(
    app: RecordedHost,
) -> None:
    for days, legs in ((6, 1), (7, 2), (10, 3)):
        begin, instance = app.host.now(), app.run("long_timer", days)
        app.host.advance(days=days, hours=1)
        assert types(app, instance).count("TimerFired") == legs
        assert app.status(instance)["output"] == (begin + timedelta(days=days)).isoformat()


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


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Location", "/later")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server on a free port."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}/"
    listening.shutdown()
    thread.join()
    listening.server_close()


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


# Targets that do not exist


@pytest.mark.parametrize("child_id", ["own", "own-parent", "@counter@k"])
def test_a_child_with_an_impossible_id_fails_with_the_reason(app: RecordedHost, child_id: str) -> None:
    if child_id == "own-parent":
        output = app.status(app.run("child_of_id", ["child_of_id", "own-parent-child"], "again"))["output"]
    else:
        output = app.status(app.run("child_of_id", ["quick", child_id], "own"))["output"]
    expected = "again" if child_id == "own-parent" else child_id
    assert f"A sub-orchestration cannot have the id '{expected}'" in output


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("activity", "Activity function 'nobody' failed: Activity function 'nobody' does not exist."),
        ("call", "The function 'nobody' doesn't exist, is disabled, or is not an entity function."),
    ],
)
def test_a_call_of_something_unknown_fails_where_azure_hangs(app: RecordedHost, kind: str, words: str) -> None:
    status, output = app.ended("call_of", [kind, "nobody"])
    assert (status, words in output) == ("Completed", True)


def test_a_signal_to_an_unknown_entity_fails_the_instance(app: RecordedHost) -> None:
    status, output = app.ended("call_of", ["signal", "nobody"])
    words = "Orchestrator function 'call_of' failed: The function 'nobody' doesn't exist, is disabled, or is not"
    assert status == "Failed"
    assert output.startswith(f"{words} an entity function. Additional info: ")


def test_an_activity_that_left_the_app_while_it_was_due_fails(tmp_path: Path) -> None:
    gate = Gate()
    with recorded_host([targets(), activities(gate)], tmp_path / "before") as before:
        instance = before.host.start("held_child")
        before.host.wait_until(lambda: gate.visits, "the activity is due")
        shutil.copytree(tmp_path / "before", tmp_path / "after")
        gate.is_open.set()
    with recorded_host([targets()], tmp_path / "after") as after:
        after.host.wait_quiescent()
        (failed,) = [
            event for event in after.status(instance)["historyEvents"] if event["EventType"] == "TaskFailed"
        ]
    assert failed["Reason"] == "Activity function 'slow' failed: Activity function 'slow' does not exist."


def test_an_orchestrator_that_left_the_app_fails_its_instances(tmp_path: Path) -> None:
    gate = Gate()
    with recorded_host([racing(), activities(gate)], tmp_path) as before:
        instance = before.run("timer_at", "2024-01-01T01:00:00+00:00")
    with recorded_host([targets(), activities(gate)], tmp_path) as after:
        after.host.advance(hours=1)
        output = after.status(instance)["output"]
    assert output.startswith("Orchestrator function 'timer_at' failed: The function 'timer_at' doesn't exist, is ")
    assert "or is not an orchestrator function" in output


def test_names_of_functions_are_compared_without_case(app: RecordedHost) -> None:
    assert app.ended("CALL_OF", ["activity", "ECHO"]) == ("Completed", None)
