import itertools
from datetime import timedelta

import pytest

from docpipeline.models.compliance import ComplianceVerdict
from docpipeline.models.extraction import Extraction
from docpipeline.models.failure import Failure
from tests.orchestrators.pipeline import FLAGGED, READ, Hold, Pipeline

COMPENSATION = ["log_processing_error", "send_error_notification"]


def test_a_clean_document_is_extracted_checked_stored_and_announced(pipeline: Pipeline) -> None:
    instance = pipeline.submit()
    status = pipeline.status(instance)
    assert status["runtimeStatus"] == "Completed"
    assert status["output"] == {"status": "completed", "documentId": "inv-17", "isCompliant": True}
    assert status["customStatus"] == {"stage": "completed"}
    names = pipeline.activities.names()
    assert names[:2] == ["extract_document_text", "validate_compliance"]
    assert sorted(names[2:4]) == ["send_completion_notification", "store_processed_document"]
    assert names[4:] == ["complete_document", "announce_end"]
    assert pipeline.counters() == {"processed": 1}


def test_storing_and_notifying_run_in_parallel(pipeline: Pipeline) -> None:
    hold = Hold()
    pipeline.activities.script("store_processed_document", hold)
    instance = pipeline.submit()
    assert "send_completion_notification" in pipeline.activities.names()
    assert pipeline.status(instance)["customStatus"] == {"stage": "storing"}
    assert pipeline.counters() == {"pending": 1}
    pipeline.release(hold)
    assert pipeline.status(instance)["runtimeStatus"] == "Completed"


def test_extraction_that_is_not_done_before_its_deadline_fails_the_document(pipeline: Pipeline) -> None:
    hold = Hold(answer=READ.to_payload())
    pipeline.activities.script("extract_document_text", hold)
    instance = pipeline.submit(extraction_timeout=timedelta(minutes=10))
    pipeline.advance(minutes=9.9)
    assert pipeline.status(instance)["customStatus"] == {"stage": "extracting"}
    pipeline.advance(minutes=0.1)
    assert pipeline.activities.names()[1:] == COMPENSATION
    assert dict(pipeline.activities.calls)["log_processing_error"]["error"]["code"] == "extractionTimeout"
    # The late activity keeps the instance open. Its result changes nothing.
    assert pipeline.status(instance)["runtimeStatus"] == "Running"
    pipeline.release(hold)
    status = pipeline.status(instance)
    assert status["runtimeStatus"] == "Failed"
    assert "extractionTimeout" in status["output"]
    assert pipeline.counters() == {"failed": 1}


def test_the_activity_is_given_the_deadline_of_the_extraction(pipeline: Pipeline) -> None:
    began = pipeline.host.now()
    pipeline.submit(extraction_timeout=timedelta(minutes=30))
    deadline = pipeline.activities.calls[0][1]["deadline"]
    assert deadline.startswith((began + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M"))


def test_transient_faults_of_extraction_are_retried_with_growing_pauses(pipeline: Pipeline) -> None:
    fault = RuntimeError("throttled")
    pipeline.activities.script("extract_document_text", fault, fault, fault, READ.to_payload())
    instance = pipeline.submit()
    pipeline.advance(minutes=1)
    assert pipeline.status(instance)["runtimeStatus"] == "Completed"
    at = pipeline.activities.times("extract_document_text")
    pauses = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(at)]
    assert all(low <= pause <= low * 1.11 for pause, low in zip(pauses, (2, 4, 8), strict=True))


def test_extraction_faults_that_last_until_the_deadline_fail_the_document_at_the_deadline(
    pipeline: Pipeline,
) -> None:
    pipeline.activities.script("extract_document_text", RuntimeError("the service answered 500"))
    instance = pipeline.submit(extraction_timeout=timedelta(minutes=2))
    pipeline.advance(minutes=3)
    assert pipeline.status(instance)["runtimeStatus"] == "Failed"
    assert dict(pipeline.activities.calls)["log_processing_error"]["error"] == {
        "code": "extractionFailed",
        "message": "the service answered 500",
    }
    assert pipeline.counters() == {"failed": 1}


def test_a_document_that_can_never_be_read_is_not_tried_again(pipeline: Pipeline) -> None:
    failed = Extraction.failed("encrypted", "the PDF asks for a password")
    pipeline.activities.script("extract_document_text", failed.to_payload())
    instance = pipeline.submit()
    assert pipeline.activities.names() == ["extract_document_text", *COMPENSATION]
    status = pipeline.status(instance)
    assert status["runtimeStatus"] == "Failed"
    assert "encrypted: the PDF asks for a password" in status["output"]


def test_compliance_is_tried_three_times_and_then_fails_the_document(pipeline: Pipeline) -> None:
    pipeline.activities.script("validate_compliance", RuntimeError("compliance: answered 500"))
    instance = pipeline.submit()
    pipeline.advance(seconds=4.9)
    assert pipeline.activities.names().count("validate_compliance") == 1
    pipeline.advance(minutes=1)
    first, second, third = pipeline.activities.times("validate_compliance")
    assert timedelta(seconds=5) <= second - first <= timedelta(seconds=5.6)
    assert timedelta(seconds=10) <= third - second <= timedelta(seconds=11.1)
    assert pipeline.status(instance)["runtimeStatus"] == "Failed"
    assert dict(pipeline.activities.calls)["log_processing_error"]["error"]["code"] == "complianceCheckFailed"
    assert pipeline.counters() == {"failed": 1}


def test_a_compliance_service_that_refuses_us_fails_the_document_at_once(pipeline: Pipeline) -> None:
    refused = ComplianceVerdict(
        is_compliant=False, failure=Failure(code="complianceRefused", message="answered 401")
    )
    pipeline.activities.script("validate_compliance", refused.to_payload())
    pipeline.submit()
    assert pipeline.activities.names()[2:] == COMPENSATION
    assert dict(pipeline.activities.calls)["log_processing_error"]["error"]["code"] == "complianceRefused"


def test_of_two_parallel_activities_only_the_failed_one_is_repeated(pipeline: Pipeline) -> None:
    pipeline.activities.script("store_processed_document", OSError("busy"), OSError("busy"), {})
    instance = pipeline.submit()
    pipeline.advance(minutes=1)
    names = pipeline.activities.names()
    assert names.count("store_processed_document") == 3
    assert names.count("send_completion_notification") == 1
    assert pipeline.status(instance)["runtimeStatus"] == "Completed"
    assert pipeline.counters() == {"processed": 1}


def test_both_sides_may_fail_and_recover(pipeline: Pipeline) -> None:
    pipeline.activities.script("store_processed_document", OSError("busy"), {})
    pipeline.activities.script("send_completion_notification", OSError("down"), OSError("down"), {})
    instance = pipeline.submit()
    pipeline.advance(minutes=5)
    assert pipeline.status(instance)["runtimeStatus"] == "Completed"
    assert pipeline.activities.names().count("send_completion_notification") == 3


def test_a_completion_that_cannot_be_delivered_is_compensated(pipeline: Pipeline) -> None:
    pipeline.activities.script("send_completion_notification", OSError("refused"))
    instance = pipeline.submit()
    pipeline.advance(hours=1)
    names = pipeline.activities.names()
    assert names.count("send_completion_notification") == 6
    assert names.count("store_processed_document") == 1
    assert names[-2:] == COMPENSATION
    assert pipeline.status(instance)["runtimeStatus"] == "Failed"
    assert pipeline.counters() == {"failed": 1}


@pytest.mark.parametrize("broken", [COMPENSATION[:1], COMPENSATION[1:], COMPENSATION])
def test_a_compensation_that_fails_hides_neither_the_other_nor_the_cause(
    pipeline: Pipeline, broken: list[str]
) -> None:
    failed = Extraction.failed("corrupt", "the file cannot be read")
    pipeline.activities.script("extract_document_text", failed.to_payload())
    for activity in broken:
        pipeline.activities.script(activity, OSError("down"))
    instance = pipeline.submit()
    pipeline.advance(minutes=5)
    assert set(COMPENSATION) < set(pipeline.activities.names())
    status = pipeline.status(instance)
    assert status["runtimeStatus"] == "Failed"
    assert "corrupt: the file cannot be read" in status["output"]
    # A failure that could not be recorded is not counted here: the record may have another end.
    assert pipeline.counters() == ({"pending": 1} if "log_processing_error" in broken else {"failed": 1})
    report = dict(pipeline.activities.calls)["send_error_notification"]
    assert report["counted"] is ("log_processing_error" not in broken)


def test_a_document_terminated_while_its_failure_is_being_reported_has_been_counted(pipeline: Pipeline) -> None:
    failed = Extraction.failed("corrupt", "the file cannot be read")
    pipeline.activities.script("extract_document_text", failed.to_payload())
    pipeline.activities.script("send_error_notification", OSError("down"))
    instance = pipeline.submit()
    assert pipeline.status(instance)["customStatus"] == {"stage": "failed"}
    pipeline.host.terminate(instance, "by the operator")
    pipeline.settle()
    assert pipeline.status(instance)["runtimeStatus"] == "Terminated"
    assert pipeline.counters() == {"failed": 1}


def test_an_end_that_cannot_be_announced_does_not_change(pipeline: Pipeline) -> None:
    """A receiver that is down after the record is final must not turn a completed document into a failed run."""
    pipeline.activities.script("announce_end", OSError("the receiver is away"))
    instance = pipeline.submit()
    pipeline.advance(hours=1)
    assert pipeline.activities.names().count("announce_end") == 6
    assert pipeline.status(instance)["output"]["status"] == "completed"
    assert pipeline.counters() == {"processed": 1}


def test_a_run_that_fails_after_its_end_was_written_counts_as_the_end_in_the_record(pipeline: Pipeline) -> None:
    """The response to the last write may be lost: then the record is completed, but the activity fails."""
    pipeline.activities.script("complete_document", OSError("no answer"))
    pipeline.activities.script("log_processing_error", {"status": "completed"})
    pipeline.submit()
    pipeline.advance(hours=1)
    assert pipeline.counters() == {"processed": 1}


@pytest.mark.parametrize("last", ["complete_document", "archive_rejected_document", "handle_approval_timeout"])
def test_a_document_is_counted_before_its_end_is_announced(pipeline: Pipeline, last: str) -> None:
    """A run that was terminated between the final record and the counter's signal stayed pending forever."""
    pipeline.activities.script("announce_end", OSError("down"))
    if last != "complete_document":
        pipeline.activities.script("validate_compliance", FLAGGED.to_payload())
    instance = pipeline.submit(approval_timeout=timedelta(hours=1))
    if last == "archive_rejected_document":
        pipeline.raise_approval(instance, {"approved": False, "reviewer": "berta"})
    if last == "handle_approval_timeout":
        pipeline.advance(hours=1, seconds=1)
    assert pipeline.activities.names()[-2:] == [last, "announce_end"]
    assert "pending" not in pipeline.counters()
    assert sum(pipeline.counters().values()) == 1


def test_a_terminated_document_runs_no_further(pipeline: Pipeline) -> None:
    hold = Hold(answer=READ.to_payload())
    pipeline.activities.script("extract_document_text", hold)
    instance = pipeline.submit()
    pipeline.host.terminate(instance, "by the operator")
    pipeline.release(hold)
    status = pipeline.status(instance)
    assert (status["runtimeStatus"], status["output"]) == ("Terminated", "by the operator")
    assert pipeline.activities.names() == ["extract_document_text"]
