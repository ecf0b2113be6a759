import json
from datetime import timedelta

import pytest

from docpipeline.models.extraction import Extraction
from tests.orchestrators.pipeline import FLAGGED, Hold, Pipeline

APPROVED = {"approved": True, "reviewer": "berta", "comment": "seen"}
REFUSED = {"approved": False, "reviewer": "berta"}
NONSENSE: list[object] = ["yes please", {"approved": "true", "reviewer": "berta"}, {}, None, 7, [1]]


@pytest.fixture
def flagged(pipeline: Pipeline) -> Pipeline:
    pipeline.activities.script("validate_compliance", FLAGGED.to_payload())
    return pipeline


def reminders(pipeline: Pipeline) -> list[bool]:
    return [
        payload["reminder"] for name, payload in pipeline.activities.calls if name == "send_review_notification"
    ]


def test_a_document_in_doubt_waits_for_a_person_and_costs_nothing_meanwhile(flagged: Pipeline) -> None:
    instance = flagged.submit()
    status = flagged.status(instance)
    assert status["runtimeStatus"] == "Running"
    assert status["customStatus"] == {"stage": "awaitingReview", "ignoredEvents": 0}
    assert flagged.activities.calls[-1][1]["reasons"] == ["notCompliant", "issuesFound"]
    assert flagged.counters() == {"pending": 1}


@pytest.mark.parametrize("as_object", [True, False], ids=["webhook", "sdk"])
def test_an_approved_document_is_stored_as_approved_with_review(flagged: Pipeline, as_object: bool) -> None:
    instance = flagged.submit()
    flagged.raise_approval(instance, APPROVED, as_object=as_object)
    assert flagged.status(instance)["output"] == {
        "status": "completed",
        "documentId": "inv-17",
        "isCompliant": False,
    }
    stored = dict(flagged.activities.calls)["store_processed_document"]
    assert stored["decision"] == "approved_with_review"
    assert "review" not in stored, "the record has it"
    assert flagged.counters() == {"processed": 1}


def test_a_document_that_is_not_approved_is_archived_as_rejected(flagged: Pipeline) -> None:
    instance = flagged.submit()
    flagged.raise_approval(instance, REFUSED)
    assert flagged.status(instance)["output"] == {"status": "rejected", "documentId": "inv-17"}
    assert flagged.activities.names()[-2:] == ["archive_rejected_document", "announce_end"]
    assert flagged.counters() == {"rejected": 1}


def test_a_document_nobody_decides_times_out_after_48_hours_with_one_reminder(flagged: Pipeline) -> None:
    instance = flagged.submit()
    flagged.advance(hours=23.9)
    assert reminders(flagged) == [False]
    flagged.advance(hours=0.2)
    assert reminders(flagged) == [False, True]
    flagged.advance(hours=23.8)
    assert flagged.status(instance)["runtimeStatus"] == "Running"
    flagged.advance(hours=0.2)
    assert flagged.status(instance)["output"] == {"status": "timeout", "documentId": "inv-17"}
    assert flagged.activities.names()[-2:] == ["handle_approval_timeout", "announce_end"]
    assert reminders(flagged) == [False, True]
    assert flagged.counters() == {"timedOut": 1}


def test_a_decision_recorded_in_time_counts_though_its_event_comes_after_the_deadline(flagged: Pipeline) -> None:
    flagged.activities.script("handle_approval_timeout", {**APPROVED, "decidedAt": "2024-01-02T23:59:59Z"})
    instance = flagged.submit()
    flagged.advance(hours=49)
    assert flagged.status(instance)["output"]["status"] == "completed"
    assert dict(flagged.activities.calls)["store_processed_document"]["decision"] == "approved_with_review"
    assert flagged.counters() == {"processed": 1}


def test_a_decision_after_the_reminder_counts(flagged: Pipeline) -> None:
    instance = flagged.submit()
    flagged.advance(hours=30)
    flagged.raise_approval(instance, APPROVED)
    assert flagged.status(instance)["output"]["status"] == "completed"


def test_a_decision_that_arrives_while_the_reminder_is_being_sent_counts(flagged: Pipeline) -> None:
    hold = Hold()
    flagged.activities.script("send_review_notification", {}, hold)
    instance = flagged.submit()
    flagged.advance(hours=24.1)
    flagged.raise_approval(instance, APPROVED)
    flagged.release(hold)
    assert flagged.status(instance)["output"]["status"] == "completed"


def test_a_reminder_that_cannot_be_sent_changes_nothing(flagged: Pipeline) -> None:
    flagged.activities.script("send_review_notification", {}, OSError("down"))
    instance = flagged.submit()
    flagged.advance(hours=30)
    flagged.raise_approval(instance, APPROVED)
    assert flagged.status(instance)["output"]["status"] == "completed"


def test_a_request_that_reaches_nobody_fails_the_document(flagged: Pipeline) -> None:
    flagged.activities.script("send_review_notification", OSError("down"))
    instance = flagged.submit()
    flagged.advance(hours=1)
    assert flagged.status(instance)["runtimeStatus"] == "Failed"
    assert dict(flagged.activities.calls)["log_processing_error"]["error"]["code"] == "reviewFailed"


@pytest.mark.parametrize("as_object", [True, False], ids=["webhook", "sdk"])
@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda event: json.dumps(event)[:20])
def test_an_event_that_is_no_decision_is_recorded_and_the_same_deadline_holds(
    flagged: Pipeline, nonsense: object, as_object: bool
) -> None:
    instance = flagged.submit()
    flagged.advance(hours=40)
    flagged.raise_approval(instance, nonsense, as_object=as_object)
    assert flagged.status(instance)["customStatus"] == {"stage": "awaitingReview", "ignoredEvents": 1}
    assert reminders(flagged) == [False, True]
    flagged.advance(hours=7.9)
    assert flagged.status(instance)["runtimeStatus"] == "Running"
    flagged.advance(hours=0.2)
    assert flagged.status(instance)["output"]["status"] == "timeout"
    assert flagged.counters() == {"timedOut": 1}


def test_after_nonsense_a_real_decision_still_counts(flagged: Pipeline) -> None:
    instance = flagged.submit()
    for nonsense in NONSENSE:
        flagged.raise_approval(instance, nonsense, as_object=True)
    flagged.raise_approval(instance, APPROVED)
    assert flagged.status(instance)["output"]["status"] == "completed"
    assert flagged.activities.names().count("extract_document_text") == 1
    assert flagged.counters() == {"processed": 1}


def test_nonsense_raised_before_the_wait_neither_spins_nor_hides_the_decision(flagged: Pipeline) -> None:
    hold = Hold(answer=FLAGGED.to_payload())
    flagged.activities.script("validate_compliance", hold)
    instance = flagged.submit()
    flagged.raise_approval(instance, "nonsense", as_object=True)
    flagged.release(hold)
    assert flagged.status(instance)["customStatus"] == {"stage": "awaitingReview", "ignoredEvents": 1}
    flagged.advance(seconds=4)
    assert flagged.status(instance)["customStatus"] == {"stage": "awaitingReview", "ignoredEvents": 1}
    flagged.raise_approval(instance, APPROVED)
    assert flagged.status(instance)["output"]["status"] == "completed"


def test_a_decision_whose_event_fell_between_two_generations_is_found_in_the_record(flagged: Pipeline) -> None:
    hold = Hold(answer=FLAGGED.to_payload())
    flagged.activities.script("validate_compliance", hold)
    flagged.activities.script("find_recorded_decision", {**APPROVED, "decidedAt": "2024-01-01T00:00:00Z"})
    instance = flagged.submit()
    flagged.raise_approval(instance, "nonsense", as_object=True)
    flagged.release(hold)
    flagged.raise_approval(instance, APPROVED)
    assert flagged.status(instance)["runtimeStatus"] == "Running"
    flagged.advance(seconds=4)
    assert flagged.status(instance)["output"]["status"] == "completed"
    assert dict(flagged.activities.calls)["store_processed_document"]["decision"] == "approved_with_review"


def test_a_decision_raised_before_the_review_was_requested_is_none(flagged: Pipeline) -> None:
    """A stranger with the webhook's key could approve a document that nobody had asked about yet."""
    hold = Hold(answer=FLAGGED.to_payload())
    flagged.activities.script("validate_compliance", hold)
    instance = flagged.submit()
    flagged.raise_approval(instance, APPROVED, as_object=True)
    flagged.release(hold)
    assert flagged.status(instance)["customStatus"] == {"stage": "awaitingReview", "ignoredEvents": 1}
    flagged.advance(seconds=4)
    assert "record_decision" not in flagged.activities.names()
    flagged.raise_approval(instance, REFUSED)
    assert flagged.status(instance)["output"]["status"] == "rejected"


def test_a_decision_raised_while_the_request_is_on_its_way_counts(flagged: Pipeline) -> None:
    """Whoever answers the notification at once is quicker than the notification's own activity."""
    hold = Hold()
    flagged.activities.script("send_review_notification", hold)
    instance = flagged.submit()
    flagged.raise_approval(instance, REFUSED, as_object=True)
    flagged.release(hold)
    assert flagged.status(instance)["output"]["status"] == "rejected"


def test_of_an_early_decision_and_one_in_time_the_one_in_time_counts(flagged: Pipeline) -> None:
    check, request = Hold(answer=FLAGGED.to_payload()), Hold()
    flagged.activities.script("validate_compliance", check)
    flagged.activities.script("send_review_notification", request)
    instance = flagged.submit()
    flagged.raise_approval(instance, APPROVED, as_object=True)
    flagged.release(check)
    flagged.raise_approval(instance, REFUSED, as_object=True)
    flagged.release(request)
    assert flagged.status(instance)["output"]["status"] == "rejected"


def test_of_two_events_in_time_the_decision_counts_whatever_follows_it(flagged: Pipeline) -> None:
    """A wait is handed the last early event only; a decision before it was lost."""
    request = Hold()
    flagged.activities.script("send_review_notification", request)
    instance = flagged.submit()
    flagged.raise_approval(instance, APPROVED, as_object=True)
    flagged.raise_approval(instance, "nonsense", as_object=True)
    flagged.release(request)
    assert flagged.status(instance)["output"]["status"] == "completed"


def test_of_many_early_events_none_is_carried_over_into_the_next_generation(flagged: Pipeline) -> None:
    """The host keeps events that nobody waited for: the second of two early approvals must not count either."""
    check = Hold(answer=FLAGGED.to_payload())
    flagged.activities.script("validate_compliance", check)
    instance = flagged.submit()
    for _ in range(3):
        flagged.raise_approval(instance, APPROVED, as_object=True)
    flagged.release(check)
    flagged.advance(seconds=4)
    assert flagged.status(instance)["runtimeStatus"] == "Running"
    assert flagged.status(instance)["customStatus"] == {"stage": "awaitingReview", "ignoredEvents": 3}
    flagged.raise_approval(instance, REFUSED, as_object=True)
    assert flagged.status(instance)["output"]["status"] == "rejected"


def test_a_decision_in_a_later_generation_counts_also_after_the_reminder(flagged: Pipeline) -> None:
    """The reminder was taken for the request, and what came before it for an early event."""
    check = Hold(answer=FLAGGED.to_payload())
    flagged.activities.script("validate_compliance", check)
    instance = flagged.submit()
    flagged.raise_approval(instance, APPROVED, as_object=True)
    flagged.release(check)
    flagged.advance(seconds=4)
    flagged.raise_approval(instance, "nonsense", as_object=True)
    flagged.advance(hours=30)
    assert reminders(flagged) == [False, True]
    flagged.raise_approval(instance, APPROVED, as_object=True)
    assert flagged.status(instance)["output"]["status"] == "completed"


def test_an_event_that_closed_nothing_leads_every_replay_the_same_way(flagged: Pipeline) -> None:
    flagged.activities.script("record_decision", {})
    instance = flagged.submit()
    flagged.raise_approval(instance, APPROVED, as_object=True)
    flagged.advance(hours=30)
    flagged.advance(hours=30)
    assert flagged.status(instance)["output"]["status"] == "timeout"


def test_a_decision_counts_although_the_request_reached_nobody(flagged: Pipeline) -> None:
    """The record awaits its review before anybody is told: a decision by then was answered 202."""
    flagged.activities.script("send_review_notification", OSError("the receiver is away"))
    flagged.activities.script("find_recorded_decision", {**APPROVED, "decidedAt": "2024-01-01T00:00:00Z"})
    instance = flagged.submit()
    flagged.advance(hours=1)
    assert flagged.status(instance)["output"]["status"] == "completed"
    assert flagged.counters() == {"processed": 1}


def test_a_decision_made_while_the_request_was_on_its_way_is_in_its_answer(flagged: Pipeline) -> None:
    decided = {"approved": False, "reviewer": "berta", "decidedAt": "2024-01-01T00:00:00Z"}
    flagged.activities.script("send_review_notification", decided)
    instance = flagged.submit()
    assert flagged.status(instance)["output"]["status"] == "rejected"


def test_the_process_follows_what_the_record_says_and_not_what_the_event_says(flagged: Pipeline) -> None:
    """Of a decision through the API and one through the webhook at once, the one that was written counts."""
    flagged.activities.script("record_decision", {**REFUSED, "decidedAt": "2024-01-01T00:00:00Z"})
    instance = flagged.submit()
    flagged.raise_approval(instance, APPROVED, as_object=True)
    assert flagged.status(instance)["output"]["status"] == "rejected"
    assert flagged.counters() == {"rejected": 1}


def test_the_deadline_is_the_one_in_the_record(flagged: Pipeline) -> None:
    """A request sent twice could set another deadline than the one which the API refuses decisions by."""
    deadline = (flagged.host.now() + timedelta(hours=10)).isoformat()
    flagged.activities.script("send_review_notification", {"deadline": deadline})
    instance = flagged.submit()
    flagged.advance(hours=9.9)
    assert flagged.status(instance)["runtimeStatus"] == "Running"
    flagged.advance(hours=0.2)
    assert flagged.status(instance)["output"]["status"] == "timeout"


def test_a_flood_of_nonsense_leaves_history_short(flagged: Pipeline) -> None:
    instance = flagged.submit()
    for number in range(30):
        flagged.raise_approval(instance, f"nonsense {number}", as_object=True)
        flagged.advance(seconds=4)
    assert len(flagged.history(instance)) < 60
    assert flagged.status(instance)["customStatus"]["ignoredEvents"] == 30


def test_the_submitter_cannot_decide_their_own_document_through_the_webhook(flagged: Pipeline) -> None:
    instance = flagged.submit(user_id="anna")
    flagged.raise_approval(instance, {"approved": True, "reviewer": "Anna"}, as_object=True)
    assert flagged.status(instance)["customStatus"]["ignoredEvents"] == 1
    flagged.raise_approval(instance, APPROVED, as_object=True)
    assert flagged.status(instance)["output"]["status"] == "completed"


def test_without_four_eyes_the_submitter_may_decide(flagged: Pipeline) -> None:
    instance = flagged.submit(user_id="anna", require_four_eyes=False)
    flagged.raise_approval(instance, {"approved": True, "reviewer": "anna"})
    assert flagged.status(instance)["output"]["status"] == "completed"


def test_a_badly_read_document_waits_for_a_person(pipeline: Pipeline) -> None:
    pipeline.activities.script(
        "extract_document_text", Extraction(text_blob="extractions/a/t", confidence=0.5).to_payload()
    )
    instance = pipeline.submit()
    assert pipeline.activities.calls[-1][1]["reasons"] == ["extractionConfidenceLow"]
    pipeline.raise_approval(instance, APPROVED)
    assert pipeline.status(instance)["output"]["isCompliant"] is True


def test_a_deadline_of_90_days_holds_to_the_day(flagged: Pipeline) -> None:
    instance = flagged.submit(approval_timeout=timedelta(days=90))
    flagged.advance(days=44)
    assert reminders(flagged) == [False]
    flagged.advance(days=2)
    assert reminders(flagged) == [False, True]
    flagged.advance(days=43.9)
    assert flagged.status(instance)["runtimeStatus"] == "Running"
    flagged.advance(days=0.2)
    assert flagged.status(instance)["output"]["status"] == "timeout"


def test_a_decision_within_a_long_deadline_ends_the_instance_at_once(flagged: Pipeline) -> None:
    instance = flagged.submit(approval_timeout=timedelta(days=90))
    flagged.advance(days=50)
    flagged.raise_approval(instance, APPROVED)
    assert flagged.status(instance)["runtimeStatus"] == "Completed"
