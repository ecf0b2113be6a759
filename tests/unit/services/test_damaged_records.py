"""Damaged rows in a real table are skipped and reported. Everything else continues."""

import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from docpipeline.errors import UnreadableRow
from docpipeline.models.approvals import FinalDecision, Review
from docpipeline.models.compliance import MAX_ISSUES, ComplianceIssue, ComplianceVerdict
from docpipeline.models.document_record import DocumentRecord, RunEnd
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.extraction import Extraction
from docpipeline.models.runs import RunReference
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services import record_rows
from docpipeline.services.document_records import DocumentRecords
from docpipeline.services.idempotency_keys import IdempotencyKeys
from tests.azurite import Azurite
from tests.clocks import ManualClock
from tests.unit.recorded_metrics import Metric, RecordedMetrics
from tests.unit.services.full_records import NOW, accepted, fullest
from tests.unit.services.record_damage import DAMAGES
from tests.unit.services.test_document_records import a_record
from tests.unit.services.test_idempotency_keys import a_run


@pytest.fixture
async def table(azurite: Azurite) -> AsyncIterator[TableClient]:
    async with TableClient.from_connection_string(azurite.connection_string, record_rows.TABLE) as client:
        yield client


async def damaged(table: TableClient, record: DocumentRecord, damage: str) -> None:
    """Damage all rows of the record."""
    for row in (record_rows.record_row(record), *record_rows.listing_rows(record).values()):
        await table.upsert_entity(DAMAGES[damage](row), UpdateMode.REPLACE)


async def test_damaged_rows_are_left_out_of_lists_whose_pages_stay_full(
    records: DocumentRecords, table: TableClient, clock: ManualClock, document_id: str
) -> None:
    """An unreadable row made every list fail, and stopped every reconciliation."""
    good = []
    for number, damage in enumerate(DAMAGES):
        if damage not in ("no userId", "another time's"):
            clock.advance(timedelta(seconds=1))
            wrong = a_record(f"{document_id}-bad-{number}", clock, user_id=document_id)
            assert await records.create(wrong)
            await damaged(table, wrong, damage)
        clock.advance(timedelta(seconds=1))
        good.append(a_record(f"{document_id}-{number}", clock, user_id=document_id))
        assert await records.create(good[-1])
    clock.advance(timedelta(minutes=1))

    listed: list[DocumentRecord] = []
    token, pages = None, 0
    while pages == 0 or token:
        page, token = await records.page(DocumentStatus.QUEUED, document_id, limit=5, token=token)
        assert len(page) == 5 or token is None
        listed, pages = listed + page, pages + 1

    assert listed == good[::-1]
    unfinished = [record async for record in records.unfinished(clock()) if record.user_id == document_id]
    assert sorted(record.document_id for record in unfinished) == sorted(record.document_id for record in good)


async def test_a_damaged_row_is_logged_with_its_key_and_counted(
    records: DocumentRecords,
    table: TableClient,
    clock: ManualClock,
    document_id: str,
    metrics: RecordedMetrics,
    caplog: pytest.LogCaptureFixture,
) -> None:
    record = a_record(document_id, clock, user_id=document_id, metadata={"note": "s3cret"})
    await records.create(record)
    await damaged(table, record, "unknown status")

    with pytest.raises(UnreadableRow, match=f"id.{document_id}.*status"):
        await records.get(document_id)
    with pytest.raises(UnreadableRow):
        await records.change(record.run, lambda now: now.begin_extraction(clock()))
    assert await records.page(user_id=document_id) == ([], None)

    errors = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    keys = [f"id|{document_id}", f"id|{document_id}", next(iter(record_rows.listing_rows(record)))]
    assert [entry.__dict__["row_key"] for entry in errors] == keys
    assert metrics.all == [Metric("UnreadableRows", 1, {"table": "documents", "rowKey": key}) for key in keys]
    assert "s3cret" not in caplog.text


async def test_a_damaged_idempotency_key_is_reported_as_such(
    account: StorageAccount, azurite: Azurite, document_id: str, metrics: RecordedMetrics
) -> None:
    keys = IdempotencyKeys(account)
    await keys.reserve("ann", document_id, a_run().model_copy(update={"document_id": document_id}))
    async with TableClient.from_connection_string(azurite.connection_string, "idempotency") as table:
        found = table.query_entities("documentId eq @id", parameters={"id": document_id})
        async for row in found:
            await table.upsert_entity({**row, "reservation": "{"}, UpdateMode.REPLACE)

    with pytest.raises(UnreadableRow, match="idempotency"):
        await keys.find("ann", document_id)

    assert [metric.name for metric in metrics.all] == ["UnreadableRows"]
    await keys.close()


@pytest.mark.parametrize("end", [status for status in DocumentStatus if status.is_final])
async def test_a_record_comes_to_its_end_in_the_table_with_everything_at_its_longest(
    records: DocumentRecords, clock: ManualClock, document_id: str, end: DocumentStatus
) -> None:
    """A record was accepted that did not fit in its row any more after a decision."""
    full = fullest(DocumentRecord, metadata={}, issues=())
    first = ("user_id", "file_name", "content_type", "blob_url", "content_hash")
    given = {name: getattr(full, name) for name in first}
    metadata = accepted({f"{number:02}" + "é" * 62: '"' * 10 + "x" * 490 for number in range(20)})
    await records.create(a_record(document_id, clock, instance_id="run", metadata=metadata, **given))
    longest = fullest(Review)
    decision = longest.decision
    assert decision is not None
    shown = ("text_blob", "page_count", "language", "confidence", "doubtful_pages")
    extraction = Extraction(**{name: getattr(full, name) for name in shown})
    issues = (fullest(ComplianceIssue),) * MAX_ISSUES
    changes: list[Callable[[DocumentRecord], DocumentRecord]] = [
        lambda now: now.begin_extraction(NOW),
        lambda now: now.show_extraction(extraction, NOW),
        lambda now: now.begin_validation(NOW),
        lambda now: now.count_restart(0, NOW),
        lambda now: now.show_verdict(fullest(ComplianceVerdict), issues, NOW),
        lambda now: now.request_review(NOW, longest.reasons, NOW),
    ]
    if end is not DocumentStatus.TIMEOUT:
        changes.append(lambda now: now.decide(decision, NOW, until_deadline=False))
    if end is DocumentStatus.COMPLETED:
        how = FinalDecision.APPROVED_WITH_REVIEW
        changes.append(lambda now: now.begin_storing(False, how, NOW))
    changes.append(lambda now: now.end(RunEnd(end, error=full.error), NOW))
    run = RunReference(document_id=document_id, instance_id="run")
    for change in changes:
        await records.change(run, change)
    stored = await records.get(document_id)
    assert stored is not None
    assert (stored.status, stored.metadata) == (end, metadata)
    assert stored.error == full.error
    assert stored.review is not None
    assert (stored.review.reasons, stored.review.decision) == (
        longest.reasons,
        None if end is DocumentStatus.TIMEOUT else decision,
    )
    assert stored.issues
