"""The timer `reconcile_documents`: whatever ended without its record is brought to its end, once."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from docpipeline import telemetry
from docpipeline.errors import ServiceUnavailable
from docpipeline.models.counters import DocumentCounts
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.instance_ids import counter_shard
from docpipeline.models.runs import RunReference
from docpipeline.reconciliation import reconcile_all
from tests.unit.triggers.conftest import Pipeline
from tests.unit.triggers.records import SUBMITTED, a_job, a_record, awaiting_review
from triggers.durable_client import DurableClient
from triggers.reconcile_documents import reconcile_documents

SHARD = counter_shard("inv-17", 8)


async def reconcile(pipeline: Pipeline) -> int:
    return await reconcile_all(pipeline.services.as_services(), DurableClient(pipeline.runtime.client()))


def totals(pipeline: Pipeline) -> dict[str, int]:
    return pipeline.runtime.counters.get(SHARD, DocumentCounts()).totals()


def counted_in(pipeline: Pipeline, record: DocumentRecord) -> DocumentRecord:
    """The record, whose run the counter has as pending."""
    pipeline.runtime.counters[SHARD] = DocumentCounts().start(record.instance_id)
    return pipeline.records.put(record)


async def test_a_document_that_never_started_is_started(pipeline: Pipeline) -> None:
    record = pipeline.records.put(a_record())

    assert await reconcile(pipeline) == 1
    assert pipeline.runtime.started == [record.instance_id]
    assert pipeline.records.rows["inv-17"] == record


async def test_a_document_just_accepted_is_left_alone(pipeline: Pipeline) -> None:
    pipeline.records.put(a_record(updated_at=pipeline.clock.now - timedelta(seconds=90)))

    assert await reconcile(pipeline) == 0
    assert pipeline.runtime.started == []


@pytest.mark.parametrize(
    ("runtime_status", "code"), [("Terminated", "terminated"), ("Canceled", "terminated"), ("Failed", "runFailed")]
)
async def test_an_instance_that_was_ended_fails_its_document(
    pipeline: Pipeline, runtime_status: str, code: str
) -> None:
    record = counted_in(pipeline, a_record(status="extracting"))
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
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracked: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(telemetry, "track", lambda name, value, **told: tracked.append((name, told)))
    record = pipeline.records.put(a_record(status="extracting"))
    pipeline.runs(record, "Terminated")

    await reconcile(pipeline)
    await reconcile(pipeline)

    ids = {"document_id": "inv-17", "instance_id": record.instance_id}
    assert tracked == [("DocumentsCompleted", {**ids, "result": "failed"})]


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
async def test_an_output_that_is_not_understood_fails_the_document(pipeline: Pipeline, output: Any) -> None:
    record = counted_in(pipeline, a_record(status="storing"))
    pipeline.runs(record, "Completed", output=output)

    await reconcile(pipeline)

    assert pipeline.records.rows["inv-17"].status == "failed"


async def test_the_shard_is_the_one_the_run_was_counted_in(pipeline: Pipeline) -> None:
    record = pipeline.records.put(a_record(status="extracting"))
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


async def test_documents_at_work_or_waiting_are_left_alone(pipeline: Pipeline) -> None:
    decided_now = awaiting_review("d-3", approved=True, reviewer="rita", decided_at=pipeline.clock.now)
    for record in (a_record("d-1", "storing"), awaiting_review("d-2"), decided_now, a_record("d-4", "completed")):
        pipeline.records.put(record)
        pipeline.runs(record)

    assert await reconcile(pipeline) == 0
    assert (pipeline.runtime.raised, pipeline.runtime.signals, pipeline.runtime.started) == ([], [], [])


async def test_running_it_twice_changes_nothing(pipeline: Pipeline) -> None:
    record = counted_in(pipeline, a_record(status="extracting"))
    pipeline.runs(record, "Terminated")
    await reconcile(pipeline)
    after_once = (dict(pipeline.records.rows), totals(pipeline))

    pipeline.records.put(record)
    await reconcile(pipeline)
    await reconcile(pipeline)

    assert totals(pipeline) == after_once[1]
    assert pipeline.records.rows["inv-17"].status == "failed"


async def test_a_run_ended_by_an_operator_is_seen_at_once(pipeline: Pipeline) -> None:
    record = counted_in(pipeline, a_record(status="extracting", updated_at=pipeline.clock.now))
    pipeline.runs(record, "Terminated")

    assert await reconcile(pipeline) == 1
    assert pipeline.records.rows["inv-17"].status == "failed"


async def test_a_document_that_ends_by_itself_meanwhile_is_left_alone(pipeline: Pipeline) -> None:
    record = pipeline.records.put(a_record(status="storing"))
    pipeline.runs(record, "Completed", output={"status": "completed"})
    listed = pipeline.records.unfinished

    async def end_after_listing(older_than: datetime) -> AsyncIterator[DocumentRecord]:
        async for found in listed(older_than):
            pipeline.is_at("inv-17", DocumentStatus.COMPLETED)
            yield found

    pipeline.records.unfinished = end_after_listing  # type: ignore[method-assign]

    assert await reconcile(pipeline) == 0
    assert pipeline.runtime.signals == []


async def test_a_run_that_was_replaced_meanwhile_is_left_alone(pipeline: Pipeline) -> None:
    old = a_record(status="extracting")
    newer = a_record(status="extracting", instance_id="doc-inv-17-ann-2")
    pipeline.records.put(newer)
    pipeline.runs(old, "Terminated")
    pipeline.runs(newer)

    await reconcile(pipeline)

    assert pipeline.records.rows["inv-17"] == newer


async def test_one_that_cannot_be_reconciled_hinders_no_other(pipeline: Pipeline, caplog: Any) -> None:
    for number in range(3):
        pipeline.records.put(a_record(f"d-{number}", "extracting"))
    pipeline.runs(pipeline.records.rows["d-1"], "Banana")

    await reconcile(pipeline)

    assert [record.status.value for record in pipeline.records.rows.values()] == ["failed", "extracting", "failed"]
    assert "could not be reconciled" in caplog.text


async def test_the_timer_reconciles(pipeline: Pipeline) -> None:
    record = pipeline.records.put(a_record())

    user_function = reconcile_documents._function.get_user_function()
    await user_function.client_function(None, pipeline.runtime.client())

    assert pipeline.runtime.started == [record.instance_id]


async def test_an_end_that_reconciliation_writes_is_told(pipeline: Pipeline) -> None:
    """A terminated document ended without a word to whoever had sent it."""
    record = counted_in(pipeline, a_record(status="extracting"))
    pipeline.runs(record, "Terminated")

    await reconcile(pipeline)
    await reconcile(pipeline)

    ((type, instance_id, told),) = pipeline.notifier.sent
    assert (type, instance_id) == ("document.failed", record.instance_id)
    assert (told["stage"], told["error"]) == ("extracting", {"code": "terminated"})
    assert not pipeline.records.rows["inv-17"].is_open


@pytest.mark.parametrize(
    ("status", "field", "told"),
    [
        ("completed", "processed", "document.completed"),
        ("rejected", "rejected", "document.rejected"),
        ("timeout", "timedOut", "document.approval.timedOut"),
        ("failed", "failed", "document.failed"),
    ],
)
@pytest.mark.parametrize("runtime_status", ["Terminated", "Completed", None], ids=str)
async def test_a_run_terminated_right_after_its_record_became_final_is_counted_and_told(
    pipeline: Pipeline, status: str, field: str, told: str, runtime_status: str | None
) -> None:
    """Such a run stayed pending in the counter for ever."""
    record = counted_in(pipeline, a_record(status=status, uncounted=True, untold=True, completed_at=SUBMITTED))
    if runtime_status:
        pipeline.runs(record, runtime_status)

    assert await reconcile(pipeline) == 1
    assert await reconcile(pipeline) == 0

    assert totals(pipeline) == {**dict.fromkeys(totals(pipeline), 0), field: 1}
    assert pipeline.notifier.types() == [told]


async def test_an_end_that_its_own_run_is_telling_is_left_to_it(pipeline: Pipeline) -> None:
    record = counted_in(pipeline, a_record(status="completed", uncounted=True, untold=True))
    pipeline.runs(record)

    assert await reconcile(pipeline) == 0
    assert pipeline.notifier.sent == []


async def test_an_end_is_told_until_the_receiver_is_back(pipeline: Pipeline) -> None:
    record = counted_in(pipeline, a_record(status="completed", uncounted=True, untold=True))
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")
    for _ in range(3):
        assert await reconcile(pipeline) == 0
        pipeline.clock.advance(hours=7)
    pipeline.notifier.fault = None

    assert await reconcile(pipeline) == 1
    assert [sent[1] for sent in pipeline.notifier.sent] == [record.instance_id]
    assert totals(pipeline)["processed"] == 1


async def test_an_end_that_cannot_be_told_is_given_up_after_a_day_of_trying(pipeline: Pipeline) -> None:
    """A day of trying, not a day since the end: the app may have been switched off meanwhile."""
    long_ago = pipeline.clock.now - timedelta(days=30)
    pipeline.records.put(a_record(status="completed", untold=True, completed_at=long_ago))
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")

    await reconcile(pipeline)
    assert pipeline.records.rows["inv-17"].is_open
    pipeline.clock.advance(hours=25)
    await reconcile(pipeline)

    assert not pipeline.records.rows["inv-17"].is_open


async def test_an_end_is_counted_however_long_the_runtime_is_away(pipeline: Pipeline) -> None:
    counted_in(pipeline, a_record(status="completed", uncounted=True, untold=True, completed_at=SUBMITTED))
    pipeline.runtime.refuses_signals = True
    for _ in range(3):
        await reconcile(pipeline)
        pipeline.clock.advance(days=2)
    pipeline.runtime.refuses_signals = False

    await reconcile(pipeline)

    assert (totals(pipeline)["pending"], totals(pipeline)["processed"]) == (0, 1)
    assert pipeline.notifier.types() == ["document.completed"]


async def test_a_run_that_never_began_counts_once_while_its_end_cannot_be_told(pipeline: Pipeline) -> None:
    """Its start had to be told with its end each time, and after 256 others both counted anew."""
    pipeline.runs(pipeline.records.put(a_record()), "Terminated")
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")
    for _ in range(3):
        await reconcile(pipeline)
        counts = pipeline.runtime.counters[SHARD]
        for number in range(300):
            run = f"{pipeline.clock.now}-{number}"
            counts = counts.start(run).finish(run, "processed")
        pipeline.runtime.counters[SHARD] = counts

    assert (totals(pipeline)["failed"], totals(pipeline)["pending"]) == (1, 0)


async def test_a_run_at_work_whose_limits_are_not_understood_is_left_alone(pipeline: Pipeline) -> None:
    """While the app is being replaced, an instance may have the input of another version."""
    record = pipeline.records.put(awaiting_review())
    job = a_job(record)
    job["policy"]["complianceConfidenceThreshold"] = "of another version"
    pipeline.runtime.add(record.instance_id, input=json.dumps(job))

    assert await reconcile(pipeline) == 0
    assert pipeline.records.rows["inv-17"] == record


async def test_a_run_terminated_before_it_began_counts_as_failed(pipeline: Pipeline) -> None:
    record = pipeline.records.put(a_record())
    pipeline.runs(record, "Terminated")

    await reconcile(pipeline)

    assert totals(pipeline) == {"pending": 0, "processed": 0, "failed": 1, "rejected": 0, "timedOut": 0}


async def test_a_run_that_began_and_failed_while_queued_counts_once_whatever_storage_does(
    pipeline: Pipeline,
) -> None:
    """It cannot be told from one that never began by its record, and counted again after 256 others."""
    record = counted_in(pipeline, a_record(status="failed", failed_in="queued", uncounted=True, untold=True))
    pipeline.runs(record, "Failed")
    pipeline.runtime.instances[record.instance_id].custom_status = {"stage": "extracting"}
    for _ in range(2):
        await reconcile(pipeline)
        counts = pipeline.runtime.counters[SHARD]
        for number in range(300):
            counts = counts.start(f"{pipeline.clock.now}-{number}").finish(
                f"{pipeline.clock.now}-{number}", "failed"
            )
        pipeline.runtime.counters[SHARD] = counts
        # The write that it is counted was lost.
        pipeline.records.put(record)

    assert totals(pipeline) == {"pending": 0, "processed": 0, "failed": 601, "rejected": 0, "timedOut": 0}


@pytest.mark.parametrize("runtime_status", ["Completed", "Running"])
@pytest.mark.parametrize("change", [{"document_id": "other"}, {"submitted_at": SUBMITTED + timedelta(seconds=1)}])
async def test_an_instance_of_another_document_or_run_is_not_believed(
    pipeline: Pipeline, change: dict[str, Any], runtime_status: str
) -> None:
    """A document with a card number took over the end of another one, and was never read."""
    record = counted_in(pipeline, a_record(status="extracting"))
    foreign = record.model_copy(update=change)
    pipeline.runs(foreign, runtime_status, output={"status": "completed", "isCompliant": True})

    await reconcile(pipeline)

    ended = pipeline.records.rows["inv-17"]
    assert (ended.status, ended.error and ended.error.code) == ("failed", "instanceLost")


@pytest.mark.parametrize("runtime_status", ["Completed", "Running"])
async def test_a_queued_document_whose_id_another_instance_has_runs_under_a_new_one(
    pipeline: Pipeline, runtime_status: str
) -> None:
    record = pipeline.records.put(a_record())
    pipeline.runs(record.model_copy(update={"document_id": "other"}), runtime_status)

    assert await reconcile(pipeline) == 1

    (started,) = pipeline.runtime.started
    assert pipeline.records.rows["inv-17"].instance_id == started != record.instance_id
    assert started.startswith("doc-inv-17-ann-")
    assert list(pipeline.places.taken) == [started]
    assert pipeline.runtime.instances[record.instance_id].status == runtime_status


async def test_the_place_of_a_request_that_died_is_freed(pipeline: Pipeline) -> None:
    at_work = pipeline.records.put(a_record(status="extracting"))
    ended = pipeline.records.put(a_record("d-2", "completed"))
    pipeline.runs(at_work)
    dead = RunReference(document_id="never-written", instance_id="doc-never-1")
    for place in (at_work.run, ended.run, dead):
        await pipeline.places.take(place)

    assert await reconcile(pipeline) == 0
    assert len(pipeline.places.taken) == 3
    pipeline.clock.advance(minutes=11)

    assert await reconcile(pipeline) == 2
    assert list(pipeline.places.taken) == [at_work.instance_id]


async def test_a_damaged_record_keeps_its_place_and_hinders_no_other(pipeline: Pipeline) -> None:
    """One row that cannot be read must not end the reconciliation of all others."""
    damaged = pipeline.records.put(a_record("d-1", "completed"))
    ended = pipeline.records.put(a_record("d-2", "completed"))
    for place in (damaged.run, ended.run):
        await pipeline.places.take(place)
    pipeline.records.damaged.add("d-1")
    pipeline.clock.advance(minutes=11)

    assert await reconcile(pipeline) == 1
    assert list(pipeline.places.taken) == [damaged.instance_id]
