"""The end of a run: the record's last move, counted once in the metrics."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from docpipeline import telemetry
from docpipeline.models.documents import DocumentRecord, DocumentStatus
from docpipeline.models.runs import RunReference

if TYPE_CHECKING:
    from docpipeline.composition import Services


async def open_run(services: "Services", run: RunReference) -> DocumentRecord | None:
    """The record of a run that has not ended; None when it has, or a newer run has taken over."""
    record = await services.document_records.get(run.document_id)
    if record is None or record.instance_id != run.instance_id or record.status.is_final:
        return None
    return record


async def end_run(
    services: "Services", run: RunReference, status: DocumentStatus, started_at: datetime, **changes: Any
) -> None:
    """Move the run's document to a final status; do nothing when the run has ended or been superseded.

    Args:
        services: the process's services.
        run: which run of which document.
        status: a final status.
        started_at: when the run began (UTC), for metric ``OrchestrationDuration``.
        changes: further fields of the record.
    """
    if await open_run(services, run) is None:
        return
    ids = (run.document_id, run.instance_id)
    record = await services.document_records.advance(*ids, status, **changes)
    if record is None or record.status is not status:
        return
    milliseconds = (services.clock() - started_at).total_seconds() * 1000
    named = {"document_id": run.document_id, "instance_id": run.instance_id, "result": status.value}
    telemetry.track("OrchestrationDuration", milliseconds, **named)
    telemetry.track("DocumentsCompleted", 1, **named)
