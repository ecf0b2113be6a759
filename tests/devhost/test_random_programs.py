"""Random programs, run by the real SDK: they end as they should, replay alike, and crashes change no end."""

import json
import random
import re
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions.models import DurableOrchestrationContext
from azure.durable_functions.orchestrator import Orchestrator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from devhost.durable_engine.commands import Decision
from devhost.durable_engine.functions import FunctionFailed
from devhost.durable_engine.replay import replay
from devhost.durable_engine.state_document import StateDocument
from tests.devhost.lives import Episode, Lives
from tests.devhost.random_programs import Program, programs, run_program

# Bounded to about 20 seconds in all: the suite is run often.
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


def named(drawn: list[Program]) -> dict[str, Program]:
    return {f"p{number}": program for number, program in enumerate(drawn)}


def recorded_episodes(drawn: list[Program]) -> tuple[list[Episode], list[str]]:
    """Run programs to their end; returns all episodes, and how the ends differ from the expected ones."""
    with tempfile.TemporaryDirectory() as folder, Lives(Path(folder), named(drawn)) as lives:
        differences = lives.differences(lives.run())
        return lives.functions.episodes, differences


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


def ask_again(episode: Episode) -> str:
    """Ask the SDK a second time."""
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
    _, differences = recorded_episodes(drawn)
    assert differences == []


@BOUNDED
@given(drawn=several_programs)
def test_replay_is_stable(drawn: list[Program]) -> None:
    episodes, _ = recorded_episodes(drawn)
    for generation in generations(episodes):
        before = "["
        for episode in generation:
            if episode.name == "program":
                assert ask_again(episode) == episode.answer
            decision = decision_of(episode)
            assert decision == decision_of(episode)
            actions = without_cancellations(state_of(episode.answer).actions)
            assert actions.startswith(before), "An answer forgets or changes what was asked for before."
            before = actions.removesuffix("]")
        assert decision.ending is not None


@pytest.mark.timeout(120)
@BOUNDED
@given(drawn=several_programs, deaths=st.integers(1, 8), seed=st.integers(0, 2**32))
def test_programs_end_alike_with_and_without_crashes(drawn: list[Program], deaths: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Lives(Path(folder) / "without", named(drawn)) as lives:
            undisturbed = lives.run()
        with Lives(Path(folder) / "with", named(drawn)) as lives:
            assert lives.run(random.Random(seed), deaths) == undisturbed
