"""Bringing a document whose run was lost, or was ended by an operator, to its end."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from docpipeline import run_ends
from docpipeline.durable_runtime import DurableRuntime, Instance, find_run
from docpipeline.errors import InstanceGone, ReceiverAway, UnreadableRow
from docpipeline.models.approvals import FinalDecision
from docpipeline.models.document_record import DocumentRecord, RunEnd
from docpipeline.models.documents import COUNTER_FIELDS, DocumentStatus, way_to
from docpipeline.models.failure import Failure
from docpipeline.run_starts import start_lost_run
from docpipeline.telemetry import log_fields

if TYPE_CHECKING:
    from docpipeline.composition import Services

log = logging.getLogger(__name__)

MOST_CHANGED = 1000
_SIDE_BY_SIDE = 16
LEFT_ALONE_FOR = timedelta(minutes=2)
"""A document accepted since is most likely being started, and a decision made since is most likely on its way."""
PLACES_LEFT_ALONE_FOR = timedelta(minutes=10)
"""A place taken since may be that of a request which is still reading its document."""
TOLD_FOR = timedelta(days=1)
"""So long is it tried to tell an end, after the run itself has given up."""

_FAILURES = {
    "Terminated": Failure(code="terminated", message="the run was terminated by an operator"),
    "Canceled": Failure(code="terminated", message="the run was canceled by an operator"),
    "Failed": Failure(code="runFailed", message="the run failed, and could not say why in time"),
    "Completed": Failure(code="outcomeUnknown", message="the run completed with a result that is not understood"),
}
_LOST = Failure(code="instanceLost", message="the run is gone; its history was purged before it ended")


async def reconcile_all(services: "Services", runtime: DurableRuntime) -> int:
    """Look at every unfinished document, and change up to 1,000 of them. Returns how many were changed."""
    changed, open_runs = 0, set()
    began = services.clock()
    batch: list[_Reconciliation] = []
    async for record in services.document_records.unfinished(began):
        open_runs.add(record.instance_id)
        batch.append(_Reconciliation(services, runtime, record))
        if len(batch) >= _SIDE_BY_SIDE:
            changed += await _reconcile_batch(batch)
            batch = []
        if changed >= MOST_CHANGED:
            break
    changed += await _reconcile_batch(batch)
    changed += await _free_places(services, began - PLACES_LEFT_ALONE_FOR, open_runs)
    log.info("Documents reconciled", extra={"changed": changed})
    return changed


async def _free_places(services: "Services", taken_before: datetime, open_runs: set[str]) -> int:
    """Give back the places of requests that died, and of runs that ended without. Returns how many."""
    freed = 0
    async for place in services.pending_places.taken_before(taken_before):
        # Of a damaged record nobody knows whether its run has ended.
        with suppress(UnreadableRow):
            if place.instance_id not in open_runs and await run_ends.open_run(services, place) is None:
                await services.pending_places.release(place)
                freed += 1
    return freed


@dataclass(frozen=True)
class _Reconciliation:
    services: "Services"
    runtime: DurableRuntime
    record: DocumentRecord

    async def run(self) -> bool:
        """Whether anything had to be done."""
        record = self.record
        instance = await find_run(self.runtime, record)
        if instance is not None and not instance.has_ended:
            return await self._raise_decision_again()
        if record.is_unsettled:
            return await self._settle(record)
        if instance is not None:
            return await self._end(_ending_of(instance, record), instance)
        if record.status is DocumentStatus.QUEUED:
            return await self._start()
        return await self._end(RunEnd(DocumentStatus.FAILED, error=_LOST), None)

    async def _start(self) -> bool:
        if not self._is_long_ago(self.record.updated_at):
            return False
        return await start_lost_run(self.services, self.runtime, self.record) is not None

    async def _end(self, end: RunEnd, instance: Instance | None) -> bool:
        """Write the end, then count and tell it, as the run would have done itself."""
        started_at = instance.job.started_at if instance and instance.job else None
        record = await run_ends.end_run(self.services, self.record.run, end, started_at)
        if record is None or not record.is_unsettled:
            # It came to its end by itself after it was listed.
            return False
        ids = log_fields(record.run)
        log.warning("A run ended without its record: %s", record.status.value, extra=ids)
        await self._settle(record)
        return True

    async def _settle(self, record: DocumentRecord) -> bool:
        """Count and tell an end. It is tried to be told for a day, and counted however long that takes."""
        ids = log_fields(record.run)
        now, records = self.services.clock(), self.services.document_records
        try:
            await run_ends.settle(self.services, self.runtime, record)
        except ReceiverAway as away:
            since = record.telling_since or now
            if now >= since + TOLD_FOR:
                log.error("The end of a run could not be told for a day, and is not any more: %s", away, extra=ids)
                await records.change(record.run, DocumentRecord.mark_told)
                return True
            log.warning("The end of a run could not be told; the next run tries again: %s", away, extra=ids)
            await records.change(record.run, lambda current: current.keep_telling(since))
            return False
        return True

    async def _raise_decision_again(self) -> bool:
        """A crash between the record of a decision and its event left the instance waiting."""
        review = self.record.review
        decision = review.decision if review else None
        if self.record.status is not DocumentStatus.AWAITING_REVIEW or review is None or decision is None:
            return False
        if review.decided_at is None or not self._is_long_ago(review.decided_at):
            return False
        try:
            await self.runtime.raise_decision(self.record.instance_id, decision)
        except InstanceGone:
            return False
        return True

    def _is_long_ago(self, moment: datetime) -> bool:
        return moment < self.services.clock() - LEFT_ALONE_FOR


async def _reconcile_batch(batch: list[_Reconciliation]) -> int:
    return sum(await asyncio.gather(*map(_reconcile_safely, batch)))


async def _reconcile_safely(reconciliation: _Reconciliation) -> bool:
    try:
        return await reconciliation.run()
    except Exception:
        ids = log_fields(reconciliation.record.run)
        log.exception("A document could not be reconciled; the next run tries again", extra=ids)
        return False


def _ending_of(instance: Instance, record: DocumentRecord) -> RunEnd:
    output = instance.output if isinstance(instance.output, dict) else {}
    status = output.get("status")
    ends = [end for end in COUNTER_FIELDS if way_to(record.status, end)]
    if instance.runtime_status != "Completed" or status not in ends:
        return RunEnd(DocumentStatus.FAILED, error=_FAILURES[instance.runtime_status])
    reviewed = record.review is not None and record.review.approved is True
    decisions = {
        DocumentStatus.COMPLETED: FinalDecision.APPROVED_WITH_REVIEW if reviewed else FinalDecision.APPROVED,
        DocumentStatus.REJECTED: FinalDecision.REJECTED,
    }
    compliant = output.get("isCompliant")
    return RunEnd(
        DocumentStatus(status),
        decision=decisions.get(DocumentStatus(status)),
        is_compliant=compliant if isinstance(compliant, bool) else None,
    )
