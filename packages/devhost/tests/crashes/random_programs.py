"""Random orchestrations: how to draw one, an app that runs it, and its expected outcome.

A program is a list of generations, each a list of nodes to be yielded one after the other. Its result does not
depend on the order of completions, so a run with crashes must end exactly as one without. Known faults of Azure
are left out: failures below ``task_all``, long timers in compounds, two waits for one event name,
a race after an attempt that may have lost another one while it was still to be repeated.
"""

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from hypothesis import strategies as st

from tests.crashes.journal import Journal

Node = dict[str, Any]
Program = list[list[Node]]
Steps = Generator[Any, Any, Any]
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=5000, max_number_of_attempts=3)
ALWAYS = 99
TALLY = df.EntityId("tally", "k")
_FEW = st.integers(0, 2)


def nodes_of(*kinds: str, failures: st.SearchStrategy[int] = _FEW) -> st.SearchStrategy[Node]:
    """Draw a node of one of these kinds, with its number of failures before it succeeds."""
    return st.fixed_dictionaries(
        {"kind": st.sampled_from(kinds), "delay": st.integers(0, 600), "failures": failures}
    )


_LEAF = nodes_of("activity", "timer", "retry", "call", "event", "retried_child") | st.fixed_dictionaries(
    {"kind": st.just("child"), "children": st.lists(nodes_of("activity", "timer", "retry", "call"), max_size=3)}
)
_FAILING = nodes_of("fail", "retry", "retried_child", "explode", failures=st.just(ALWAYS))


def _compounds(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.fixed_dictionaries({"kind": st.just("all"), "children": st.lists(inner, min_size=1, max_size=3)})
    first = st.fixed_dictionaries(
        {"kind": st.just("any"), "children": st.lists(inner | _FAILING, min_size=1, max_size=3)}
    )
    return several | first


_STEP = st.recursive(_LEAF, _compounds, max_leaves=6) | _FAILING | nodes_of("signal", "long_timer", "race")
_ENDINGS: list[list[Node]] = [[], [{"kind": "raise"}]]
_ENDING = st.sampled_from(_ENDINGS)


def _breaks_on_azure(generation: list[Node]) -> bool:
    """Whether a race comes after a retried node that may have lost one (docs/guide.md says what happens)."""
    kinds = [node["kind"] for node in generation]
    first = next((at for at, node in enumerate(generation) if _may_lose_while_it_retries(node)), len(kinds))
    return "race" in kinds[first:]


def _may_lose_while_it_retries(node: Node, is_in_any: bool = False) -> bool:
    if node["kind"] in ("retry", "retried_child"):
        return is_in_any and bool(node["failures"])
    below = is_in_any or node["kind"] == "any"
    return any(_may_lose_while_it_retries(child, below) for child in node.get("children", []))


_GENERATION = st.lists(_STEP, min_size=1, max_size=4).filter(lambda drawn: not _breaks_on_azure(drawn))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a program of one to three generations; the last may end by raising."""
    generations: Program = draw(st.lists(_GENERATION, min_size=1, max_size=3))
    generations[-1] = generations[-1] + draw(_ENDING)
    return generations


@dataclass
class Expectation:
    """The expected outcome of a program, with or without crashes.

    Attributes:
        status, output, custom_status: as the status object has them.
        additions: the texts in the tally, each once.
        event_names: names of all events that the program waits for.
        runs: least number of runs of each activity.
    """

    status: str = "Completed"
    output: Any = field(default_factory=list)
    custom_status: str | None = None
    additions: list[str] = field(default_factory=list)
    event_names: list[str] = field(default_factory=list)
    runs: Counter[str] = field(default_factory=Counter)


def expectation_of(instance_id: str, program: Program) -> Expectation:
    """Work out a program's outcome without running it."""
    expected = Expectation()
    for generation, nodes in enumerate(program):
        for index, node in enumerate(nodes):
            path = f"{instance_id}/{generation}/{index}"
            expected.custom_status = path
            if node["kind"] == "raise":
                expected.status = "Failed"
                expected.output = f"Orchestrator function 'program' failed: {path}"
                return expected
            expected.output.append(_value(node, path, expected))
    return expected


def _value(node: Node, path: str, expected: Expectation) -> Any:
    kind = node["kind"]
    children = [_value(child, f"{path}.{at}", expected) for at, child in enumerate(node.get("children", []))]
    if kind in ("call", "signal"):
        expected.additions.append(path)
    if kind in ("retry", "retried_child"):
        expected.runs[path] = min(node["failures"] + 1, RETRY.max_number_of_attempts)
    if kind in ("activity", "fail"):
        expected.runs[path] = 1
    if kind in ("event", "race"):
        expected.event_names.append(path)
    if kind in ("any", "race", "signal"):
        return kind
    if kind in ("all", "child"):
        return children
    if node["failures"] == ALWAYS:
        return "caught"
    return {"timer": None, "long_timer": None, "call": "added"}.get(kind, path)


def make_app(activity_runs: Journal) -> df.Blueprint:
    """Make an app that runs programs; the journal gets a line whenever an activity runs."""
    bp = df.Blueprint()
    _add_orchestrators(bp)
    _add_work(bp, activity_runs)
    return bp


def _add_orchestrators(bp: df.Blueprint) -> None:
    @bp.orchestration_trigger(context_name="context")
    def program(context: df.DurableOrchestrationContext) -> Steps:
        return (yield from run_program(context))

    @bp.orchestration_trigger(context_name="context")
    def child(context: df.DurableOrchestrationContext) -> Steps:
        path, nodes = context.get_input()
        tasks = [task_of(context, node, f"{path}.{at}") for at, node in enumerate(nodes)]
        results = []
        for task in tasks:
            results.append((yield task))
        return results

    @bp.orchestration_trigger(context_name="context")
    def frail(context: df.DurableOrchestrationContext) -> Steps:
        return (yield context.call_activity("work", context.get_input()))


def run_program(context: df.DurableOrchestrationContext) -> Steps:
    """Yield the nodes of a generation one after the other, and start the next generation."""
    given = context.get_input()
    at, seen = given["at"], given["seen"]
    for index, node in enumerate(given["program"][at]):
        path = f"{context.instance_id}/{at}/{index}"
        context.set_custom_status(path)
        seen.append((yield from _run_step(context, node, path)))
    if at + 1 < len(given["program"]):
        context.continue_as_new({**given, "at": at + 1, "seen": seen})
        return None
    return seen


def _run_step(context: df.DurableOrchestrationContext, node: Node, path: str) -> Steps:
    kind = node["kind"]
    if kind == "raise":
        raise ValueError(path)
    if kind == "signal":
        context.signal_entity(TALLY, "add", path)
        return kind
    if kind == "race":
        event, timer = context.wait_for_external_event(path), _timer(context, timedelta(seconds=node["delay"]))
        if (yield context.task_any([event, timer])) == event:
            timer.cancel()
        return kind
    if kind == "any":
        yield task_of(context, node, path)
        return kind
    try:
        result = yield task_of(context, node, path)
    except Exception:
        return "caught"
    return _plain(node, result)


def task_of(context: df.DurableOrchestrationContext, node: Node, path: str) -> Any:
    """The SDK's task for a node."""
    kind, work = node["kind"], {"path": path, "failures": node.get("failures", 0)}
    if kind in ("all", "any"):
        children = [task_of(context, child, f"{path}.{at}") for at, child in enumerate(node["children"])]
        return context.task_all(children) if kind == "all" else context.task_any(children)
    if kind == "child":
        return context.call_sub_orchestrator("child", [path, node["children"]])
    if kind == "retried_child":
        return context.call_sub_orchestrator_with_retry("frail", RETRY, work)
    if kind == "retry":
        return context.call_activity_with_retry("work", RETRY, work)
    if kind == "event":
        return context.wait_for_external_event(path)
    if kind in ("call", "explode"):
        return context.call_entity(TALLY, "add" if kind == "call" else kind, path)
    if kind in ("timer", "long_timer"):
        return _timer(context, timedelta(days=10) if kind == "long_timer" else timedelta(seconds=node["delay"]))
    return context.call_activity("work", {**work, "failures": 0 if kind == "activity" else ALWAYS})


def _plain(node: Node, result: Any) -> Any:
    """A compound's result without the winners' tasks, which depend on the order of completions."""
    if node["kind"] == "any":
        return "any"
    if node["kind"] == "long_timer":
        return None  # The SDK gives a list of its legs' results.
    if node["kind"] == "all":
        return [_plain(child, part) for child, part in zip(node["children"], result, strict=True)]
    return result


def _timer(context: df.DurableOrchestrationContext, delay: timedelta) -> Any:
    return context.create_timer(context.current_utc_datetime + delay)


def _add_work(bp: df.Blueprint, activity_runs: Journal) -> None:
    @bp.activity_trigger(input_name="payload")
    def work(payload: dict) -> str:
        if activity_runs.add(payload["path"]) <= payload["failures"]:
            raise ValueError("boom")
        return str(payload["path"])

    @bp.entity_trigger(context_name="context")
    def tally(context: df.DurableEntityContext) -> None:
        if context.operation_name == "explode":
            raise ValueError("boom")
        context.set_state([*context.get_state(list), context.get_input()])
        context.set_result("added")
