"""The timer `reconcile_documents`: a record whose instance ended is brought to its end, once."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.runs import RunReference
from tests.records import SUBMITTED, AllRecordFields, a_record, changed
from tests.unit.recorded_metrics import Metric, RecordedMetrics
from tests.unit.triggers.conftest import Pipeline, PipelineFactory
from tests.unit.triggers.reconciling import counted_in, reconcile, totals
from tests.unit.triggers.records import awaiting_review
from triggers.reconcile_documents import reconcile_documents


async def test_a_document_that_never_started_is_started(pipeline: Pipeline) -> None:
    record = pipeline.records.put(a_record())

    assert await reconcile(pipeline) == 1
    assert pipeline.runtime.started == [record.instance_id]
    assert pipeline.records.rows["inv-17"] == record


async def test_a_document_just_accepted_is_left_alone(pipeline: Pipeline) -> None:
    pipeline.records.put(a_record(updated_at=pipeline.clock.now - timedelta(seconds=90)))

    assert await reconcile(pipeline) == 0
    assert pipeline.runtime.started == []


@pytest.mark.parametrize(("runtime_status", "code"), [("Terminated", "terminated"), ("Canceled", "terminated")])
async def test_an_instance_that_was_ended_fails_its_document(
    pipeline: Pipeline, runtime_status: str, code: str
) -> None:
    record = counted_in(pipeline, a_record(status=DocumentStatus.EXTRACTING))
    pipeline.runs(record, runtime_status, output='{ "secret": 1 }')

    assert await reconcile(pipeline) == 1
    ended = pipeline.records.rows["inv-17"]
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.code == code
    assert "secret" not in ended.error.message
    assert ended.completed_at is not None
    assert totals(pipeline) == {"pending": 0, "processed": 0, "failed": 1, "rejected": 0, "timedOut": 0}


async def test_an_end_that_is_found_later_is_in_the_metrics_once(
    pipeline: Pipeline, metrics: RecordedMetrics
) -> None:
    record = pipeline.records.put(a_record(status=DocumentStatus.EXTRACTING))
    pipeline.runs(record, "Terminated")

    await reconcile(pipeline)
    await reconcile(pipeline)

    ids = {"documentId": "inv-17", "instanceId": record.instance_id}
    assert metrics.all == [Metric("DocumentsCompleted", 1, {**ids, "result": "failed"})]


async def test_a_document_whose_instance_was_purged_half_way_fails(pipeline: Pipeline) -> None:
    counted_in(pipeline, awaiting_review())

    await reconcile(pipeline)

    ended = pipeline.records.rows["inv-17"]
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.code == "instanceLost"
    assert totals(pipeline)["failed"] == 1


@pytest.mark.parametrize(
    ("status", "field", "decision"),
    [
        ("completed", "processed", "approved"),
        ("rejected", "rejected", "rejected"),
        ("timeout", "timedOut", "none"),
    ],
)
async def test_a_completed_instance_gives_its_document_its_own_end(
    pipeline: Pipeline, status: str, field: str, decision: str
) -> None:
    record = counted_in(pipeline, awaiting_review())
    output = {"status": status, "documentId": "inv-17", "isCompliant": True}
    pipeline.runs(record, "Completed", output=output)

    await reconcile(pipeline)

    ended = pipeline.records.rows["inv-17"]
    assert (ended.status, ended.decision) == (status, decision)
    assert totals(pipeline)[field] == 1


@pytest.mark.parametrize(
    "output", [None, "text", {"status": "queued"}, {"status": "rejected"}, {"status": ["completed"]}, {}]
)
async def test_an_output_that_is_not_understood_fails_the_document(pipeline: Pipeline, output: object) -> None:
    record = counted_in(pipeline, a_record(status=DocumentStatus.STORING))
    pipeline.runs(record, "Completed", output=output)

    await reconcile(pipeline)

    assert pipeline.records.rows["inv-17"].status == "failed"


async def test_the_shard_is_the_one_the_run_was_counted_in(pipeline: Pipeline) -> None:
    record = pipeline.records.put(a_record(status=DocumentStatus.EXTRACTING))
    pipeline.runs(record, "Terminated", counter_shards=1)

    await reconcile(pipeline)

    assert [signal[0] for signal in pipeline.runtime.signals] == ["0"]


async def test_a_decision_that_never_reached_its_instance_is_raised_again(pipeline: Pipeline) -> None:
    record = awaiting_review(approved=True, reviewer="rita", decided_at=SUBMITTED)
    pipeline.records.put(record)
    pipeline.runs(record)

    await reconcile(pipeline)

    ((instance_id, name, event),) = pipeline.runtime.raised
    assert (instance_id, name) == (record.instance_id, "documentApproval")
    assert json.loads(event) == {"approved": True, "reviewer": "rita"}
    assert pipeline.records.rows["inv-17"] == record


@pytest.mark.parametrize("approved", [True, False])
async def test_a_decision_whose_event_was_dropped_reaches_its_run_within_two_reconciliations(
    pipeline: Pipeline, approved: bool
) -> None:
    record = pipeline.records.put(awaiting_review(deadline=pipeline.clock.now + timedelta(hours=1)))
    pipeline.runs(record)
    pipeline.runtime.events_to_drop = 1
    assert (await pipeline.decide("inv-17", {"approved": approved, "reviewer": "rita"})).status == 202

    assert await reconcile(pipeline) == 0
    pipeline.clock.advance(minutes=5)
    assert await reconcile(pipeline) == 1

    ((instance_id, _, event),) = pipeline.runtime.raised
    assert (instance_id, json.loads(event)["approved"]) == (record.instance_id, approved)


async def test_a_decision_is_raised_again_until_its_run_has_followed_it(pipeline: Pipeline) -> None:
    record = awaiting_review(approved=True, reviewer="rita", decided_at=SUBMITTED)
    pipeline.runs(pipeline.records.put(record))
    pipeline.runtime.events_to_drop = 3
    for _ in range(4):
        assert await reconcile(pipeline) == 1
    assert len(pipeline.runtime.raised) == 1

    pipeline.is_at("inv-17", status=DocumentStatus.STORING)
    assert await reconcile(pipeline) == 0


async def test_how_long_a_record_is_left_alone_is_a_setting(pipeline_with: PipelineFactory) -> None:
    pipeline = pipeline_with(RECONCILE_AFTER_SECONDS="1")
    record = pipeline.records.put(a_record(updated_at=pipeline.clock.now))

    assert await reconcile(pipeline) == 0
    pipeline.clock.advance(seconds=1)
    assert await reconcile(pipeline) == 1
    assert pipeline.runtime.started == [record.instance_id]


async def test_documents_at_work_or_waiting_are_left_alone(pipeline: Pipeline) -> None:
    decided_now = awaiting_review("d-3", approved=True, reviewer="rita", decided_at=pipeline.clock.now)
    for record in (
        a_record("d-1", status=DocumentStatus.STORING),
        awaiting_review("d-2"),
        decided_now,
        a_record("d-4", status=DocumentStatus.COMPLETED),
    ):
        pipeline.records.put(record)
        pipeline.runs(record)

    assert await reconcile(pipeline) == 0
    assert (pipeline.runtime.raised, pipeline.runtime.signals, pipeline.runtime.started) == ([], [], [])


async def test_running_it_twice_changes_nothing(pipeline: Pipeline) -> None:
    record = counted_in(pipeline, a_record(status=DocumentStatus.EXTRACTING))
    pipeline.runs(record, "Terminated")
    await reconcile(pipeline)
    after_once = (dict(pipeline.records.rows), totals(pipeline))

    pipeline.records.put(record)
    await reconcile(pipeline)
    await reconcile(pipeline)

    assert totals(pipeline) == after_once[1]
    assert pipeline.records.rows["inv-17"].status == "failed"


async def test_a_run_ended_by_an_operator_is_seen_at_once(pipeline: Pipeline) -> None:
    record = counted_in(pipeline, a_record(status=DocumentStatus.EXTRACTING, updated_at=pipeline.clock.now))
    pipeline.runs(record, "Terminated")

    assert await reconcile(pipeline) == 1
    assert pipeline.records.rows["inv-17"].status == "failed"


async def test_a_document_that_ends_by_itself_meanwhile_is_left_alone(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = pipeline.records.put(a_record(status=DocumentStatus.STORING))
    pipeline.runs(record, "Completed", output={"status": "completed"})
    listed = pipeline.records.unfinished

    async def end_after_listing(older_than: datetime) -> AsyncIterator[DocumentRecord]:
        async for found in listed(older_than):
            pipeline.is_at("inv-17", status=DocumentStatus.COMPLETED)
            yield found

    monkeypatch.setattr(pipeline.records, "unfinished", end_after_listing)

    assert await reconcile(pipeline) == 0
    assert pipeline.runtime.signals == []


async def test_a_run_that_was_replaced_meanwhile_is_left_alone(pipeline: Pipeline) -> None:
    old = a_record(status=DocumentStatus.EXTRACTING)
    newer = a_record(status=DocumentStatus.EXTRACTING, instance_id="doc-inv-17-ann-2")
    pipeline.records.put(newer)
    pipeline.runs(old, "Terminated")
    pipeline.runs(newer)

    await reconcile(pipeline)

    assert pipeline.records.rows["inv-17"] == newer


async def test_a_document_that_cannot_be_reconciled_does_not_stop_the_others(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        pipeline.records.put(a_record(f"d-{number}", status=DocumentStatus.EXTRACTING))
    pipeline.runs(pipeline.records.rows["d-1"], "Banana")

    await reconcile(pipeline)

    assert [record.status.value for record in pipeline.records.rows.values()] == ["failed", "extracting", "failed"]
    assert "could not be reconciled" in caplog.text


async def test_the_timer_reconciles(pipeline: Pipeline) -> None:
    record = pipeline.records.put(a_record())

    user_function = reconcile_documents._function.get_user_function()
    await user_function.client_function(None, pipeline.runtime.client())

    assert pipeline.runtime.started == [record.instance_id]


@pytest.mark.parametrize("runtime_status", ["Completed", "Running"])
@pytest.mark.parametrize("change", [{"document_id": "other"}, {"submitted_at": SUBMITTED + timedelta(seconds=1)}])
async def test_an_instance_of_another_document_or_run_is_ignored(
    pipeline: Pipeline, change: AllRecordFields, runtime_status: str
) -> None:
    """A document with a card number got the end of another document, and was never read."""
    record = counted_in(pipeline, a_record(status=DocumentStatus.EXTRACTING))
    foreign = changed(record, **change)
    pipeline.runs(foreign, runtime_status, output={"status": "completed", "isCompliant": True})

    await reconcile(pipeline)

    ended = pipeline.records.rows["inv-17"]
    assert (ended.status, ended.error and ended.error.code) == ("failed", "instanceLost")


@pytest.mark.parametrize("runtime_status", ["Completed", "Running"])
async def test_a_queued_document_whose_id_another_instance_has_runs_under_a_new_one(
    pipeline: Pipeline, runtime_status: str
) -> None:
    record = pipeline.records.put(a_record())
    pipeline.runs(changed(record, document_id="other"), runtime_status)

    assert await reconcile(pipeline) == 1

    (started,) = pipeline.runtime.started
    assert pipeline.records.rows["inv-17"].instance_id == started != record.instance_id
    assert started.startswith("doc-inv-17-ann-")
    assert list(pipeline.places.taken) == [started]
    assert pipeline.runtime.instances[record.instance_id].status == runtime_status


async def test_the_place_of_a_crashed_request_is_released(pipeline: Pipeline) -> None:
    at_work = pipeline.records.put(a_record(status=DocumentStatus.EXTRACTING))
    ended = pipeline.records.put(a_record("d-2", status=DocumentStatus.COMPLETED))
    pipeline.runs(at_work)
    dead = RunReference(document_id="never-written", instance_id="doc-never-1")
    for place in (at_work.run, ended.run, dead):
        await pipeline.places.take(place)

    assert await reconcile(pipeline) == 0
    assert len(pipeline.places.taken) == 3
    pipeline.clock.advance(minutes=11)

    assert await reconcile(pipeline) == 2
    assert list(pipeline.places.taken) == [at_work.instance_id]


async def test_a_damaged_record_keeps_its_place_and_does_not_stop_the_others(pipeline: Pipeline) -> None:
    """An unreadable row must not end the reconciliation of the others."""
    damaged = pipeline.records.put(a_record("d-1", status=DocumentStatus.COMPLETED))
    ended = pipeline.records.put(a_record("d-2", status=DocumentStatus.COMPLETED))
    for place in (damaged.run, ended.run):
        await pipeline.places.take(place)
    pipeline.records.damaged.add("d-1")
    pipeline.clock.advance(minutes=11)

    assert await reconcile(pipeline) == 1
    assert list(pipeline.places.taken) == [damaged.instance_id]
