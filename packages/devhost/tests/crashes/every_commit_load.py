"""Small loads that together make every kind of commit, one after the other and never two at once.

So each load always has the same number of commits, and a test can kill the engine at each of them.
"""

import json
from collections.abc import Callable, Generator
from datetime import timedelta
from functools import partial
from typing import Any

import azure.durable_functions as df

from devhost.engine.client import DurableClient
from tests.crashes.journal import Journal
from tests.crashes.lives import TALLY, TALLY_KEY, Ends, Life

RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=5000, max_number_of_attempts=3)
ENTITY = df.EntityId(TALLY, TALLY_KEY)
PARTS = ("calls", "generations", "rewound", "suspended", "terminated", "purged", "replaced", "signalled")
Steps = Generator[Any, Any, Any]
ClientStep = Callable[[], object]


class EveryCommitLoad:
    """One of these loads.

    Args:
        part: its name, which is also the name of its one orchestrator and the id of its one instance.
    """

    def __init__(self, part: str) -> None:
        self.part = part

    def make_app(self, activity_runs: Journal) -> df.Blueprint:
        """The functions of all parts."""
        bp = df.Blueprint()
        _add_work(bp, activity_runs)
        _add_callers(bp)
        _add_simple_orchestrators(bp)
        return bp

    def work(self, life: Life) -> Ends:
        """Take the client's steps in turn, each once the engine has finished the work of the one before."""
        life.pass_time()
        for number, step in enumerate(_client_steps(life, self.part)):
            if not life.promises.count(f"step {number}"):
                life.once(f"step {number}", step)
                life.pass_time()
        return life.ends([self.part])


def _client_steps(life: Life, part: str) -> list[ClientStep]:
    """The client's steps. It repeats a step whose answer it did not get."""
    client = life.engine.client
    start, act = partial(_start, client, part), partial(_act, client, part)
    steps: dict[str, list[ClientStep]] = {
        "calls": [start],
        "generations": [start, act("Running", partial(client.raise_event, part, "go", "true"))],
        "rewound": [start, act("Failed", partial(client.rewind, part))],
        "suspended": [
            start,
            act("Running", partial(client.suspend, part)),
            act("Suspended", partial(client.raise_event, part, "go", "true")),
            act("Suspended", partial(client.resume, part)),
        ],
        "terminated": [start, act("Running", partial(client.terminate, part))],
        "purged": [start, partial(client.purge, part)],
        "replaced": [start, act("Completed", partial(client.start, part, part, '"\\"again\\""'))],
        "signalled": [partial(life.add_once, "once")],
    }
    return steps[part]


def _start(client: DurableClient, part: str) -> None:
    if client.status(part) is None:
        client.start(part, part, json.dumps(json.dumps("once")))


def _act(client: DurableClient, part: str, required_status: str, ask: ClientStep) -> ClientStep:
    """A step that is skipped unless the instance has this status."""

    def step() -> None:
        status = client.status(part)
        if status is not None and status["runtimeStatus"] == required_status:
            ask()

    return step


def _add_work(bp: df.Blueprint, activity_runs: Journal) -> None:
    @bp.activity_trigger(input_name="trace")
    def work(trace: str) -> str:
        activity_runs.add(trace)
        return trace

    @bp.activity_trigger(input_name="trace")
    def fail_once(trace: str) -> str:
        if activity_runs.add(trace) == 1:
            raise ValueError(f"{trace} fails once")
        return trace

    @bp.entity_trigger(context_name="context")
    def tally(context: df.DurableEntityContext) -> None:
        context.set_state([*context.get_state(list), context.get_input()])
        context.set_result(context.get_input())


def _add_callers(bp: df.Blueprint) -> None:
    @bp.orchestration_trigger(context_name="context")
    def calls(context: df.DurableOrchestrationContext) -> Steps:
        context.set_custom_status("on its way")
        context.signal_entity(ENTITY, "add", "signal")
        yield context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        retried = yield context.call_activity_with_retry("fail_once", RETRY, "retried")
        called = yield context.call_entity(ENTITY, "add", "call")
        return [retried, called, (yield context.call_sub_orchestrator("child"))]

    @bp.orchestration_trigger(context_name="context")
    def child(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("work", "child")
        return (yield context.call_entity(ENTITY, "add", "child"))

    @bp.orchestration_trigger(context_name="context")
    def generations(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("work", context.get_input())
        yield context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        if context.get_input() == "once":
            context.continue_as_new("again")
            return None
        yield context.wait_for_external_event("go")
        return "gone"


def _add_simple_orchestrators(bp: df.Blueprint) -> None:
    @bp.orchestration_trigger(context_name="context")
    def rewound(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("work", "before")
        return (yield context.call_activity("fail_once", "rewound"))

    @bp.orchestration_trigger(context_name="context")
    def suspended(context: df.DurableOrchestrationContext) -> Steps:
        return (yield context.wait_for_external_event("go"))

    @bp.orchestration_trigger(context_name="context")
    def terminated(context: df.DurableOrchestrationContext) -> Steps:
        yield context.wait_for_external_event("never")

    @bp.orchestration_trigger(context_name="context")
    def purged(context: df.DurableOrchestrationContext) -> Steps:
        return (yield context.call_activity("work", "purged"))

    @bp.orchestration_trigger(context_name="context")
    def replaced(context: df.DurableOrchestrationContext) -> Steps:
        return (yield context.call_activity("work", context.get_input()))
