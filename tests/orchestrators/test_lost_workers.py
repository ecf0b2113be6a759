"""Workers that the platform loses while they run an activity of a document that does nothing wrong."""

import itertools
import json
from datetime import timedelta

import pytest
from azure.durable_functions.models.history import HistoryEventType

import orchestrators
from devhost.testing import HistoryReplayer
from docpipeline.models.extraction import Extraction
from tests.orchestrators.pipeline import FLAGGED, LOST, ORCHESTRATOR, READ, Hold, Pipeline


def test_a_worker_lost_three_times_is_no_attempt_at_a_step(pipeline: Pipeline) -> None:
    fault = OSError("compliance: answered 500")
    pipeline.activities.script("validate_compliance", LOST, fault, LOST, fault, LOST, FLAGGED.to_payload())
    instance = pipeline.submit()
    pipeline.advance(minutes=5)
    assert pipeline.status(instance)["customStatus"]["stage"] == "awaitingReview"
    assert pipeline.activities.names().count("validate_compliance") == 6


def test_a_document_whose_workers_are_lost_a_fourth_time_fails_and_says_so(pipeline: Pipeline) -> None:
    pipeline.activities.script("validate_compliance", LOST)
    instance = pipeline.submit()
    pipeline.advance(minutes=5)
    assert pipeline.activities.names().count("validate_compliance") == 4
    status = pipeline.status(instance)
    assert status["runtimeStatus"] == "Failed"
    error = dict(pipeline.activities.calls)["log_processing_error"]["error"]
    assert error == {
        "code": "workerLost",
        "message": "validate_compliance was begun 4 times without an end: each time the worker process ended",
    }
    assert f"workerLost: {error['message']}" in status["output"]
    assert pipeline.counters() == {"failed": 1}


def test_a_new_worker_is_given_a_minute_to_start_even_if_timers_fire_a_second_early(pipeline: Pipeline) -> None:
    pipeline.activities.script("validate_compliance", LOST)
    pipeline.submit()
    pipeline.advance(minutes=5)
    at = pipeline.activities.times("validate_compliance")
    pauses = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(at)]
    assert all(low <= pause <= low * 1.11 for pause, low in zip(pauses, (5, 20, 80), strict=True))
    assert all(pause > 2 for pause in pauses)


def test_each_step_has_its_own_three(pipeline: Pipeline) -> None:
    for activity, result in {
        "extract_document_text": READ.to_payload(),
        "validate_compliance": FLAGGED.to_payload(),
        "send_review_notification": {},
    }.items():
        pipeline.activities.script(activity, LOST, LOST, LOST, result)
    instance = pipeline.submit()
    pipeline.advance(minutes=10)
    assert pipeline.status(instance)["customStatus"]["stage"] == "awaitingReview"


def test_of_two_parallel_activities_only_the_one_whose_worker_was_lost_is_repeated(pipeline: Pipeline) -> None:
    pipeline.activities.script("store_processed_document", LOST, OSError("busy"), LOST, {})
    pipeline.activities.script("send_completion_notification", LOST, {})
    instance = pipeline.submit()
    pipeline.advance(minutes=5)
    names = pipeline.activities.names()
    assert (names.count("store_processed_document"), names.count("send_completion_notification")) == (4, 2)
    assert pipeline.status(instance)["output"]["status"] == "completed"
    assert pipeline.counters() == {"processed": 1}


def test_a_worker_lost_just_before_the_deadline_ends_the_extraction(pipeline: Pipeline) -> None:
    pipeline.activities.script("extract_document_text", LOST)
    instance = pipeline.submit(extraction_timeout=timedelta(seconds=4))
    assert pipeline.activities.names().count("extract_document_text") == 1
    assert pipeline.status(instance)["runtimeStatus"] == "Failed"
    error = dict(pipeline.activities.calls)["log_processing_error"]["error"]
    assert error["code"] == "extractionFailed"


def test_lost_workers_delay_the_report_of_a_failure_and_do_not_replace_it(pipeline: Pipeline) -> None:
    failed = Extraction.failed("encrypted", "the PDF asks for a password")
    pipeline.activities.script("extract_document_text", failed.to_payload())
    pipeline.activities.script("log_processing_error", LOST, LOST, LOST, {"status": "failed"})
    instance = pipeline.submit()
    pipeline.advance(minutes=5)
    assert "encrypted: the PDF asks for a password" in pipeline.status(instance)["output"]
    assert pipeline.counters() == {"failed": 1}


@pytest.mark.parametrize("version", ["1.0", "1", "0.10"])
def test_an_instance_of_an_older_version_counts_a_lost_worker_as_it_always_did(
    pipeline: Pipeline, version: str
) -> None:
    """Otherwise one that has failed so, and is being reported, would not replay after the deployment."""
    pipeline.activities.script("validate_compliance", LOST)
    pipeline.submit(version=version)
    pipeline.advance(minutes=5)
    assert pipeline.activities.names().count("validate_compliance") == 3
    assert dict(pipeline.activities.calls)["log_processing_error"]["error"]["code"] == "complianceCheckFailed"


@pytest.mark.parametrize(
    "reason",
    [
        "python exited with code 137 (0x89)",
        "Did not find any initialized language workers",
        "Timeout value of 00:35:00 was exceeded by function: Functions.submit_document",
    ],
)
def test_the_orchestrator_takes_the_texts_of_azure_for_the_same(pipeline: Pipeline, reason: str) -> None:
    """The history of a run whose worker was lost once, with the failure worded as in Azure."""
    pipeline.activities.script("validate_compliance", LOST, FLAGGED.to_payload())
    pipeline.submit()
    pipeline.advance(seconds=10)
    context = pipeline.host.last_context()
    (failed,) = [event for event in context["history"] if event["EventType"] == HistoryEventType.TASK_FAILED]
    failed["Reason"] = f"Activity function 'validate_compliance' failed: {reason}"
    failed["Details"] = json.dumps({"$type": "System.Exception, System.Private.CoreLib", "Message": reason})
    with HistoryReplayer(orchestrators.blueprints) as replayer:
        replayed = replayer.replay(ORCHESTRATOR, context)
    assert (replayed.failure, replayed.runtime_status) == (None, "Running")
    assert replayed.custom_status["stage"] == "awaitingReview"


def test_a_terminated_run_leaves_the_pause_after_a_lost_worker(pipeline: Pipeline) -> None:
    pipeline.activities.script("validate_compliance", LOST, Hold())
    instance = pipeline.submit()
    pipeline.host.terminate(instance, "by the operator")
    pipeline.advance(minutes=1)
    assert pipeline.status(instance)["runtimeStatus"] == "Terminated"
    assert pipeline.activities.names().count("validate_compliance") == 1
