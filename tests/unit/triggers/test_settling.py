"""The reconciliation counts and announces ends that their runs could not, each once."""

from datetime import timedelta

import pytest

from docpipeline.errors import ServiceUnavailable
from docpipeline.models.documents import DocumentStatus
from tests.records import SUBMITTED, a_record
from tests.unit.triggers.conftest import Pipeline
from tests.unit.triggers.reconciling import SHARD, counted_in, reconcile, totals
from tests.unit.triggers.records import awaiting_review


async def test_an_end_that_reconciliation_records_is_announced(pipeline: Pipeline) -> None:
    """The end of a terminated document was not announced to its submitter."""
    record = counted_in(pipeline, a_record(status=DocumentStatus.EXTRACTING))
    pipeline.runs(record, "Terminated")

    await reconcile(pipeline)
    await reconcile(pipeline)

    ((type, instance_id, data),) = pipeline.notifier.sent
    assert (type, instance_id) == ("document.failed", record.instance_id)
    assert (data["stage"], data["error"]) == ("extracting", {"code": "terminated"})
    assert not pipeline.records.rows["inv-17"].is_open


@pytest.mark.parametrize(
    ("status", "field", "notification"),
    [
        (DocumentStatus.COMPLETED, "processed", "document.completed"),
        (DocumentStatus.REJECTED, "rejected", "document.rejected"),
        (DocumentStatus.TIMEOUT, "timedOut", "document.approval.timedOut"),
        (DocumentStatus.FAILED, "failed", "document.failed"),
    ],
)
@pytest.mark.parametrize("runtime_status", ["Terminated", "Completed", None], ids=str)
async def test_a_run_terminated_right_after_its_record_became_final_is_counted_and_announced(
    pipeline: Pipeline, status: DocumentStatus, field: str, notification: str, runtime_status: str | None
) -> None:
    """Such a run stayed pending in the counter forever."""
    record = counted_in(pipeline, a_record(status=status, uncounted=True, untold=True, completed_at=SUBMITTED))
    if runtime_status:
        pipeline.runs(record, runtime_status)

    assert await reconcile(pipeline) == 1
    assert await reconcile(pipeline) == 0

    assert totals(pipeline) == {**dict.fromkeys(totals(pipeline), 0), field: 1}
    assert pipeline.notifier.types() == [notification]


async def test_an_end_that_its_run_is_announcing_is_left_to_the_run(pipeline: Pipeline) -> None:
    record = counted_in(pipeline, a_record(status=DocumentStatus.COMPLETED, uncounted=True, untold=True))
    pipeline.runs(record)

    assert await reconcile(pipeline) == 0
    assert pipeline.notifier.sent == []


async def test_an_end_is_announced_again_until_the_receiver_is_back(pipeline: Pipeline) -> None:
    record = counted_in(pipeline, a_record(status=DocumentStatus.COMPLETED, uncounted=True, untold=True))
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")
    for _ in range(3):
        assert await reconcile(pipeline) == 0
        pipeline.clock.advance(hours=7)
    pipeline.notifier.fault = None

    assert await reconcile(pipeline) == 1
    assert [sent[1] for sent in pipeline.notifier.sent] == [record.instance_id]
    assert totals(pipeline)["processed"] == 1


async def test_an_end_that_cannot_be_announced_is_given_up_after_a_day_of_trying(pipeline: Pipeline) -> None:
    """The day begins with the first try, not with the end: the app may have been stopped meanwhile."""
    long_ago = pipeline.clock.now - timedelta(days=30)
    pipeline.records.put(a_record(status=DocumentStatus.COMPLETED, untold=True, completed_at=long_ago))
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")

    await reconcile(pipeline)
    assert pipeline.records.rows["inv-17"].is_open
    pipeline.clock.advance(hours=25)
    await reconcile(pipeline)

    assert not pipeline.records.rows["inv-17"].is_open


async def test_an_end_is_counted_however_long_the_runtime_is_down(pipeline: Pipeline) -> None:
    counted_in(
        pipeline, a_record(status=DocumentStatus.COMPLETED, uncounted=True, untold=True, completed_at=SUBMITTED)
    )
    pipeline.runtime.refuses_signals = True
    for _ in range(3):
        await reconcile(pipeline)
        pipeline.clock.advance(days=2)
    pipeline.runtime.refuses_signals = False

    await reconcile(pipeline)

    assert (totals(pipeline)["pending"], totals(pipeline)["processed"]) == (0, 1)
    assert pipeline.notifier.types() == ["document.completed"]


async def test_a_run_that_never_began_counts_once_while_its_end_cannot_be_announced(pipeline: Pipeline) -> None:
    """Its start was signalled with its end each time, and both counted again after 256 other runs."""
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
    pipeline.runs_unreadably(record)

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
    """Its record looks like that of a run that never began, and it counted again after 256 other runs."""
    record = counted_in(
        pipeline,
        a_record(status=DocumentStatus.FAILED, failed_in=DocumentStatus.QUEUED, uncounted=True, untold=True),
    )
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
        # The write that marks it as counted was lost.
        pipeline.records.put(record)

    assert totals(pipeline) == {"pending": 0, "processed": 0, "failed": 601, "rejected": 0, "timedOut": 0}
