"""Every five minutes: a document whose run was lost, or was ended by an operator, is brought to its end."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from docpipeline import telemetry
from docpipeline.composition import Services, get_services
from docpipeline.models.approvals import Decision
from docpipeline.models.documents import COUNTER_FIELDS, TRANSITIONS, DocumentRecord, DocumentStatus
from docpipeline.models.failure import Failure
from docpipeline.services.document_records import Change
from triggers import counter_shards, instances
from triggers.approvals import event_of
from triggers.instances import Instance, InstanceGone

bp = df.Blueprint()
log = logging.getLogger(__name__)

MOST_CHANGED = 1000
_SIDE_BY_SIDE = 16
LEFT_ALONE_FOR = timedelta(minutes=2)
"""A document accepted since is most likely being started, and a decision made since is most likely on its way."""

_FAILURES = {
    "Terminated": Failure(code="terminated", message="the run was terminated by an operator"),
    "Canceled": Failure(code="terminated", message="the run was canceled by an operator"),
    "Failed": Failure(code="runFailed", message="the run failed, and could not say why in time"),
    "Completed": Failure(code="outcomeUnknown", message="the run completed with a result that is not understood"),
}
_LOST = Failure(code="instanceLost", message="the run is gone; its history was purged before it ended")


@bp.timer_trigger(schedule="0 */5 * * * *", arg_name="timer", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def reconcile_documents(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Bring every record that is not final in line with its instance, and the counter with it.

    Running it twice changes nothing. One document that cannot be reconciled is logged and hinders no other.
    """
    await reconcile_all(client, get_services())


async def reconcile_all(client: df.DurableOrchestrationClient, services: Services) -> int:
    """Look at every unfinished document, and change up to 1,000 of them. Returns how many were changed."""
    changed = 0
    batch: list[_Reconciliation] = []
    async for record in services.document_records.unfinished(services.clock()):
        batch.append(_Reconciliation(client, services, record))
        if len(batch) >= _SIDE_BY_SIDE:
            changed += await _reconcile_batch(batch)
            batch = []
        if changed >= MOST_CHANGED:
            break
    changed += await _reconcile_batch(batch)
    log.info("Documents reconciled", extra={"changed": changed})
    return changed


@dataclass(frozen=True)
class _Ending:
    """The end a document comes to, and what its record says of it."""

    status: DocumentStatus
    changes: dict[str, Any]


@dataclass(frozen=True)
class _Reconciliation:
    client: df.DurableOrchestrationClient
    services: Services
    record: DocumentRecord

    async def run(self) -> bool:
        """Whether anything had to be done."""
        record = self.record
        instance = await instances.find(self.client, record.instance_id)
        if instance is None and record.status is DocumentStatus.QUEUED:
            return await self._start()
        if instance is None:
            return await self._end(_Ending(DocumentStatus.FAILED, {"error": _LOST}), None)
        if instance.has_ended:
            return await self._end(_ending_of(instance, record), instance)
        return await self._raise_decision_again()

    async def _start(self) -> bool:
        if not self._is_long_ago(self.record.updated_at):
            return False
        await instances.start(self.client, self.record, self.services.settings)
        return True

    async def _end(self, ending: _Ending, instance: Instance | None) -> bool:
        current = await self.services.document_records.get(self.record.document_id)
        if current is None or current.status.is_final or current.instance_id != self.record.instance_id:
            # It came to its end by itself after it was listed.
            return False
        # The counter first: told twice it counts once, and once the record is final nobody comes back for it.
        shards = instance.job.policy.counter_shards if instance and instance.job else None
        await counter_shards.finish(
            self.client,
            self.record.document_id,
            self.record.instance_id,
            COUNTER_FIELDS[ending.status],
            shards or self.services.settings.counter_shards,
        )
        await self.services.document_records.update(self.record.document_id, self._ended_as(ending))
        ids = {"document_id": self.record.document_id, "instance_id": self.record.instance_id}
        telemetry.track("DocumentsCompleted", 1, **ids, result=ending.status.value)
        log.warning(
            "A run ended without its record: %s",
            ending.status.value,
            extra=ids,
        )
        return True

    def _ended_as(self, ending: _Ending) -> Change:
        def ended(current: DocumentRecord) -> DocumentRecord | None:
            if current.instance_id != self.record.instance_id or current.status.is_final:
                return None
            now = self.services.clock()
            for status in _way(current.status, ending.status)[:-1]:
                current = current.move_to(status, now)
            return current.move_to(ending.status, now, **ending.changes)

        return ended

    async def _raise_decision_again(self) -> bool:
        """A crash between the record of a decision and its event left the instance waiting."""
        review = self.record.review
        if self.record.status is not DocumentStatus.AWAITING_REVIEW or review is None or review.approved is None:
            return False
        if review.decided_at is None or not self._is_long_ago(review.decided_at):
            return False
        try:
            await instances.raise_decision(self.client, self.record.instance_id, event_of(self.record))
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
        record = reconciliation.record
        ids = {"document_id": record.document_id, "instance_id": record.instance_id}
        log.exception("A document could not be reconciled; the next run tries again", extra=ids)
        return False


def _ending_of(instance: Instance, record: DocumentRecord) -> _Ending:
    output = instance.output if isinstance(instance.output, dict) else {}
    status = output.get("status")
    ends = [end for end in COUNTER_FIELDS if _way(record.status, end)]
    if instance.runtime_status != "Completed" or status not in ends:
        return _Ending(DocumentStatus.FAILED, {"error": _FAILURES[instance.runtime_status]})
    reviewed = record.review is not None and record.review.approved is True
    decisions = {
        DocumentStatus.COMPLETED: Decision.APPROVED_WITH_REVIEW if reviewed else Decision.APPROVED,
        DocumentStatus.REJECTED: Decision.REJECTED,
    }
    changes: dict[str, Any] = {"decision": decisions.get(DocumentStatus(status), record.decision)}
    if isinstance(output.get("isCompliant"), bool):
        changes["is_compliant"] = output["isCompliant"]
    return _Ending(DocumentStatus(status), changes)


def _way(current: DocumentStatus, target: DocumentStatus) -> list[DocumentStatus]:
    """The statuses after ``current`` up to ``target``, by the shortest way there is; empty when there is none."""
    ways = [[status] for status in sorted(TRANSITIONS[current])]
    while ways:
        way = ways.pop(0)
        if way[-1] is target:
            return way
        ways += [[*way, status] for status in sorted(TRANSITIONS[way[-1]])]
    return []
