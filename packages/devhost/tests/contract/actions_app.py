"""Orchestrators that schedule and race all kinds of tasks, for the tests of actions."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import azure.durable_functions as df

from tests.contract.episodes import RecordedHost, Steps


class Gate:
    """Holds up the activity ``slow``."""

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
    now: datetime = context.current_utc_datetime
    return now + timedelta(seconds=10)


def racing() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def slow_against_timer(context: df.DurableOrchestrationContext) -> Steps:
        timer = context.create_timer(soon(context))
        yield context.task_any([context.call_activity("slow", 1), timer])
        return "over"

    @bp.orchestration_trigger(context_name="context")
    def cancelled_timer(context: df.DurableOrchestrationContext) -> Steps:
        timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()))
        yield context.task_any([context.call_activity("echo", 1), timer])
        timer.cancel()
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def waits_until(context: df.DurableOrchestrationContext) -> Steps:
        moment = datetime.fromisoformat(context.get_input())
        while context.current_utc_datetime < moment:
            yield context.create_timer(moment)
        return context.current_utc_datetime.isoformat()

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
    def raced_again(context: df.DurableOrchestrationContext) -> Steps:
        timer = context.create_timer(soon(context))
        yield context.task_any([timer, context.wait_for_external_event("first")])
        yield context.task_any([timer, context.wait_for_external_event("second")])
        yield context.call_activity("echo", 1)
        yield context.wait_for_external_event("end")

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


def types(app: RecordedHost, instance: str) -> list[str]:
    return [event["EventType"] for event in app.status(instance)["historyEvents"]]


class Echo(BaseHTTPRequestHandler):
    """Answers with the body of the request."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Location", "/later")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextmanager
def echo_server() -> Iterator[str]:
    """A server on a free port; yields its address."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}/"
    listening.shutdown()
    thread.join()
    listening.server_close()
