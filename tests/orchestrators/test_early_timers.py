"""Timers fire early on the Durable extension: it cuts a delay to whole seconds, so one of 0.999 s fires at once.

The engine of these tests does the same. The clock that the orchestrator sees then lies before the moment that it
waited for.
"""

from datetime import datetime, timedelta

from azure.durable_functions.models.history import HistoryEventType

from docpipeline.models.extraction import Extraction
from orchestrators import retry_policies
from tests.orchestrators.pipeline import FLAGGED, READ, Hold, Pipeline

ALMOST_A_SECOND = timedelta(seconds=0.999)


def timers(pipeline: Pipeline) -> int:
    """How many timers the instance has set in its last generation, the alarm of its extraction included."""
    context = pipeline.host.last_context()
    return sum(event["EventType"] == HistoryEventType.TIMER_CREATED for event in context["history"])


def test_a_review_ends_at_its_deadline_and_not_before_and_sets_each_timer_once(pipeline: Pipeline) -> None:
    pipeline.activities.script("validate_compliance", FLAGGED.to_payload())
    instance = pipeline.submit(approval_timeout=timedelta(hours=2) + ALMOST_A_SECOND)
    deadline = datetime.fromisoformat(dict(pipeline.activities.calls)["send_review_notification"]["deadline"])
    pipeline.advance(hours=3)
    assert pipeline.status(instance)["output"]["status"] == "timeout"
    (closed_at,) = pipeline.activities.times("handle_approval_timeout")
    assert timedelta() <= closed_at - deadline <= timedelta(seconds=1)
    reminders = [
        call["reminder"] for name, call in pipeline.activities.calls if name == "send_review_notification"
    ]
    assert reminders == [False, True]
    assert timers(pipeline) == 1 + 2


def test_a_wait_in_several_parts_sets_each_timer_once(pipeline: Pipeline) -> None:
    pipeline.activities.script("validate_compliance", FLAGGED.to_payload())
    instance = pipeline.submit(approval_timeout=timedelta(days=10) + ALMOST_A_SECOND)
    pipeline.advance(days=11)
    assert pipeline.status(instance)["output"]["status"] == "timeout"
    # After 3 days, at the reminder after 5, after 8, and at the deadline.
    assert timers(pipeline) == 1 + 4


def test_an_extraction_is_given_up_at_its_deadline_and_not_tried_again(pipeline: Pipeline) -> None:
    hold = Hold(answer=READ.to_payload())
    pipeline.activities.script("extract_document_text", hold)
    pipeline.submit(extraction_timeout=timedelta(minutes=10) + ALMOST_A_SECOND)
    pipeline.advance(minutes=10, seconds=1)
    pipeline.release(hold)
    assert pipeline.activities.names() == [
        "extract_document_text",
        "log_processing_error",
        "send_error_notification",
    ]
    assert dict(pipeline.activities.calls)["log_processing_error"]["error"]["code"] == "extractionTimeout"
    assert timers(pipeline) == 1


def test_extraction_that_fails_until_its_deadline_ends_there_and_does_not_spin(pipeline: Pipeline) -> None:
    pipeline.activities.script("extract_document_text", OSError("throttled"))
    instance = pipeline.submit(extraction_timeout=timedelta(seconds=30) + ALMOST_A_SECOND)
    pipeline.advance(minutes=2)
    assert pipeline.status(instance)["runtimeStatus"] == "Failed"
    # At once and after pauses of 2, 4, 8 and 16 s. The next one would end after the deadline.
    assert pipeline.activities.names().count("extract_document_text") == 5


def test_a_retry_comes_early_and_waits_a_second_all_the_same(pipeline: Pipeline) -> None:
    failed = Extraction.failed("corrupt", "the file cannot be read")
    pipeline.activities.script("extract_document_text", OSError("throttled"), failed.to_payload())
    pipeline.activities.script("log_processing_error", OSError("busy"))
    instance = pipeline.submit()
    pipeline.advance(minutes=5)
    for activity, policy in (
        ("extract_document_text", retry_policies.EXTRACTION),
        ("log_processing_error", retry_policies.COMPENSATION),
    ):
        first, second = pipeline.activities.times(activity)[:2]
        assert timedelta(seconds=1) <= second - first < policy.pause(1, f"{instance}:{activity}")


def test_nonsense_before_the_wait_is_not_carried_into_the_next_generation(pipeline: Pipeline) -> None:
    pipeline.activities.script("validate_compliance", FLAGGED.to_payload())
    hold = Hold()
    pipeline.activities.script("send_review_notification", hold)
    instance = pipeline.submit()
    pipeline.raise_approval(instance, "nonsense")
    pipeline.release(hold)
    pipeline.advance(seconds=5)
    assert pipeline.status(instance)["customStatus"] == {"stage": "awaitingReview", "ignoredEvents": 1}
    pipeline.raise_approval(instance, {"approved": True, "reviewer": "berta"})
    assert pipeline.status(instance)["output"]["status"] == "completed"
