"""Random programs, run by the real SDK, end as expected and replay alike (kills: ``test_crash_points``)."""

import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from azure.durable_functions.models import DurableOrchestrationContext
from azure.durable_functions.orchestrator import Orchestrator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from devhost.engine.commands import Decision
from devhost.engine.functions import FunctionFailed, FunctionResult, OnResult
from devhost.engine.replay import replay
from devhost.engine.state_document import StateDocument
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.indexing import IndexedFunction
from devhost.functions.invocation import FunctionInvoker
from tests.crashes.lives import live
from tests.crashes.outcomes import differences
from tests.crashes.program_load import ProgramLoad
from tests.crashes.random_programs import Program, programs, run_program

# Bounded to about 10 seconds in all: the suite is run often.
BOUNDED = settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    # Shrinking would run for minutes; what was drawn is short enough to be read.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
several_programs = st.lists(programs(), min_size=1, max_size=4)
STARTED = 12


@dataclass(frozen=True)
class Episode:
    """What the SDK was asked in one episode, and what it said or raised."""

    name: str
    document: str
    answer: str


class RecordingFunctions(HostedDurableFunctions):
    """An app's durable functions; every episode is kept."""

    def __init__(
        self, episodes: list[Episode], functions: Iterable[IndexedFunction], invoker: FunctionInvoker
    ) -> None:
        super().__init__(functions, invoker)
        self._episodes = episodes

    def begin_orchestrator(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run one episode and keep it."""

        def recorded(result: FunctionResult[str]) -> None:
            self._episodes.append(Episode(name, context_json, _text_of(result)))
            on_result(result)

        super().begin_orchestrator(name, context_json, recorded)


def _text_of(result: FunctionResult[str]) -> str:
    try:
        return result.unwrap() or ""
    except FunctionFailed as failure:
        return failure.message


def recorded_episodes(drawn: list[Program]) -> tuple[list[Episode], list[str]]:
    """Run programs to their end; returns all episodes, and the differences from the expected outcome."""
    episodes: list[Episode] = []
    load = ProgramLoad({f"p{number}": program for number, program in enumerate(drawn)})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ends = live(folder, load, hosted=partial(RecordingFunctions, episodes))
        return episodes, differences(folder, ends, load.expected_ends, load.least_runs)


def generations(episodes: Sequence[Episode]) -> list[list[Episode]]:
    """Episodes by instance and execution, in their order."""

    def execution(episode: Episode) -> tuple[str, str]:
        document = json.loads(episode.document)
        instance = document["history"][1]["OrchestrationInstance"]
        return document["instanceId"], instance["ExecutionId"]

    return [list(group) for _, group in groupby(sorted(episodes, key=execution), key=execution)]


def state_of(answer: str) -> StateDocument:
    """The SDK's state, whether it was returned or raised."""
    if answer.startswith("{"):
        return StateDocument.parse(answer)
    state = StateDocument.from_failure(FunctionFailed("Exception", answer))
    assert state is not None, answer
    return state


def decision_of(episode: Episode) -> Decision:
    """What the engine makes of an episode's answer."""
    history = json.loads(episode.document)["history"]
    begins = [index for index, event in enumerate(history) if event["EventType"] == STARTED]
    return replay(episode.name, history, begins[-1], state_of(episode.answer))


def replayed(episode: Episode) -> str:
    """Replay the episode: ask the SDK a second time."""
    context = DurableOrchestrationContext.from_json(episode.document)
    try:
        return str(Orchestrator(run_program).handle(context))
    except Exception as error:
        return str(error)


def without_cancellations(actions: Any) -> str:
    """Actions as text, apart from the one field that may change after they were asked for."""
    return re.sub(r'"isCanceled": true', '"isCanceled": false', json.dumps(actions))


@BOUNDED
@given(drawn=several_programs)
def test_programs_end_as_their_text_says(drawn: list[Program]) -> None:
    _, wrong = recorded_episodes(drawn)
    assert wrong == []


@BOUNDED
@given(drawn=several_programs)
def test_replay_is_stable(drawn: list[Program]) -> None:
    episodes, _ = recorded_episodes(drawn)
    for generation in generations(episodes):
        before = "["
        for episode in generation:
            if episode.name == "program":
                assert replayed(episode) == episode.answer
            decision = decision_of(episode)
            assert decision == decision_of(episode)
            actions = without_cancellations(state_of(episode.answer).actions)
            assert actions.startswith(before), "An answer forgets or changes what was asked for before."
            before = actions.removesuffix("]")
        assert decision.ending is not None
