"""Records on a real table: reserved once, changed without losing anybody's change, listed newest first."""

import asyncio
from datetime import timedelta
from typing import Unpack

import pytest

from docpipeline.errors import (
    IllegalTransition,
    InvalidRequest,
    RecordConflict,
    RecordNotFound,
    ServiceUnavailable,
)
from docpipeline.models.compliance import MAX_ISSUE_MESSAGE, MAX_ISSUES, ComplianceIssue
from docpipeline.models.document_record import DocumentRecord, RunEnd
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.runs import RunReference
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services.document_records import DocumentRecords
from tests.azurite import free_ports
from tests.clocks import ManualClock
from tests.records import RecordFields, changed
from tests.records import a_record as any_record


def a_record(document_id: str, clock: ManualClock, **fields: Unpack[RecordFields]) -> DocumentRecord:
    """The record of a document that was submitted at this moment."""
    usual: RecordFields = {
        "instance_id": f"run-of-{document_id}",
        "submitted_at": clock(),
        "updated_at": clock(),
    }
    usual.update(fields)
    return any_record(document_id, **usual)


async def test_a_record_is_read_as_it_was_written(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    record = a_record(document_id, clock, file_name="Größe 1.pdf", metadata={"kind": "invoice"})
    assert await records.create(record)
    assert await records.get(document_id) == record


async def test_an_unknown_document_has_no_record(records: DocumentRecords, document_id: str) -> None:
    assert await records.get(document_id) is None


async def test_of_two_simultaneous_reservations_exactly_one_wins(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    wanted = [a_record(document_id, clock, instance_id=f"run-{number}") for number in range(5)]
    won = await asyncio.gather(*(records.create(record) for record in wanted))
    assert sorted(won) == [False] * 4 + [True]
    stored = await records.get(document_id)
    assert stored == wanted[won.index(True)]


async def test_a_reservation_repeated_by_the_same_run_still_holds(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    record = a_record(document_id, clock)
    assert await records.create(record)
    assert await records.create(record)


@pytest.mark.parametrize("wild", ["O'Brien 100% [a&b]+c", "Łódź 文書 😀", "..", "a" * 100])
async def test_an_id_may_hold_what_ids_may_hold(records: DocumentRecords, clock: ManualClock, wild: str) -> None:
    await records.create(a_record(wild, clock))
    found = await records.get(wild)
    assert found is not None
    assert found.document_id == wild


async def test_simultaneous_changes_are_all_kept(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    await records.create(a_record(document_id, clock, page_count=0))

    def one_more(record: DocumentRecord) -> DocumentRecord:
        return changed(record, page_count=(record.page_count or 0) + 1)

    await asyncio.gather(*(records.update(document_id, one_more) for _ in range(4)))
    stored = await records.get(document_id)
    assert stored is not None
    assert stored.page_count == 4


async def test_changing_a_document_without_a_record_says_so(records: DocumentRecords, document_id: str) -> None:
    with pytest.raises(RecordNotFound, match=document_id):
        await records.update(document_id, lambda record: record)


async def test_a_change_of_a_run_is_written_and_answered(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    record = a_record(document_id, clock)
    await records.create(record)
    clock.advance(timedelta(seconds=5))
    moved = await records.change(record.run, lambda now: now.begin_extraction(clock()))
    clock.advance(timedelta(seconds=5))
    again = await records.change(record.run, lambda now: now.begin_extraction(clock()))
    assert moved is not None
    assert moved.status is DocumentStatus.EXTRACTING
    assert moved.updated_at == record.updated_at + timedelta(seconds=5)
    assert again == moved == await records.get(document_id)


async def test_a_superseded_run_changes_nothing(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    record = a_record(document_id, clock)
    await records.create(record)
    older = RunReference(document_id=document_id, instance_id="an-older-run")
    assert await records.change(older, lambda now: now.begin_extraction(clock())) is None
    assert await records.get(document_id) == record


async def test_a_move_the_table_does_not_know_is_refused(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    record = a_record(document_id, clock)
    await records.create(record)
    with pytest.raises(IllegalTransition, match="from queued to validating"):
        await records.change(record.run, lambda now: now.begin_validation(clock()))


async def test_a_new_run_replaces_the_record_of_the_run_it_follows_only(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    first = a_record(document_id, clock, instance_id="first", status=DocumentStatus.FAILED)
    await records.create(first)
    clock.advance(timedelta(hours=1))
    second = a_record(document_id, clock, instance_id="second")
    assert await records.replace(first.run, second) == second
    third = a_record(document_id, clock, instance_id="third")
    with pytest.raises(RecordConflict, match=document_id):
        await records.replace(first.run, third)
    assert await records.get(document_id) == second


async def test_a_replaced_record_is_listed_once(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    user = f"user-of-{document_id}"
    first = a_record(document_id, clock, user_id=user, instance_id="first")
    await records.create(first)
    clock.advance(timedelta(hours=1))
    second = a_record(document_id, clock, user_id=user, instance_id="second")
    await records.replace(first.run, second)
    assert await records.page(user_id=user) == ([second], None)


async def test_pages_list_newest_first_and_end(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    user, ids = f"user-of-{document_id}", [f"{document_id}-{number}" for number in range(23)]
    for one in ids:
        clock.advance(timedelta(milliseconds=7))
        await records.create(a_record(one, clock, user_id=user))
    listed, token, pages = [], None, 0
    while pages == 0 or token:
        found, token = await records.page(user_id=user, limit=5, token=token)
        listed += [record.document_id for record in found]
        pages += 1
    assert listed == ids[::-1]
    assert pages == 5


async def test_a_page_holds_only_the_status_asked_for(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    user = f"user-of-{document_id}"
    waiting = a_record(f"{document_id}-1", clock, user_id=user, status=DocumentStatus.AWAITING_REVIEW)
    await records.create(waiting)
    await records.create(a_record(f"{document_id}-2", clock, user_id=user))
    found, _ = await records.page(DocumentStatus.AWAITING_REVIEW, user)
    assert found == [waiting]


async def test_a_user_id_that_looks_like_a_filter_is_only_a_user_id(records: DocumentRecords) -> None:
    assert await records.page(user_id="x' or userId ne 'x") == ([], None)


@pytest.mark.parametrize("token", ["", "nonsense", "aWR8YQ", "Łódź", "YXR8MQ==" * 200])
async def test_a_token_that_is_none_of_ours_is_refused(records: DocumentRecords, token: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await records.page(token=token)
    assert [place for place, *_ in refused.value.faults] == [("continuationToken",)]


async def test_unfinished_documents_that_stand_still_are_found(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    still, done, fresh = (f"{document_id}-{name}" for name in ("still", "done", "fresh"))
    await records.create(a_record(still, clock, status=DocumentStatus.STORING))
    await records.create(a_record(done, clock, status=DocumentStatus.COMPLETED))
    clock.advance(timedelta(minutes=10))
    await records.create(a_record(fresh, clock))
    found = [record.document_id async for record in records.unfinished(clock() - timedelta(minutes=5))]
    assert still in found
    assert done not in found
    assert fresh not in found


async def test_a_document_leaves_the_open_ones_when_it_ends_and_returns_with_a_new_run(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    first = a_record(document_id, clock, user_id=document_id, instance_id="first")
    await records.create(first)
    assert await records.page(DocumentStatus.QUEUED, document_id) == ([first], None)
    await records.change(first.run, lambda now: now.end(RunEnd(DocumentStatus.FAILED), clock()))
    assert await records.page(DocumentStatus.QUEUED, document_id) == ([], None)
    assert [record.status for record in (await records.page(DocumentStatus.FAILED, document_id))[0]] == ["failed"]
    clock.advance(timedelta(minutes=1))
    second = a_record(document_id, clock, user_id=document_id, instance_id="second")
    await records.replace(first.run, second)
    assert await records.page(DocumentStatus.QUEUED, document_id) == ([second], None)
    assert await records.page(DocumentStatus.FAILED, document_id) == ([], None)


async def test_open_documents_are_listed_page_by_page_too(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    for number in range(3):
        clock.advance(timedelta(seconds=1))
        await records.create(a_record(f"{document_id}-{number}", clock, user_id=document_id))
    page, token = await records.page(DocumentStatus.QUEUED, document_id, limit=2)
    rest, end = await records.page(DocumentStatus.QUEUED, document_id, limit=2, token=token)
    assert [record.document_id for record in page + rest] == [f"{document_id}-{number}" for number in (2, 1, 0)]
    assert end is None


async def test_a_record_with_more_issues_than_fit_keeps_their_codes(
    records: DocumentRecords, clock: ManualClock, document_id: str
) -> None:
    issue = ComplianceIssue(code="C" * 100, message="m" * MAX_ISSUE_MESSAGE)
    await records.create(a_record(document_id, clock, issues=(issue,) * MAX_ISSUES))
    stored = await records.get(document_id)
    assert stored is not None
    assert [kept.code for kept in stored.issues] == [issue.code] * MAX_ISSUES
    assert {kept.message for kept in stored.issues} == {""}


async def test_a_table_that_does_not_answer_is_unavailable_for_now() -> None:
    port = free_ports(1)[0]
    nowhere = StorageAccount(
        "devstoreaccount1",
        f"http://127.0.0.1:{port}/devstoreaccount1",
        f"http://127.0.0.1:{port}/devstoreaccount1",
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;"
        f"TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1;",
    )
    service = DocumentRecords(nowhere)
    with pytest.raises(ServiceUnavailable, match="document records"):
        await service.get("any")
    await service.close()
