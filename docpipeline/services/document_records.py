"""Records of documents in table ``documents``: one record for each document, and a listing, newest first.

Each document has several rows, always written in one transaction. ``id|{key}`` is the record, guarded by its ETag.
``at|{inverted submission time}|{key}`` repeats it for the listing, and ``open|...`` for the listing of open ones.
All are in one of eight partitions, chosen by the document's id: a transaction needs one partition, and a listing
merges eight.
"""

import asyncio
import random
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from docpipeline.errors import RecordConflict, RecordNotFound, UnreadableRow
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.runs import RunReference
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services import azure_storage, record_rows, stored_payloads
from docpipeline.services.app_identity import AppIdentity
from docpipeline.services.azure_storage import storage_faults
from docpipeline.services.record_rows import TABLE

if TYPE_CHECKING:
    from azure.data.tables import TableEntity
    from azure.data.tables.aio import TableClient

Change = Callable[[DocumentRecord], DocumentRecord]
"""From the current record to the changed one, or to the same object when there is nothing to write."""

MAX_PAGE = 200
_SERVICE = "document records"
_WRITE_ATTEMPTS = 8
_CONFLICT = 409
_STALE = {404, _CONFLICT, 412}


class DocumentRecords:
    """Reads and writes records. One instance serves the whole process.

    Every method raises ServiceUnavailable when the table cannot be reached for now, and ServiceRefused when
    access is denied. A row that cannot be read is logged and counted each time: lists leave it out, and methods
    for its document raise UnreadableRow.
    """

    def __init__(self, account: StorageAccount, identity: AppIdentity | None = None) -> None:
        self._table = azure_storage.LazyTable(account, identity, TABLE)

    async def create(self, record: DocumentRecord) -> bool:
        """Write a document's first record. False, and nothing is written, if it has one already."""
        from azure.data.tables import TableTransactionError

        rows = [record_rows.record_row(record), *record_rows.listing_rows(record).values()]
        with storage_faults(_SERVICE):
            try:
                await (await self._table.open()).submit_transaction([("create", row) for row in rows])
            except TableTransactionError as error:
                if error.status_code != _CONFLICT:
                    raise
                # A request whose answer was lost, and which was repeated, finds its own row.
                existing = await self.get(record.document_id)
                return existing is not None and existing.is_of(record.run)
        return True

    async def get(self, document_id: str) -> DocumentRecord | None:
        """The document's record, or None."""
        row = await self._row(document_id)
        return None if row is None else _record_in(row)

    async def update(self, document_id: str, change: Change) -> DocumentRecord:
        """Read the record, change it, and write it if nobody else wrote meanwhile; otherwise try again.

        Args:
            document_id: the document's id.
            change: makes the changed record; may be called several times.

        Returns:
            The current record.

        Raises:
            RecordNotFound: there is no record.
            RecordConflict: others kept writing.
        """
        for attempt in range(_WRITE_ATTEMPTS):
            row = await self._row(document_id)
            if row is None:
                raise RecordNotFound(document_id)
            before = _record_in(row)
            after = change(before)
            if after == before:
                return before
            if await self._overwrite(row, before, after):
                return after
            # Jitter, so that two writers do not collide again.
            await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))
        raise RecordConflict(document_id)

    async def change(self, run: RunReference, change: Change) -> DocumentRecord | None:
        """Change the record of a run, as `update` does.

        Returns:
            The current record; None, and nothing is changed, when it belongs to another run.

        Raises:
            RecordNotFound: there is no record.
            RecordConflict: others kept writing.
            IllegalTransition: ``change`` makes a transition that the record's status does not allow.
        """
        record = await self.update(
            run.document_id, lambda current: change(current) if current.is_of(run) else current
        )
        return record if record.is_of(run) else None

    async def replace(self, ended: RunReference, record: DocumentRecord) -> DocumentRecord:
        """Overwrite the record of the run that has ``ended`` with that of a new run of the same document.

        Raises:
            RecordNotFound: there is no record.
            RecordConflict: the record belongs to neither run.
        """

        def replaced(current: DocumentRecord) -> DocumentRecord:
            if current.is_of(record.run):
                return current
            if not current.is_of(ended):
                raise RecordConflict(record.document_id)
            return record

        return await self.update(record.document_id, replaced)

    async def page(
        self,
        status: DocumentStatus | None = None,
        user_id: str | None = None,
        limit: int = 50,
        token: str | None = None,
    ) -> tuple[list[DocumentRecord], str | None]:
        """One page of records, newest first.

        Args:
            status: only documents in this status.
            user_id: only documents of this user.
            limit: the most records to return, 1-200.
            token: the continuation token of the previous page; None for the first page.

        Returns:
            The records, and the token for the next page; None when there is none.

        Raises:
            InvalidRequest: ``token`` is not a token of this API.
        """
        query = record_rows.listing_query(status, user_id, record_rows.read_token(token))
        with storage_faults(_SERVICE):
            table = await self._table.open()
            reads = [_first_records(table, query, partition, limit + 1) for partition in record_rows.PARTITIONS]
            partitions = await asyncio.gather(*reads)
        records = sorted((record for part in partitions for record in part), key=record_rows.place_of)
        shown = records[:limit]
        following = record_rows.make_token(shown[-1]) if len(records) > limit else None
        return shown, following

    async def unfinished(self, older_than: datetime) -> AsyncIterator[DocumentRecord]:
        """Every record that `is_open` and was last written before ``older_than``, in no order."""
        query, parameters = record_rows.unfinished_query(older_than)
        with storage_faults(_SERVICE):
            table = await self._table.open()
            rows = table.query_entities(query, parameters=parameters, select=record_rows.READ_COLUMNS)
            async for record in _readable(rows):
                yield record

    async def check(self) -> None:
        """Raise ServiceUnavailable or ServiceRefused unless records can be read."""
        await self._row("health-check")

    async def close(self) -> None:
        """Close the connections."""
        await self._table.close()

    async def _row(self, document_id: str) -> "TableEntity | None":
        from azure.core.exceptions import ResourceNotFoundError

        partition, key = record_rows.partition_of(document_id), record_rows.record_key(document_id)
        with storage_faults(_SERVICE):
            try:
                return await (await self._table.open()).get_entity(partition, key)
            except ResourceNotFoundError:
                return None

    async def _overwrite(self, row: "TableEntity", before: DocumentRecord, after: DocumentRecord) -> bool:
        """Write all rows if the record is still that of ``row``. False if somebody else wrote first."""
        from azure.core import MatchConditions
        from azure.data.tables import TableTransactionError, UpdateMode

        listed, to_list = record_rows.listing_rows(before), record_rows.listing_rows(after)
        guard = {
            "mode": UpdateMode.REPLACE,
            "etag": row.metadata["etag"],
            "match_condition": MatchConditions.IfNotModified,
        }
        operations: list[Any] = [
            ("update", record_rows.record_row(after), guard),
            *(("upsert", place, {"mode": UpdateMode.REPLACE}) for place in to_list.values()),
            *(("delete", listed[key]) for key in listed.keys() - to_list.keys()),
        ]
        with storage_faults(_SERVICE):
            try:
                await (await self._table.open()).submit_transaction(operations)
            except TableTransactionError as error:
                if error.status_code in _STALE:
                    return False
                raise
        return True


def _record_in(row: Mapping[str, Any]) -> DocumentRecord:
    try:
        return record_rows.record_in(row)
    except UnreadableRow as damage:
        stored_payloads.report(damage)
        raise


async def _readable(rows: AsyncIterable["TableEntity"]) -> AsyncIterator[DocumentRecord]:
    async for row in rows:
        with suppress(UnreadableRow):
            yield _record_in(row)


async def _first_records(
    table: "TableClient", query: tuple[str, dict[str, Any]], partition: str, count: int
) -> list[DocumentRecord]:
    condition, parameters = query
    rows = table.query_entities(
        f"PartitionKey eq @partition and {condition}",
        parameters={**parameters, "partition": partition},
        results_per_page=count,
        select=record_rows.READ_COLUMNS,
    )
    found: list[DocumentRecord] = []
    async for record in _readable(rows):
        found.append(record)
        if len(found) == count:
            break
    return found
