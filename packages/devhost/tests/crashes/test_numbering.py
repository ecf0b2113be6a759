"""The SDK's numbers and the engine's, compared task by task in every episode of random programs.

After each episode the history must hold exactly what the SDK has numbered by then: the same numbers, each for a
task of the same kind and name. The programs leave out where the two are known to part, on Azure too: see
``random_programs``; retries without any attempt, and events whose names differ by case, are not drawn either.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from azure.durable_functions.models import DurableOrchestrationContext
from azure.durable_functions.models.Task import AtomicTask, TaskBase
from azure.durable_functions.orchestrator import Orchestrator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contract.episodes import Episode, RecordedHost, recorded_host
from tests.crashes.journal import Journal
from tests.crashes.random_programs import Program, expectation_of, make_app, programs, run_program

BOUNDED = settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    # Shrinking would run for minutes; what was drawn is short enough to be read.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ROUND = timedelta(days=4)
MOST_ROUNDS = 60
LAST_STEP = {"kind": "activity", "delay": 0, "failures": 0}
FINISHED = ("Completed", "Failed", "Terminated")
# Number -> kind and name of the task, which both sides know.
Numbers = dict[int, tuple[str, str]]


class WatchedContext(DurableOrchestrationContext):  # type: ignore[misc]  # The durable SDK carries no types.
    """The SDK's context, which notes the task of every number."""

    def __init__(self, **document: Any) -> None:
        self.given: Numbers = {}
        super().__init__(**document)

    def _add_to_open_tasks(self, task: TaskBase) -> None:
        is_new = isinstance(task, AtomicTask) and task.id is None
        super()._add_to_open_tasks(task)
        if is_new:
            self.given[task.id] = named(task.parent, task.action_repr)

    def _record_fire_and_forget_action(self, action: Any) -> None:
        number = self._sequence_number
        super()._record_fire_and_forget_action(action)
        if type(action).__name__ != "ContinueAsNewAction":  # The host gives that one no number.
            self.given[number] = named(None, action)


def named(parent: Any, action: Any) -> tuple[str, str]:
    """Kind and name of a task, from the SDK's action for it."""
    kind = type(action).__name__
    if kind == "NoOpAction":  # A retry's own: its timer, or its next attempt, which is like the first.
        return ("timer", "") if "timer" in str(action.metadata) else named(None, parent.actions)
    if kind.startswith("CallActivity"):
        return "activity", action.function_name
    if kind.startswith("CallSubOrchestrator"):
        return "child", action.function_name
    if kind in ("CallEntityAction", "SignalEntityAction"):
        return "operation", f"{action.instance_id} {action.operation}"
    return {"CreateTimerAction": ("timer", "")}[kind]


def numbered_by_sdk(episode: Episode) -> Numbers:
    """What the SDK numbers when it replays an episode's history."""
    context: WatchedContext = WatchedContext.from_json(episode.text)
    orchestrator = Orchestrator({"program": run_program}[episode.name])
    try:
        answer = orchestrator.handle(context)
    except Exception as error:
        answer = str(error)
    assert answer == episode.answer, "The SDK answers otherwise when it is asked again."
    return context.given


def numbered_in_history(episode: Episode) -> Numbers:
    """What the history of an episode records as scheduled."""
    found: Numbers = {}
    for event in episode.history:
        number, name = event["EventId"], str(event.get("Name"))
        if event["EventType"] == 14:
            # The event's name is "op" whatever the operation, as on the Durable extension.
            name = json.loads(event["Input"])["op"]
        kind = {4: "activity", 7: "child", 10: "timer", 14: "operation"}.get(event["EventType"])
        if kind is not None:
            assert number not in found, f"Number {number} is there twice."
            found[number] = kind, {"timer": "", "operation": f"{event.get('InstanceId')} {name}"}.get(kind, name)
    return found


def ending_with_a_step(program: Program) -> Program:
    """End every generation with a step, so that an episode comes after all that is of interest."""
    kept = []
    for steps in program:
        end = len(steps) - (steps[-1:] == [{"kind": "raise"}])
        kept.append([*steps[:end], LAST_STEP, *steps[end:]])
    return kept


@contextmanager
def recorded_programs() -> Iterator[RecordedHost]:
    """A recorded host of the app that runs programs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Journal(Path(folder) / "runs")) as runs,
        recorded_host([make_app(runs)]) as app,
    ):
        yield app


def run_to_the_end(app: RecordedHost, drawn: dict[str, Program]) -> None:
    """Run programs, raising the events that they wait for, round after round."""
    for instance, program in drawn.items():
        app.host.start("program", {"program": program, "at": 0, "seen": []}, instance)
    names = {instance: expectation_of(instance, program).event_names for instance, program in drawn.items()}
    for _ in range(MOST_ROUNDS):
        app.host.wait_quiescent()
        unfinished = [one for one in drawn if app.status(one)["runtimeStatus"] not in FINISHED]
        if not unfinished:
            return
        for instance in unfinished:
            for name in names[instance]:
                app.host.raise_event(instance, name, name, as_object=True)
            app.host.wait_quiescent()
        app.host.advance(ROUND)
    raise AssertionError(f"Still unfinished after {MOST_ROUNDS} rounds: {unfinished}")


def generations(app: RecordedHost, instance: str) -> Iterator[list[Episode]]:
    """The episodes of an instance, by execution."""

    def execution(episode: Episode) -> str:
        return str(episode.history[1]["OrchestrationInstance"]["ExecutionId"])

    for _, episodes in groupby(app.of(instance), key=execution):
        yield list(episodes)


def actions_of(episode: Episode) -> list[str]:
    """The actions of an answer, apart from the one field that may change after they were asked for."""
    (actions,) = episode.state["actions"]
    return [json.dumps(action).replace('"isCanceled": true', '"isCanceled": false') for action in actions]


def check_numbers(episodes: list[Episode]) -> int:
    """Compare the numbers after every episode with the history that it left; returns how many were compared."""
    compared = 0
    for episode, following in pairwise(episodes):
        by_sdk, in_history = numbered_by_sdk(episode), numbered_in_history(following)
        compared += len(by_sdk)
        if episode.state.get("isDone") or episode.state.get("error"):
            # The code has ended, and the SDK looks no further; lost retries may go on in the host.
            assert by_sdk.items() <= in_history.items()
        else:
            assert by_sdk == in_history
    return compared


def check_growth(episodes: list[Episode]) -> None:
    """Each answer repeats the one before and goes on from there."""
    for earlier, later in pairwise(episodes):
        assert actions_of(later)[: len(actions_of(earlier))] == actions_of(earlier)


several_programs = st.lists(programs(), min_size=2, max_size=4)


@BOUNDED
@given(drawn=several_programs)
def test_history_gives_every_task_the_number_that_the_sdk_has_for_it(drawn: list[Program]) -> None:
    named_programs = {f"p{at}": ending_with_a_step(program) for at, program in enumerate(drawn)}
    with recorded_programs() as app:
        run_to_the_end(app, named_programs)
        compared = 0
        for instance in named_programs:
            for episodes in generations(app, instance):
                compared += check_numbers(episodes)
                check_growth(episodes)
    assert compared > 0


def every_kind() -> Program:
    """A program that has each kind of task once, so that none can drop out of the comparison unnoticed."""
    leaf = {"delay": 5, "failures": 0}
    crowd = [{"kind": kind, **leaf} for kind in ("activity", "timer", "call", "event")]
    children = [{"kind": "activity", **leaf}]
    return [
        [
            {"kind": "signal", **leaf},
            {"kind": "all", "children": [*crowd, {"kind": "any", "children": crowd}]},
            {"kind": "retry", "delay": 0, "failures": 2},
            {"kind": "retried_child", "delay": 0, "failures": 1},
            {"kind": "child", "children": children},
            {"kind": "fail", "delay": 0, "failures": 99},
            {"kind": "explode", "delay": 0, "failures": 99},
            {"kind": "long_timer", **leaf},
            {"kind": "race", **leaf},
        ]
    ]


def test_every_kind_of_task_takes_part_in_the_comparison() -> None:
    with recorded_programs() as app:
        run_to_the_end(app, {"p0": ending_with_a_step(every_kind())})
        (episodes,) = generations(app, "p0")
        check_numbers(episodes)
        numbers = numbered_by_sdk(episodes[-1])
        assert numbers == numbered_in_history(episodes[-1])
    assert {kind for kind, _ in numbers.values()} == {"activity", "child", "timer", "operation"}
    assert {("child", "frail"), ("child", "child"), ("activity", "work")} <= set(numbers.values())
    assert {("operation", "@tally@k add"), ("operation", "@tally@k explode")} <= set(numbers.values())
