"""The reconciliation finds runs that have not moved for longer than their stage allows."""

from datetime import timedelta
from typing import Unpack

import pytest

from docpipeline.models.documents import DocumentStatus
from docpipeline.models.stage_limits import MARGIN, RETRIES
from tests.records import PolicyFields, RecordFields, a_record, changed
from tests.unit.recorded_metrics import Metric, RecordedMetrics
from tests.unit.triggers.conftest import Pipeline
from tests.unit.triggers.reconciling import reconcile
from tests.unit.triggers.records import awaiting_review

LIMIT = RETRIES + MARGIN
AT_WORK = [DocumentStatus.QUEUED, DocumentStatus.EXTRACTING, DocumentStatus.VALIDATING, DocumentStatus.STORING]


def last_moved(pipeline: Pipeline, ago: timedelta, /, **fields: Unpack[RecordFields]) -> None:
    pipeline.records.put(changed(a_record(**fields), updated_at=pipeline.clock.now - ago))


def runs(pipeline: Pipeline, status: str = "Running", **limits: Unpack[PolicyFields]) -> None:
    pipeline.runs(pipeline.records.rows["inv-17"], status, **limits)


@pytest.mark.parametrize("status", AT_WORK)
async def test_a_run_that_has_not_moved_for_too_long_is_counted_and_named(
    pipeline: Pipeline, metrics: RecordedMetrics, caplog: pytest.LogCaptureFixture, status: DocumentStatus
) -> None:
    last_moved(pipeline, LIMIT + timedelta(minutes=10, seconds=1), status=status)
    runs(pipeline, extraction_timeout=timedelta(minutes=10))
    before = pipeline.records.rows["inv-17"]

    assert await reconcile(pipeline) == 0

    ids = {"documentId": "inv-17", "instanceId": before.instance_id}
    assert metrics.named("StuckRuns") == [
        Metric("StuckRuns", 1, {**ids, "stage": status.value, "runtimeStatus": "Running"})
    ]
    (line,) = [entry for entry in caplog.records if entry.levelname == "ERROR"]
    assert before.instance_id in line.getMessage()
    assert f"stuck in stage {status.value}" in line.getMessage()
    assert pipeline.records.rows["inv-17"] == before


@pytest.mark.parametrize("status", AT_WORK)
async def test_a_run_within_its_time_is_not(
    pipeline: Pipeline, metrics: RecordedMetrics, status: DocumentStatus
) -> None:
    last_moved(pipeline, LIMIT - timedelta(seconds=1), status=status)
    runs(pipeline)

    await reconcile(pipeline)

    assert metrics.named("StuckRuns") == []


async def test_the_time_of_a_run_is_that_of_its_own_policy(pipeline: Pipeline, metrics: RecordedMetrics) -> None:
    last_moved(pipeline, LIMIT + timedelta(hours=23), status=DocumentStatus.EXTRACTING)
    runs(pipeline, extraction_timeout=timedelta(days=1))

    await reconcile(pipeline)

    assert metrics.named("StuckRuns") == []


async def test_a_review_is_stuck_only_when_its_deadline_has_passed(
    pipeline: Pipeline, metrics: RecordedMetrics
) -> None:
    deadline = pipeline.clock.now + timedelta(days=90)
    pipeline.runs(pipeline.records.put(awaiting_review(deadline=deadline)))
    for _ in range(3):
        pipeline.clock.advance(days=30)
        await reconcile(pipeline)
    assert metrics.named("StuckRuns") == []

    pipeline.clock.now = deadline + LIMIT
    await reconcile(pipeline)
    assert len(metrics.named("StuckRuns")) == 1


async def test_a_run_that_does_not_follow_a_decision_is_stuck_and_still_woken(
    pipeline: Pipeline, metrics: RecordedMetrics
) -> None:
    decided_at = pipeline.clock.now - timedelta(hours=2)
    record = awaiting_review(approved=True, reviewer="rita", decided_at=decided_at)
    pipeline.runs(pipeline.records.put(record.model_copy(update={"updated_at": decided_at})))

    assert await reconcile(pipeline) == 1

    assert len(metrics.named("StuckRuns")) == len(pipeline.runtime.raised) == 1


async def test_a_run_that_does_not_finish_after_its_end_was_written_is_stuck(
    pipeline: Pipeline, metrics: RecordedMetrics
) -> None:
    last_moved(pipeline, timedelta(hours=2), status=DocumentStatus.COMPLETED, uncounted=True, untold=True)
    runs(pipeline)

    await reconcile(pipeline)

    assert [metric.properties["stage"] for metric in metrics.named("StuckRuns")] == ["completed"]


@pytest.mark.parametrize("status", ["Pending", "Suspended"])
async def test_the_metric_says_what_the_instance_does(
    pipeline: Pipeline, metrics: RecordedMetrics, status: str
) -> None:
    last_moved(pipeline, timedelta(hours=2))
    runs(pipeline, status)

    await reconcile(pipeline)

    assert [metric.properties["runtimeStatus"] for metric in metrics.named("StuckRuns")] == [status]


async def test_a_run_whose_limits_are_not_understood_has_those_of_the_settings(
    pipeline: Pipeline, metrics: RecordedMetrics
) -> None:
    last_moved(pipeline, LIMIT + timedelta(minutes=29), status=DocumentStatus.EXTRACTING)
    record = pipeline.records.rows["inv-17"]
    pipeline.runs_unreadably(record)
    await reconcile(pipeline)
    assert metrics.named("StuckRuns") == []

    pipeline.clock.advance(minutes=2)
    await reconcile(pipeline)
    assert len(metrics.named("StuckRuns")) == 1
