"""Random programs, run by the real SDK: its numbers and the engine's must agree, or an instance hangs."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from devhost.testing import OrchestrationTestHost
from tests.unit.engine.sample_app import RETRY_THREE_TIMES, Steps

Node = dict[str, Any]
COUNTER = df.EntityId("tally", "k")


def any_leaf(dice: random.Random) -> Node:
    """A task that takes a number of its own; none of them fails in the end."""
    kind = dice.choice(["activity", "activity", "timer", "retry", "call", "child"])
    return {"kind": kind, "delay": dice.randint(0, 600), "failures": dice.randint(0, 2), "key": dice.random()}


def any_node(dice: random.Random, depth: int) -> Node:
    """A leaf, or a compound of nodes."""
    if depth == 0 or dice.random() < 0.5:
        return any_leaf(dice)
    children = [any_node(dice, depth - 1) for _ in range(dice.randint(1, 3))]
    return {"kind": dice.choice(["all", "any"]), "children": children}


def any_program(seed: int) -> list[Node]:
    """A few steps to be yielded one after the other; some fail and are caught, some only signal."""
    dice = random.Random(seed)
    steps = [any_node(dice, 2) for _ in range(dice.randint(1, 5))]
    extra: list[Node] = [{"kind": "signal"}, {"kind": "caught", "failures": 99}, {"kind": "caught", "failures": 1}]
    for step in dice.sample(extra, dice.randint(0, 3)):
        steps.insert(dice.randint(0, len(steps)), step)
    return steps


def task_of(context: df.DurableOrchestrationContext, node: Node) -> Any:
    """The SDK's task for a node."""
    kind = node["kind"]
    if kind in ("all", "any"):
        children = [task_of(context, child) for child in node["children"]]
        return context.task_all(children) if kind == "all" else context.task_any(children)
    if kind in ("retry", "caught"):
        return context.call_activity_with_retry("unsteady", RETRY_THREE_TIMES, node)
    if kind == "timer":
        return context.create_timer(context.current_utc_datetime + timedelta(seconds=node["delay"]))
    if kind == "call":
        return context.call_entity(COUNTER, "add", 1)
    if kind == "child":
        return context.call_sub_orchestrator("small", node["delay"])
    return context.call_activity("steady", 1)


def make_app() -> df.Blueprint:
    bp = df.Blueprint()
    failed: dict[str, int] = {}

    @bp.orchestration_trigger(context_name="context")
    def program(context: df.DurableOrchestrationContext) -> Steps:
        done = 0
        for node in context.get_input():
            if node["kind"] == "signal":
                context.signal_entity(COUNTER, "add", 1)
                continue
            try:
                yield task_of(context, node)
            except Exception:
                assert node["kind"] == "caught"
            done += 1
        last = yield context.call_activity("steady", done)
        return last

    @bp.orchestration_trigger(context_name="context")
    def small(context: df.DurableOrchestrationContext) -> Iterator[Any]:
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()))
        yield context.call_activity("steady", 1)

    @bp.activity_trigger(input_name="payload")
    def steady(payload: Any) -> Any:
        return payload

    @bp.activity_trigger(input_name="payload")
    def unsteady(payload: Any) -> Any:
        key = str(payload)
        failed[key] = failed.get(key, 0) + 1
        if failed[key] <= payload["failures"]:
            raise ValueError("boom")
        return payload["failures"]

    @bp.entity_trigger(context_name="context")
    def tally(context: df.DurableEntityContext) -> None:
        context.set_state(context.get_state(lambda: 0) + context.get_input())
        context.set_result(None)

    return bp


@pytest.mark.parametrize("first_seed", range(0, 120, 30))
def test_the_numbers_of_random_programs_agree_with_the_sdk(tmp_path: Path, first_seed: int) -> None:
    programs = {f"seed-{seed}": any_program(seed) for seed in range(first_seed, first_seed + 30)}
    with OrchestrationTestHost([make_app()], tmp_path) as host:
        for instance, nodes in programs.items():
            host.start("program", nodes, instance)
        host.advance(timedelta(hours=3))
        ended = {instance: host.status(instance) for instance in programs}
    outputs = {
        instance: status and (status["runtimeStatus"], status["output"]) for instance, status in ended.items()
    }
    assert outputs == {
        instance: ("Completed", sum(node["kind"] != "signal" for node in nodes))
        for instance, nodes in programs.items()
    }
