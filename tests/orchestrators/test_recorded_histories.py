"""Histories recorded earlier still replay: the orchestrator asks for the same, in the same order, and ends alike.

Documents wait for days. When one of these fails, those in flight would fail at the next deployment: give the new
code its own version (docs/architecture.md), or take the change back. See record_histories.py for a new recording.
"""

from collections.abc import Iterator

import pytest

from devhost.engine.commands import Completed, Failed
from devhost.functions.durable_functions import HostedDurableFunctions
from tests.orchestrators.record_histories import CASES
from tests.orchestrators.recorded_history import FOLDER, RecordedHistory, answer_to, durable_functions, ending_of

RECORDED = sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.fixture(scope="module")
def functions() -> Iterator[HostedDurableFunctions]:
    """The orchestrators behind the SDK's handle."""
    with durable_functions() as hosted:
        yield hosted


def test_every_case_is_recorded() -> None:
    assert sorted(CASES) == RECORDED


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_history_leads_to_the_same_end_through_the_same_actions(
    functions: HostedDurableFunctions, name: str
) -> None:
    recorded = RecordedHistory.load(name)
    assert answer_to(functions, recorded.context) == recorded.answer


@pytest.mark.parametrize("name", RECORDED)
def test_the_engine_finds_every_recorded_task_asked_for_again(
    functions: HostedDurableFunctions, name: str
) -> None:
    recorded = RecordedHistory.load(name)
    ending = ending_of(functions, recorded.context)
    assert isinstance(ending, Failed if recorded.answer["error"] else Completed)
    if isinstance(ending, Failed):
        assert ending.error == recorded.answer["error"]
