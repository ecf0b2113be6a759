"""Places of runs in flight, one row each in table ``places``: no more are given than there may be.

A place is taken by inserting its row, and kept if the rows then are not too many: of any number of processes that
take at once, the last to insert sees all others. A count that is at most two seconds old, and what this process
has taken since, turn a burst away before it comes to that, and spare the counting while there is plenty of room.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any

from docpipeline.errors import TooManyPending, UnreadableRow
from docpipeline.models.runs import RunReference
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services import azure_storage
from docpipeline.services.azure_storage import storage_faults
from docpipeline.services.document_records import Clock, utc_now
from docpipeline.services.stored_payloads import report

TABLE = "places"
_SERVICE = "pending places"
_PARTITION = "pending"
_COUNT_AFTER_SECONDS = 2.0


class PendingPlaces:
    """Takes and gives back places. One instance serves the whole process.

    Every method raises ServiceUnavailable when the table cannot be reached for now, and ServiceRefused when
    access is denied.

    Args:
        account: where the table lies.
        limit: how many places there are.
        clock: gives the current time, UTC.
        now_seconds: a clock that never goes back, in seconds.
    """

    def __init__(
        self,
        account: StorageAccount,
        limit: int,
        clock: Clock = utc_now,
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = azure_storage.LazyTable(account, TABLE)
        self._limit = limit
        self._clock = clock
        self._now_seconds = now_seconds
        self._counting = asyncio.Lock()
        self._counted = 0
        self._counted_at: float | None = None
        self._taken_since: dict[str, float | None] = {}
        """What this process took and the count may not show yet: by run, when its row was there."""

    async def require_room(self) -> None:
        """Raises TooManyPending when every place is taken."""
        async with self._counting:
            if self._counted_at is None or self._now_seconds() - self._counted_at >= _COUNT_AFTER_SECONDS:
                await self._count()
        if self._known() >= self._limit:
            raise TooManyPending(self._known(), self._limit)

    async def take(self, run: RunReference) -> None:
        """Take a place for a run, which may have it already. Raises TooManyPending, and then has none."""
        await self.require_room()
        # Nothing is awaited between the look and this line: of a burst, only as many pass as there is room for.
        self._taken_since[run.instance_id] = None
        try:
            await self._insert(run)
            self._taken_since[run.instance_id] = self._now_seconds()
            await self._require_to_be_within()
        except BaseException:
            await self.release(run.instance_id)
            raise

    async def release(self, instance_id: str) -> None:
        """Give a run's place back; one that has none is fine."""
        self._taken_since.pop(instance_id, None)
        with storage_faults(_SERVICE):
            await (await self._table.open()).delete_entity(_PARTITION, instance_id)

    async def taken_before(self, moment: datetime) -> AsyncIterator[RunReference]:
        """The runs that took a place before ``moment`` (UTC) and still have it, in no order."""
        with storage_faults(_SERVICE):
            rows = (await self._table.open()).query_entities(
                "PartitionKey eq @partition and takenAt lt @moment",
                parameters={"partition": _PARTITION, "moment": moment},
            )
            async for row in rows:
                run = _run_in(row)
                if run is not None:
                    yield run

    async def close(self) -> None:
        """Give the connections back."""
        await self._table.close()

    async def _insert(self, run: RunReference) -> None:
        row = {
            "PartitionKey": _PARTITION,
            "RowKey": run.instance_id,
            "documentId": run.document_id,
            "takenAt": self._clock(),
        }
        with storage_faults(_SERVICE):
            await (await self._table.open()).upsert_entity(row)

    async def _require_to_be_within(self) -> None:
        """Count again where other processes may have taken what this one thinks is free."""
        if self._known() < self._limit - max(self._limit // 10, 50):
            return
        async with self._counting:
            await self._count()
        if self._counted > self._limit:
            raise TooManyPending(self._counted, self._limit)

    async def _count(self) -> None:
        began = self._now_seconds()
        with storage_faults(_SERVICE):
            rows = (await self._table.open()).query_entities(
                "PartitionKey eq @partition", parameters={"partition": _PARTITION}, select=["RowKey"]
            )
            counted = 0
            async for _ in rows:
                counted += 1
        self._counted, self._counted_at = counted, began
        for run, inserted in list(self._taken_since.items()):
            if inserted is not None and inserted <= began:
                del self._taken_since[run]

    def _known(self) -> int:
        return self._counted + len(self._taken_since)


def _run_in(row: Mapping[str, Any]) -> RunReference | None:
    document_id = row.get("documentId")
    if isinstance(document_id, str):
        return RunReference(document_id=document_id, instance_id=row["RowKey"])
    report(UnreadableRow(TABLE, row["RowKey"], "documentId is missing, or no text"))
    return None
