"""The changes of a record: once, twice, too late, and out of order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from docpipeline.errors import IllegalTransition
from docpipeline.models import document_record
from docpipeline.models.approvals import Decision, FinalDecision, Review
from docpipeline.models.compliance import ComplianceVerdict
from docpipeline.models.document_record import DocumentRecord, RunEnd
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.extraction import Extraction
from docpipeline.models.failure import Failure
from docpipeline.models.policy import ProcessingPolicy
from docpipeline.models.runs import RunReference
from tests.records import SUBMITTED as NOW
from tests.records import AllRecordFields, PolicyFields, a_record

LATER = NOW + timedelta(minutes=5)
DEADLINE = NOW + timedelta(hours=48)
ASKED = Review(requested_at=NOW, deadline=DEADLINE, reasons=("notCompliant",))
YES = Decision(approved=True, reviewer="grace", comment="fine")
NO = Decision(approved=False, reviewer="rob")
PASSED = ComplianceVerdict(is_compliant=True, confidence=0.97)
EXTRACTED = Extraction(text_blob="extractions/a/text.txt", page_count=3, confidence=0.9)

Change = Callable[[DocumentRecord], DocumentRecord]
CHANGES: dict[str, Change] = {
    "begin_extraction": lambda record: record.begin_extraction(LATER),
    "show_extraction": lambda record: record.show_extraction(EXTRACTED, LATER),
    "begin_validation": lambda record: record.begin_validation(LATER),
    "show_verdict": lambda record: record.show_verdict(PASSED, (), LATER),
    "request_review": lambda record: record.request_review(LATER, ["notCompliant"], LATER),
    "decide": lambda record: record.decide(YES, LATER, until_deadline=False),
    "give_up_review": lambda record: record.give_up_review(LATER),
    "begin_storing": lambda record: record.begin_storing(True, FinalDecision.APPROVED, LATER),
    "end": lambda record: record.end(RunEnd(DocumentStatus.FAILED), LATER),
    "count_restart": lambda record: record.count_restart(0, LATER),
    "rename_run": lambda record: record.rename_run(a_record().run, "another", LATER),
}


def awaiting_review(review: Review = ASKED) -> DocumentRecord:
    return a_record(status=DocumentStatus.AWAITING_REVIEW, review=review)


@pytest.mark.parametrize("status", DocumentStatus)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_happens_twice_happens_once_and_nothing_happens_to_a_document_that_has_ended(
    change: Change, status: DocumentStatus
) -> None:
    record = a_record(status=status)
    try:
        once = change(record)
    except IllegalTransition:
        return
    assert change(once) is once
    assert once is record or not status.is_final


def test_a_document_passes_with_what_was_found_on_its_way() -> None:
    record = a_record()
    for name in ("begin_extraction", "show_extraction", "begin_validation", "show_verdict", "begin_storing"):
        record = CHANGES[name](record)
    record = record.end(RunEnd(DocumentStatus.COMPLETED), LATER)
    assert (record.status, record.completed_at, record.updated_at) == ("completed", LATER, LATER)
    assert (record.page_count, record.confidence, record.text_blob) == (3, 0.9, "extractions/a/text.txt")
    assert (record.is_compliant, record.decision) == (True, FinalDecision.APPROVED)
    assert (record.uncounted, record.untold) == (True, True)


def test_an_illegal_move_names_the_document_and_both_statuses() -> None:
    with pytest.raises(IllegalTransition, match=r"'inv-17' cannot move from queued to storing"):
        CHANGES["begin_storing"](a_record())


def test_a_review_that_was_requested_keeps_its_time_its_deadline_and_its_reasons() -> None:
    requested = a_record(status=DocumentStatus.VALIDATING).request_review(DEADLINE, ["first"], NOW)
    assert requested.request_review(DEADLINE + timedelta(days=1), ["second"], LATER) is requested
    assert requested.review == Review(requested_at=NOW, deadline=DEADLINE, reasons=("first",))


def test_a_review_is_closed_once_by_whoever_comes_first() -> None:
    decided = awaiting_review().decide(YES, LATER, until_deadline=True)
    assert decided.decide(NO, LATER, until_deadline=True) is decided
    assert decided.end(RunEnd(DocumentStatus.TIMEOUT), LATER) is decided
    assert decided.review is not None
    assert (decided.review.decision, decided.review.decided_at, decided.updated_at) == (YES, LATER, LATER)
    assert (decided.review.requested_at, decided.review.deadline) == (NOW, DEADLINE)


def test_a_review_that_is_given_up_takes_no_decision_of_the_api_any_more_and_one_that_is_decided_stays() -> None:
    given_up = awaiting_review().give_up_review(LATER)
    assert given_up.decide(YES, LATER, until_deadline=True) is given_up
    decided = awaiting_review().decide(YES, NOW, until_deadline=True)
    assert decided.give_up_review(LATER) is decided


def test_the_clock_closes_a_review_for_the_api_and_not_for_an_event() -> None:
    waiting = awaiting_review()
    assert waiting.decide(YES, DEADLINE, until_deadline=True) is waiting
    by_event = waiting.decide(YES, DEADLINE, until_deadline=False)
    assert by_event.review is not None
    assert by_event.review.decision == YES


def test_the_time_of_a_decision_is_written_once_with_the_decision() -> None:
    decided = awaiting_review(ASKED).decide(NO, NOW, until_deadline=True)
    stored = decided.begin_storing(True, FinalDecision.APPROVED_WITH_REVIEW, LATER)
    assert decided.review is not None
    assert decided.review.decided_at == NOW
    assert decided.decide(NO, LATER, until_deadline=True) is decided
    assert stored.review == decided.review


@pytest.mark.parametrize("status", [status for status in DocumentStatus if not status.is_final])
def test_a_failure_ends_a_document_wherever_it_is_and_says_where(status: DocumentStatus) -> None:
    error = Failure(code="corrupt", message="it is damaged")
    failed = a_record(status=status).end(RunEnd(DocumentStatus.FAILED, error=error), LATER)
    assert (failed.status, failed.failed_in, failed.error) == ("failed", status, error)


def test_a_record_that_lags_behind_catches_up_with_the_end_of_its_run() -> None:
    end = RunEnd(DocumentStatus.COMPLETED, decision=FinalDecision.APPROVED, is_compliant=False)
    completed = a_record(status=DocumentStatus.QUEUED).end(end, LATER)
    assert (completed.status, completed.decision, completed.is_compliant) == ("completed", "approved", False)


def test_settling_an_end_leaves_the_time_it_was_written() -> None:
    ended = a_record().end(RunEnd(DocumentStatus.FAILED), NOW)
    settled = ended.keep_announcing(LATER).mark_counted().mark_announced()
    assert (ended.is_open, settled.is_open) == (True, False)
    assert (settled.updated_at, settled.telling_since) == (NOW, LATER)


def test_a_run_is_renamed_until_it_begins_and_no_other_run_is() -> None:
    record = a_record()
    assert record.rename_run(record.run, "another", LATER).instance_id == "another"
    stranger = RunReference(document_id=record.document_id, instance_id="a-stranger")
    assert record.rename_run(stranger, "another", LATER) is record
    begun = record.begin_extraction(NOW)
    assert begun.rename_run(begun.run, "another", LATER) is begun


@pytest.mark.parametrize("unreadable", [{"text_blob": "t" * 301}, {"doubtful_pages": tuple(range(101))}])
def test_no_change_makes_a_record_that_could_not_be_read_again(unreadable: dict[str, Any]) -> None:
    """Changes were not checked, and a record out of bounds cannot be read again."""
    extraction = EXTRACTED.model_copy(update=unreadable)
    with pytest.raises(ValidationError):
        a_record(status=DocumentStatus.EXTRACTING).show_extraction(extraction, LATER)


def test_what_mypy_lets_change_are_fields_of_a_record() -> None:
    """The type of the changes repeats fields of the record, so they must agree."""
    assert set(document_record._Changes.__annotations__) <= set(DocumentRecord.model_fields)


def test_the_fields_that_tests_give_to_records_and_policies_exist() -> None:
    """Models ignore unknown fields, so a wrong name would have no effect."""
    assert set(AllRecordFields.__annotations__) == set(DocumentRecord.model_fields)
    assert set(PolicyFields.__annotations__) <= set(ProcessingPolicy.model_fields)
