"""Results, and timers, of an episode that the engine ran and never wrote into history: they are not ours.

The extension sends an episode's messages before it writes the history. When it runs the episode again on other
events, what the first run scheduled ends under numbers that now mean something else.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from azure.durable_functions.models.history import HistoryEventType

import orchestrators
from devhost.testing import HistoryReplayer
from docpipeline.models.foreign_results import RESULT_OF, is_foreign
from tests.orchestrators.pipeline import FLAGGED, ORCHESTRATOR, READ, Hold, Pipeline
from tests.orchestrators.recorded_history import in_words

FOREIGN = {RESULT_OF: "announce_end"}


@pytest.mark.parametrize(
    ("activity", "own"),
    [
        ("extract_document_text", READ.to_payload()),
        ("validate_compliance", FLAGGED.to_payload()),
        ("send_review_notification", {}),
    ],
)
def test_a_step_that_is_given_the_result_of_another_activity_is_done_again(
    pipeline: Pipeline, activity: str, own: dict[str, Any]
) -> None:
    pipeline.activities.script("validate_compliance", FLAGGED.to_payload())
    pipeline.activities.script(activity, FOREIGN, FOREIGN, FOREIGN, own | {RESULT_OF: activity})
    instance = pipeline.submit()
    pipeline.advance(minutes=5)
    assert pipeline.status(instance)["customStatus"]["stage"] == "awaitingReview"
    assert pipeline.activities.names().count(activity) == 4


def test_a_result_that_was_not_stored_is_stored_although_another_activity_has_ended(pipeline: Pipeline) -> None:
    """Both activities return next to nothing, so only its name tells whose result it is."""
    pipeline.activities.script("store_processed_document", {RESULT_OF: "send_completion_notification"}, {})
    instance = pipeline.submit()
    pipeline.advance(minutes=1)
    assert pipeline.activities.names().count("store_processed_document") == 2
    assert pipeline.activities.names().count("send_completion_notification") == 1
    assert pipeline.status(instance)["output"]["status"] == "completed"


def test_a_step_that_is_given_foreign_results_for_ever_fails_and_says_so(pipeline: Pipeline) -> None:
    pipeline.activities.script("validate_compliance", FOREIGN)
    pipeline.submit()
    pipeline.advance(minutes=5)
    error = dict(pipeline.activities.calls)["log_processing_error"]["error"]
    assert error["code"] == "workerLost"
    assert "delivered the result of another activity" in error["message"]


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("Activity function 'announce_end' failed:  OSError: validate_compliance \n {}", True),
        ("Activity function 'validate_compliance' failed:  OSError: Activity function 'b' failed: \n {}", False),
        ("something else", False),
    ],
)
def test_a_failure_is_that_of_the_activity_it_names(text: str, foreign: bool) -> None:
    assert is_foreign(Exception(text), "validate_compliance") is foreign


@pytest.mark.parametrize(
    ("seconds_early", "then"),
    [
        (3600, "WHEN_ANY (CREATE_TIMER)"),
        (40, "WHEN_ANY (CREATE_TIMER)"),
        (20, "CALL_ACTIVITY handle_approval_timeout"),
        (0, "CALL_ACTIVITY handle_approval_timeout"),
    ],
)
def test_a_review_waits_on_when_a_timer_fires_that_was_not_set_for_its_deadline(
    pipeline: Pipeline, seconds_early: float, then: str
) -> None:
    pipeline.activities.script("validate_compliance", FLAGGED.to_payload())
    pipeline.submit(approval_timeout=timedelta(hours=4))
    pipeline.advance(hours=2, minutes=1)
    context = pipeline.host.last_context()
    deadline = datetime.fromisoformat(dict(pipeline.activities.calls)["send_review_notification"]["deadline"])

    assert action_after(context, 7, deadline - timedelta(seconds=seconds_early)) == then


def test_an_extraction_goes_on_when_a_timer_fires_that_was_not_set_for_its_deadline(pipeline: Pipeline) -> None:
    hold = Hold(answer=READ.to_payload())
    pipeline.activities.script("extract_document_text", hold)
    pipeline.submit(extraction_timeout=timedelta(minutes=10))
    context = pipeline.host.last_context()
    pipeline.release(hold)
    began = datetime.fromisoformat(context["history"][0]["Timestamp"])

    assert action_after(context, 2, began + timedelta(seconds=5)) == "WHEN_ANY (CREATE_TIMER)"


def action_after(context: dict[str, Any], number: int, at: datetime) -> str:
    """What the orchestrator does next when the timer that it has set last, with this number, fires at a moment."""
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    event = {"EventId": -1, "IsPlayed": False, "Timestamp": moment}
    fired = {"EventType": HistoryEventType.TIMER_FIRED, "TimerId": number, "FireAt": moment}
    episode = [event | {"EventType": HistoryEventType.ORCHESTRATOR_STARTED}, event | fired]
    with HistoryReplayer(orchestrators.blueprints) as replayer:
        before = replayer.replay(ORCHESTRATOR, context)
        after = replayer.replay(ORCHESTRATOR, context | {"history": [*context["history"], *episode]})
    assert len(after.actions) == len(before.actions) + 1, after.error
    return in_words(after.actions[-1])
