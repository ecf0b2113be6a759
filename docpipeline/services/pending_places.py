"""Places of runs in flight, one row each in table ``places``: never more than the limit.

A run takes a place by inserting its row, and keeps it once a count shows no more rows than the limit: when several
processes insert at once, the last one sees all rows. When there are too many, the latest withdraw, and the others
count again. The table's own clock decides which are the latest: by the clocks of the processes, a later row could
sort before one that is kept already, and too many would withdraw.

Two things save most of these counts. Every process knows the last count, at most two seconds old, and what it has
taken since: with these it turns a burst away, and skips the count while there is room for a thousand runs.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any

from docpipeline.errors import TooManyPending, UnreadableRow
from docpipeline.models.runs import RunReference
from docpipeline.models.storage_account import StorageAccount
from docpipeline.resilience import Clock, utc_now
from docpipeline.services import azure_storage
from docpipeline.services.app_identity import AppIdentity
from docpipeline.services.azure_storage import storage_faults
from docpipeline.services.stored_payloads import report

TABLE = "places"
_SERVICE = "pending places"
_PARTITION = "pending"
_COUNT_AFTER_SECONDS = 2.0
_ROOM_TO_SPARE = 1000
"""Other processes take fewer places than this, or than a tenth of all, within two seconds."""
_MOST_COUNTS = 50


class PendingPlaces:
    """Takes and releases places. One instance serves the whole process.

    Every method raises ServiceUnavailable when the table cannot be reached for now, and ServiceRefused when
    access is denied.

    Args:
        account: the account of the table.
        limit: how many places there are.
        clock: gives the current time, UTC.
        now_seconds: a clock that never goes back, in seconds.
        identity: the app's, where the account has no connection string.
    """

    def __init__(
        self,
        account: StorageAccount,
        limit: int,
        clock: Clock = utc_now,
        now_seconds: Callable[[], float] = time.monotonic,
        identity: AppIdentity | None = None,
    ) -> None:
        self._table = azure_storage.LazyTable(account, identity, TABLE)
        self._limit = limit
        self._clock = clock
        self._now_seconds = now_seconds
        self._counting = asyncio.Lock()
        self._counted = 0
        self._counted_at: float | None = None
        self._taken_since: dict[str, float | None] = {}
        """The runs that the last count may not include: by instance id, the time after their row was written."""

    async def require_room(self) -> None:
        """Raise TooManyPending when every place is taken."""
        async with self._counting:
            if self._counted_at is None or self._now_seconds() - self._counted_at >= _COUNT_AFTER_SECONDS:
                await self._count()
        if self._known() >= self._limit:
            raise TooManyPending(self._known(), self._limit)

    async def take(self, run: RunReference) -> bool:
        """Take a place for a run. Raises TooManyPending when there is none left.

        Returns:
            Whether it was taken now; False when the run had it already.
        """
        await self.require_room()
        # Nothing is awaited between the check and this line, so no burst passes the limit.
        self._taken_since[run.instance_id] = None
        try:
            inserted = await self._insert(run)
            self._taken_since[run.instance_id] = self._now_seconds()
        except BaseException:
            del self._taken_since[run.instance_id]
            raise
        if inserted:
            await self._keep_or_withdraw(run)
        return inserted

    async def keep(self, run: RunReference) -> None:
        """Give a place to a run that is under way, whatever the limit."""
        with storage_faults(_SERVICE):
            await (await self._table.open()).upsert_entity(self._row(run))

    async def release(self, run: RunReference) -> None:
        """Release a run's place. Does nothing when it has none."""
        self._taken_since.pop(run.instance_id, None)
        with storage_faults(_SERVICE):
            await (await self._table.open()).delete_entity(_PARTITION, run.instance_id)

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
        """Close the connections."""
        await self._table.close()

    async def _insert(self, run: RunReference) -> bool:
        """Write the run's row. False when it existed before."""
        from azure.core.exceptions import ResourceExistsError

        with storage_faults(_SERVICE):
            try:
                await (await self._table.open()).create_entity(self._row(run))
            except ResourceExistsError:
                return False
        return True

    def _row(self, run: RunReference) -> dict[str, Any]:
        return {
            "PartitionKey": _PARTITION,
            "RowKey": run.instance_id,
            "documentId": run.document_id,
            "takenAt": self._clock(),
        }

    async def _keep_or_withdraw(self, run: RunReference) -> None:
        """Keep the new row if it is within the limit, otherwise delete it and raise TooManyPending."""
        try:
            await self._require_within_limit(run)
        except BaseException:
            await self.release(run)
            raise

    async def _require_within_limit(self, run: RunReference) -> None:
        if self._known() < self._limit - max(self._limit // 10, _ROOM_TO_SPARE):
            return
        for _ in range(_MOST_COUNTS):
            async with self._counting:
                places = await self._count()
            if len(places) <= self._limit:
                return
            if run.instance_id not in places[: self._limit]:
                break
            # The latest are about to withdraw. Jitter, so that two processes do not collide again.
            await asyncio.sleep(random.uniform(0.02, 0.1))
        raise TooManyPending(self._counted, self._limit)

    async def _count(self) -> list[str]:
        """The runs that have a place, in the order in which the table wrote their rows."""
        began = self._now_seconds()
        with storage_faults(_SERVICE):
            rows = (await self._table.open()).query_entities(
                "PartitionKey eq @partition", parameters={"partition": _PARTITION}, select=["RowKey", "Timestamp"]
            )
            places = sorted([(row.metadata["timestamp"], row["RowKey"]) async for row in rows])
        self._counted, self._counted_at = len(places), began
        for run, inserted in list(self._taken_since.items()):
            if inserted is not None and inserted <= began:
                del self._taken_since[run]
        return [run for _, run in places]

    def _known(self) -> int:
        return self._counted + len(self._taken_since)


def _run_in(row: Mapping[str, Any]) -> RunReference | None:
    document_id = row.get("documentId")
    if isinstance(document_id, str):
        return RunReference(document_id=document_id, instance_id=row["RowKey"])
    report(UnreadableRow(TABLE, row["RowKey"], "documentId is missing, or no text"))
    return None
