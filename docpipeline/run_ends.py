"""The end of a run, in one order for all of them and for whoever ends it.

1. `end_run` writes the end into the record, which is then *unsettled*: neither counted nor told.
2. The caller counts it: an orchestrator with a signal of its own, the reconciliation through its client.
3. `announce_end` tells the submitter, and writes that both is done.

Nobody is told an end before it is written, and a run that stops between two of these is found by
`reconcile_documents`, which looks at every record that is not settled.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from docpipeline import telemetry
from docpipeline.errors import ServiceFault
from docpipeline.models.approvals import Decision
from docpipeline.models.documents import DocumentRecord, DocumentStatus, way_to
from docpipeline.models.failure import Failure
from docpipeline.models.runs import RunReference
from docpipeline.notices import END_NOTICES, end_notice

if TYPE_CHECKING:
    from docpipeline.composition import Services


@dataclass(frozen=True)
class RunEnd:
    """How a run ends: a final status, and what its record says of it beyond what it says already."""

    status: DocumentStatus
    decision: Decision | None = None
    error: Failure | None = None
    is_compliant: bool | None = None

    def changes(self) -> dict[str, Any]:
        """The record's fields to set."""
        told = {"decision": self.decision, "error": self.error, "is_compliant": self.is_compliant}
        return {name: value for name, value in told.items() if value is not None}


def run_of(record: DocumentRecord) -> RunReference:
    """The run that a record tells of."""
    return RunReference(document_id=record.document_id, instance_id=record.instance_id)


async def open_run(services: "Services", run: RunReference) -> DocumentRecord | None:
    """The record of a run that has not ended; None when it has, or a newer run has taken over."""
    record = await services.document_records.get(run.document_id)
    if record is None or record.instance_id != run.instance_id or record.status.is_final:
        return None
    return record


async def end_run(
    services: "Services", run: RunReference, end: RunEnd, started_at: datetime | None = None
) -> DocumentRecord | None:
    """Write the end of a run, unless it has ended, or a person has decided what is about to time out.

    Repeat-safe: an end that is written stays. The metrics count it once.

    Args:
        services: the process's services.
        run: which run of which document.
        end: how it ends.
        started_at: when the run began (UTC), for metric ``OrchestrationDuration``; None where nobody knows.

    Returns:
        The record as it now is; None when it belongs to another run.

    Raises:
        RecordNotFound: there is no record.
        RecordConflict: others kept writing.
    """
    written: DocumentRecord | None = None

    def ended(current: DocumentRecord) -> DocumentRecord | None:
        nonlocal written
        written = None if _stands(current, run, end) else _ended(current, end, services.clock())
        return written

    record = await services.document_records.update(run.document_id, ended)
    if record is written:
        _measure(record, started_at)
        # A place that cannot be given back now is freed by the reconciliation.
        with suppress(ServiceFault):
            await services.pending_places.release(run.instance_id)
    return record if record.instance_id == run.instance_id else None


async def announce_end(services: "Services", run: RunReference, *, counted: bool = True) -> None:
    """Tell the submitter how the run ended, and settle its record. Does nothing before the end is written.

    Repeat-safe: the notification keeps its id, and once the end is told nothing is sent.

    Args:
        services: the process's services.
        run: which run of which document.
        counted: whether the counter has been told; where it has not, the record stays unsettled.

    Raises:
        ServiceUnavailable, ServiceRefused: the receiver, or storage; what is done is on record.
    """
    record = await services.document_records.get(run.document_id)
    if record is None or record.instance_id != run.instance_id or not record.untold:
        return
    try:
        await services.notifier.send(
            END_NOTICES[record.status], run.instance_id, run.document_id, end_notice(record)
        )
    except ServiceFault:
        if counted:
            await amend_end(services, run, uncounted=False)
        raise
    await amend_end(services, run, untold=False, **({"uncounted": False} if counted else {}))


async def amend_end(services: "Services", run: RunReference, **settled: Any) -> None:
    """Write what has been done for the end of a run; nothing when the record belongs to another run."""

    def amended(current: DocumentRecord) -> DocumentRecord | None:
        return current.model_copy(update=settled) if current.instance_id == run.instance_id else None

    await services.document_records.update(run.document_id, amended)


def _stands(current: DocumentRecord, run: RunReference, end: RunEnd) -> bool:
    if current.instance_id != run.instance_id or current.status.is_final:
        return True
    return end.status is DocumentStatus.TIMEOUT and current.review is not None and current.review.is_decided


def _ended(current: DocumentRecord, end: RunEnd, at: datetime) -> DocumentRecord:
    # Reconciliation may find a run whose record lags by more than one move.
    for status in way_to(current.status, end.status)[:-1]:
        current = current.move_to(status, at)
    return current.move_to(end.status, at, **end.changes())


def _measure(record: DocumentRecord, started_at: datetime | None) -> None:
    ids = {"document_id": record.document_id, "instance_id": record.instance_id, "result": record.status.value}
    if started_at and record.completed_at:
        milliseconds = (record.completed_at - started_at).total_seconds() * 1000
        telemetry.track("OrchestrationDuration", milliseconds, **ids)
    telemetry.track("DocumentsCompleted", 1, **ids)
