"""A run that failed without a word of its own is started again, under its id, at most twice."""

import asyncio
from datetime import timedelta
from typing import Any, Unpack

import pytest

from docpipeline.models.compliance import ComplianceVerdict
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.failure import Failure
from tests.records import SUBMITTED, RecordFields, a_record, changed
from tests.unit.recorded_metrics import Metric, RecordedMetrics
from tests.unit.triggers.conftest import Pipeline
from tests.unit.triggers.reconciling import counted_in, reconcile, totals
from tests.unit.triggers.records import awaiting_review

DECISION = {"approved": True, "reviewer": "rita"}
OPEN = [status for status in DocumentStatus if not status.is_final]


def failed(pipeline: Pipeline, /, **fields: Unpack[RecordFields]) -> DocumentRecord:
    """A document whose instance failed, while its record says that it is at work."""
    fields.setdefault("status", DocumentStatus.EXTRACTING)
    record = counted_in(pipeline, a_record(**fields))
    pipeline.runs(record, "Failed", output="OutOfMemory: secret")
    return record


def fails_again(pipeline: Pipeline) -> None:
    pipeline.runtime.instances["doc-inv-17-ann-1"].status = "Failed"
    pipeline.clock.advance(minutes=5)


@pytest.mark.parametrize("status", OPEN)
async def test_a_failed_run_that_wrote_no_error_is_started_again_under_its_id(
    pipeline: Pipeline, metrics: RecordedMetrics, status: DocumentStatus
) -> None:
    record = failed(pipeline, status=status)
    job = pipeline.job_of(record.instance_id)

    assert await reconcile(pipeline) == 1

    assert pipeline.runtime.started == [record.instance_id]
    assert pipeline.job_of(record.instance_id) == job
    after = pipeline.records.rows["inv-17"]
    assert after == changed(record, restarts=1, updated_at=after.updated_at)
    assert totals(pipeline)["pending"] == 1
    assert pipeline.notifier.sent == []
    ids = {"documentId": "inv-17", "instanceId": record.instance_id}
    assert metrics.all == [Metric("RunRestarts", 1, {**ids, "stage": status.value, "restart": "1"})]


async def test_it_is_started_again_with_the_limits_of_its_own_run(pipeline: Pipeline) -> None:
    record = a_record(status=DocumentStatus.EXTRACTING)
    pipeline.runs(pipeline.records.put(record), "Failed", counter_shards=3)
    await reconcile(pipeline)
    assert pipeline.job_of(record.instance_id).policy.counter_shards == 3


async def test_after_two_restarts_the_document_fails_as_its_worker_was_lost(pipeline: Pipeline) -> None:
    record = failed(pipeline)
    for restarts in (1, 2):
        await reconcile(pipeline)
        assert pipeline.records.rows["inv-17"].restarts == restarts
        fails_again(pipeline)

    assert await reconcile(pipeline) == 1
    assert await reconcile(pipeline) == 0

    ended = pipeline.records.rows["inv-17"]
    assert (ended.status, ended.error and ended.error.code) == ("failed", "workerLost")
    assert ended.error is not None
    assert "secret" not in ended.error.message
    assert pipeline.runtime.started == [record.instance_id] * 2
    assert totals(pipeline) == {"pending": 0, "processed": 0, "failed": 1, "rejected": 0, "timedOut": 0}
    assert pipeline.notifier.types() == ["document.failed"]


async def test_of_several_reconciliations_at_once_one_starts_it_again(pipeline: Pipeline) -> None:
    failed(pipeline)
    await asyncio.gather(*(reconcile(pipeline) for _ in range(5)))
    assert len(pipeline.runtime.started) == 1
    assert pipeline.records.rows["inv-17"].restarts == 1


async def test_a_restart_that_another_reconciliation_has_just_counted_is_left_to_it(pipeline: Pipeline) -> None:
    """It has counted the restart, and not started the run yet: the instance still looks as before."""
    failed(pipeline, restarts=1, updated_at=pipeline.clock.now)
    assert await reconcile(pipeline) == 0
    failed(pipeline, restarts=2, updated_at=pipeline.clock.now)
    assert await reconcile(pipeline) == 0
    assert pipeline.runtime.started == []
    assert pipeline.records.rows["inv-17"].status == "extracting"


async def test_a_restart_that_died_between_its_count_and_its_start_is_made_up_for(pipeline: Pipeline) -> None:
    record = failed(pipeline)
    pipeline.runtime.refuses_starts = True
    await reconcile(pipeline)
    assert (pipeline.records.rows["inv-17"].restarts, pipeline.runtime.started) == (1, [])
    pipeline.runtime.refuses_starts = False
    pipeline.clock.advance(minutes=5)

    await reconcile(pipeline)

    assert (pipeline.records.rows["inv-17"].restarts, pipeline.runtime.started) == (2, [record.instance_id])


async def test_a_run_that_an_operator_brought_back_meanwhile_is_left_alone(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = failed(pipeline)
    change = pipeline.records.change

    async def rewind_then_change(*args: Any) -> DocumentRecord | None:
        pipeline.runtime.instances[record.instance_id].status = "Running"
        return await change(*args)

    monkeypatch.setattr(pipeline.records, "change", rewind_then_change)
    await reconcile(pipeline)
    assert pipeline.runtime.started == []
    assert pipeline.runtime.instances[record.instance_id].status == "Running"


@pytest.mark.parametrize("status", [status for status in DocumentStatus if status.is_final])
async def test_a_run_that_wrote_its_end_is_never_started_again(pipeline: Pipeline, status: DocumentStatus) -> None:
    failed(pipeline, status=status, uncounted=True, untold=True, completed_at=SUBMITTED)
    for _ in range(3):
        await reconcile(pipeline)
    assert pipeline.runtime.started == []
    assert pipeline.records.rows["inv-17"].status == status


async def test_a_run_that_writes_its_error_after_it_was_listed_is_not_started_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(pipeline)
    change = pipeline.records.change

    async def fail_then_change(*args: Any) -> DocumentRecord | None:
        error = Failure(code="corrupt", message="the PDF is damaged")
        pipeline.is_at("inv-17", status=DocumentStatus.FAILED, error=error)
        return await change(*args)

    monkeypatch.setattr(pipeline.records, "change", fail_then_change)
    assert await reconcile(pipeline) == 0
    assert pipeline.runtime.started == []


@pytest.mark.parametrize("runtime_status", ["Terminated", "Canceled", "Completed"])
async def test_a_run_that_ended_otherwise_is_not_started_again(pipeline: Pipeline, runtime_status: str) -> None:
    record = failed(pipeline)
    pipeline.runtime.instances[record.instance_id].status = runtime_status
    await reconcile(pipeline)
    assert pipeline.runtime.started == []
    assert pipeline.records.rows["inv-17"].status == "failed"


async def test_a_failed_run_whose_limits_are_not_understood_fails_its_document(pipeline: Pipeline) -> None:
    """Under other limits it might pass what a person was asked about."""
    record = pipeline.records.put(awaiting_review())
    pipeline.runs_unreadably(record, "Failed")
    await reconcile(pipeline)
    ended = pipeline.records.rows["inv-17"]
    assert (ended.status, ended.error and ended.error.code) == ("failed", "runFailed")
    assert pipeline.runtime.started == []


async def test_an_instance_that_processes_something_else_is_not_started_again(pipeline: Pipeline) -> None:
    record = failed(pipeline)
    pipeline.runs(changed(record, document_id="other"), "Failed")
    await reconcile(pipeline)
    assert pipeline.runtime.started == []


async def test_the_verdict_and_the_count_are_inner_matters(pipeline: Pipeline) -> None:
    failed(pipeline, restarts=1, verdict=ComplianceVerdict(is_compliant=True))
    assert not {"restarts", "verdict"} & (await pipeline.show("inv-17")).json.keys()


async def test_a_new_run_may_be_started_again_as_often_as_the_first(pipeline: Pipeline) -> None:
    await pipeline.upload(documentId="d-1")
    pipeline.is_at("d-1", status=DocumentStatus.FAILED, restarts=2)
    await pipeline.upload(documentId="d-1", reprocess="true")
    assert pipeline.records.rows["d-1"].restarts == 0


async def test_a_decision_counts_while_the_failed_run_waits_to_be_started_again(pipeline: Pipeline) -> None:
    deadline = pipeline.clock.now + timedelta(hours=1)
    pipeline.runs(pipeline.records.put(awaiting_review(deadline=deadline)), "Failed")

    assert (await pipeline.decide("inv-17", DECISION)).status == 202

    review = pipeline.records.rows["inv-17"].review
    assert review is not None
    assert (review.approved, review.deadline) == (True, deadline)
    pipeline.clock.advance(minutes=5)
    assert await reconcile(pipeline) == 1
    assert pipeline.records.rows["inv-17"].review == review
    assert len(pipeline.runtime.started) == 1


async def test_a_decision_is_too_late_when_the_failed_run_is_not_started_again(pipeline: Pipeline) -> None:
    record = changed(awaiting_review(deadline=pipeline.clock.now + timedelta(hours=1)), restarts=2)
    pipeline.runs(pipeline.records.put(record), "Failed")
    assert (await pipeline.decide("inv-17", DECISION)).is_problem(409, "conflict")
    assert pipeline.records.rows["inv-17"] == record


@pytest.mark.parametrize(("runtime_status", "answered"), [("Failed", 202), ("Terminated", 409)])
async def test_a_decision_counts_though_the_run_fails_before_its_event_is_raised(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, runtime_status: str, answered: int
) -> None:
    record = pipeline.records.put(awaiting_review(deadline=pipeline.clock.now + timedelta(hours=1)))
    pipeline.runs(record)
    update = pipeline.records.update

    async def update_then_fail(*args: Any) -> DocumentRecord:
        decided = await update(*args)
        pipeline.runtime.instances[record.instance_id].status = runtime_status
        return decided

    monkeypatch.setattr(pipeline.records, "update", update_then_fail)
    assert (await pipeline.decide("inv-17", DECISION)).status == answered
