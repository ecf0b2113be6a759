"""Completing documents whose run was lost, failed without a word, or was ended by an operator."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from docpipeline import run_ends, telemetry
from docpipeline.durable_runtime import DurableRuntime, Instance, find_run
from docpipeline.errors import InstanceGone, ReceiverAway, UnreadableRow, content_free
from docpipeline.models.approvals import FinalDecision
from docpipeline.models.document_record import DocumentRecord, RunEnd
from docpipeline.models.documents import COUNTER_FIELDS, DocumentStatus, path_to
from docpipeline.models.failure import Failure
from docpipeline.models.stage_limits import moves_by
from docpipeline.run_starts import MOST_RESTARTS, may_restart, restart_run, start_lost_run
from docpipeline.telemetry import log_fields

if TYPE_CHECKING:
    from docpipeline.composition import Services

log = logging.getLogger(__name__)

MOST_CHANGED = 1000
_BATCH_SIZE = 16
PLACE_GRACE_PERIOD = timedelta(minutes=10)
"""A younger place may belong to a submission whose document is still being read."""
ANNOUNCED_FOR = timedelta(days=1)
"""How long the reconciliation tries to announce an end after the run itself has given up."""

_FAILURES = {
    "Terminated": Failure(code="terminated", message="the run was terminated by an operator"),
    "Canceled": Failure(code="terminated", message="the run was canceled by an operator"),
    "Failed": Failure(code="runFailed", message="the run failed before it could report why"),
    "Completed": Failure(code="outcomeUnknown", message="the run completed with a result that is not understood"),
}
_WORKER_LOST = Failure(
    code="workerLost",
    message=f"the run was started again {MOST_RESTARTS} times, and failed each time before it could report why",
)
_LOST = Failure(code="instanceLost", message="the run is gone; its history was purged before it ended")


async def reconcile_all(services: "Services", runtime: DurableRuntime) -> int:
    """Check every unfinished document, and change up to 1,000 of them. Returns how many were changed."""
    changed, open_runs = 0, set()
    began = services.clock()
    batch: list[_Reconciliation] = []
    async for record in services.document_records.unfinished(began):
        open_runs.add(record.instance_id)
        batch.append(_Reconciliation(services, runtime, record))
        if len(batch) >= _BATCH_SIZE:
            changed += await _reconcile_batch(batch)
            batch = []
        if changed >= MOST_CHANGED:
            break
    changed += await _reconcile_batch(batch)
    changed += await _free_places(services, began - PLACE_GRACE_PERIOD, open_runs)
    log.info("Documents reconciled", extra={"changed": changed})
    return changed


async def _free_places(services: "Services", taken_before: datetime, open_runs: set[str]) -> int:
    """Release the places of submissions that died, and of runs that ended without releasing theirs.

    Returns how many were released.
    """
    freed = 0
    async for place in services.pending_places.taken_before(taken_before):
        # A damaged record does not show whether its run has ended.
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
        """Do what is missing. Returns whether anything was changed."""
        record = self.record
        instance = await find_run(self.runtime, record)
        if instance is not None and not instance.has_ended:
            self._report_if_stuck(instance)
            return await self._raise_decision_again()
        if record.is_unsettled:
            return await self._settle(record)
        if instance is not None and instance.has_failed:
            return await self._restart_or_end(instance)
        if instance is not None:
            return await self._end(_ending_of(instance, record), instance)
        if record.status is DocumentStatus.QUEUED:
            return await self._start()
        return await self._end(RunEnd(DocumentStatus.FAILED, error=_LOST), None)

    async def _start(self) -> bool:
        if not self._is_long_ago(self.record.updated_at):
            return False
        return await start_lost_run(self.services, self.runtime, self.record) is not None

    async def _restart_or_end(self, instance: Instance) -> bool:
        # Its last activities may still be at work, or another reconciliation may be starting it again.
        if not self._is_long_ago(self.record.updated_at):
            return False
        if instance.job is None or not may_restart(self.record, instance):
            return await self._end(_ending_of(instance, self.record), instance)
        return await restart_run(self.services, self.runtime, self.record, instance.job)

    def _report_if_stuck(self, instance: Instance) -> None:
        record, settings = self.record, self.services.settings
        policy = instance.job.policy if instance.job else settings.resolve_policy(record.priority)
        if self.services.clock() <= moves_by(record, policy):
            return
        stage, status = record.status.value, instance.runtime_status
        telemetry.track("StuckRuns", 1, record.run, stage=stage, runtimeStatus=status)
        log.error(
            "Run %s of document %s is %s and stuck in stage %s since %s; docs/operations.md says what to do",
            *(record.instance_id, record.document_id, status, stage, record.updated_at.isoformat()),
            extra=log_fields(record.run),
        )

    async def _end(self, end: RunEnd, instance: Instance | None) -> bool:
        """Write the end, then count and announce it, as the run itself would have done."""
        started_at = instance.job.started_at if instance and instance.job else None
        record = await run_ends.end_run(self.services, self.record.run, end, started_at)
        if record is None or not record.is_unsettled:
            # The run ended by itself after its record was listed.
            return False
        ids = log_fields(record.run)
        log.warning("A run ended without its record: %s", record.status.value, extra=ids)
        await self._settle(record)
        return True

    async def _settle(self, record: DocumentRecord) -> bool:
        """Count and announce an end. Announcing is tried for a day; counting is tried until it succeeds."""
        ids = log_fields(record.run)
        now, records = self.services.clock(), self.services.document_records
        try:
            await run_ends.settle(self.services, self.runtime, record)
        except ReceiverAway as away:
            since = record.telling_since or now
            if now >= since + ANNOUNCED_FOR:
                log.error("The end of a run could not be announced for a day; giving up: %s", away, extra=ids)
                await records.change(record.run, DocumentRecord.mark_announced)
                return True
            log.warning("The end of a run could not be announced yet; trying again: %s", away, extra=ids)
            await records.change(record.run, lambda current: current.keep_announcing(since))
            return False
        return True

    async def _raise_decision_again(self) -> bool:
        """Raise the event of a recorded decision again, since a crash may have come between the two."""
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
        return moment < self.services.clock() - self.services.settings.reconcile_after


async def _reconcile_batch(batch: list[_Reconciliation]) -> int:
    return sum(await asyncio.gather(*map(_reconcile_safely, batch)))


async def _reconcile_safely(reconciliation: _Reconciliation) -> bool:
    try:
        return await reconciliation.run()
    except Exception as error:
        text = "A document could not be reconciled; the next reconciliation tries again"
        log.error(text, exc_info=content_free(error), extra=log_fields(reconciliation.record.run))
        return False


def _ending_of(instance: Instance, record: DocumentRecord) -> RunEnd:
    output = instance.output if isinstance(instance.output, dict) else {}
    status = output.get("status")
    ends = [end for end in COUNTER_FIELDS if path_to(record.status, end)]
    if instance.runtime_status != "Completed" or status not in ends:
        return RunEnd(DocumentStatus.FAILED, error=_failure_of(instance))
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


def _failure_of(instance: Instance) -> Failure:
    # A failed run whose input can be read was started again before.
    return _WORKER_LOST if instance.has_failed and instance.job else _FAILURES[instance.runtime_status]
