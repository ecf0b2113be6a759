"""Places of runs in flight, one row each in table ``places``: no more are given than there may be.

A place is taken by inserting its row, and kept once the rows are seen to be no more than there may be: of any
number of processes that take at once, the last to insert sees all others. Where they are more, the latest
withdraw, and the others look again. The table's own clock says which came last: by the clocks of the processes, a
later row could sort before one that is kept already, and too many would withdraw.

A count that is at most two seconds old, with what this process has taken since, turns a burst away before it comes
to that, and spares the look at the table while there is room for a thousand.
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
"""So many places, or a tenth of all, are more than other processes take within two seconds."""
_LOOKS = 50


class PendingPlaces:
    """Takes and gives back places. One instance serves the whole process.

    Every method raises ServiceUnavailable when the table cannot be reached for now, and ServiceRefused when
    access is denied.

    Args:
        account: where the table lies.
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
        """What this process took and the count may not show yet: by run, when its row was there."""

    async def require_room(self) -> None:
        """Raises TooManyPending when every place is taken."""
        async with self._counting:
            if self._counted_at is None or self._now_seconds() - self._counted_at >= _COUNT_AFTER_SECONDS:
                await self._count()
        if self._known() >= self._limit:
            raise TooManyPending(self._known(), self._limit)

    async def take(self, run: RunReference) -> bool:
        """Take a place for a run. Raises TooManyPending, and then has taken none.

        Returns:
            Whether it was taken now; False when the run had it already.
        """
        await self.require_room()
        # Nothing is awaited between the look and this line: of a burst, only as many pass as there is room for.
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
        """Let a run that is under way have a place, whatever the limit."""
        with storage_faults(_SERVICE):
            await (await self._table.open()).upsert_entity(self._row(run))

    async def release(self, run: RunReference) -> None:
        """Give a run's place back; one that has none is fine."""
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
        """Give the connections back."""
        await self._table.close()

    async def _insert(self, run: RunReference) -> bool:
        """Whether the row was written; False when it was there."""
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
        """Look whether other processes took what this one thought was free."""
        try:
            await self._require_to_be_within(run)
        except BaseException:
            await self.release(run)
            raise

    async def _require_to_be_within(self, run: RunReference) -> None:
        if self._known() < self._limit - max(self._limit // 10, _ROOM_TO_SPARE):
            return
        for _ in range(_LOOKS):
            async with self._counting:
                places = await self._count()
            if len(places) <= self._limit:
                return
            if run.instance_id not in places[: self._limit]:
                break
            # Those behind are about to withdraw. Jitter, so that two processes do not keep step.
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
