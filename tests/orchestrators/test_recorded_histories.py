"""Recorded histories still replay: the orchestrator makes the same actions in the same order, with the same end.

Documents wait for days. If one of these tests fails, documents in flight would fail after the next deployment:
give the new code its own version (docs/architecture.md), or revert the change. record_histories.py records anew.
"""

from collections.abc import Iterator

import pytest

import orchestrators
from devhost.testing import HistoryReplayer
from tests.orchestrators.pipeline import ORCHESTRATOR
from tests.orchestrators.record_histories import CASES
from tests.orchestrators.recorded_history import FOLDER, RecordedHistory, answer_of

RECORDED = sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.fixture(scope="module")
def replayer() -> Iterator[HistoryReplayer]:
    """Replays histories with the current orchestrators."""
    with HistoryReplayer(orchestrators.blueprints) as made:
        yield made


def test_every_case_is_recorded() -> None:
    assert sorted(CASES) == RECORDED


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_history_leads_to_the_same_end_through_the_same_actions(
    replayer: HistoryReplayer, name: str
) -> None:
    recorded = RecordedHistory.load(name)
    assert answer_of(replayer.replay(ORCHESTRATOR, recorded.context)) == recorded.answer


@pytest.mark.parametrize("name", RECORDED)
def test_the_engine_finds_every_recorded_task_asked_for_again(replayer: HistoryReplayer, name: str) -> None:
    recorded = RecordedHistory.load(name)
    replayed = replayer.replay(ORCHESTRATOR, recorded.context)
    assert replayed.failure == recorded.answer["error"]
    assert replayed.runtime_status == ("Failed" if replayed.failure else "Completed")
