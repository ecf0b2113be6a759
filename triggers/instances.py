"""What the triggers ask of the orchestration instances that process documents."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import azure.durable_functions as df
from pydantic import ValidationError

from docpipeline.models import event_names
from docpipeline.models.approvals import ApprovalEvent
from docpipeline.models.documents import DocumentRecord
from docpipeline.models.jobs import DocumentJob
from docpipeline.settings import Settings
from triggers.durable_calls import asked, unavailable

ORCHESTRATOR = "document_processing_orchestrator"

_ENDED = {"Completed", "Failed", "Terminated", "Canceled"}


@dataclass(frozen=True)
class Instance:
    """An orchestration instance as the runtime knows it."""

    runtime_status: str
    """``Running``, ``Completed``, ``Terminated``, ... as the durable status API words it."""
    output: Any
    job: DocumentJob | None
    """Its input, when that can be understood."""

    @property
    def has_ended(self) -> bool:
        """Whether it will never run again."""
        return self.runtime_status in _ENDED


class InstanceGone(Exception):
    """The instance is not there or has ended: it can no longer be told anything."""


async def find(client: df.DurableOrchestrationClient, instance_id: str) -> Instance | None:
    """The instance, or None when there is none of this id. Raises ServiceUnavailable."""
    status = await asked(client.get_status(instance_id, show_input=True))
    if not status:
        return None
    return Instance(status.runtime_status.value, status.output, _job_in(status.input_))


async def start(client: df.DurableOrchestrationClient, record: DocumentRecord, settings: Settings) -> None:
    """Start the record's own run. One that is there already is a success: somebody else was quicker.

    Raises ServiceUnavailable; the record stays queued, and the next POST or the reconciliation starts it.
    """
    job = DocumentJob(
        document_id=record.document_id,
        blob_url=record.blob_url,
        user_id=record.user_id,
        priority=record.priority,
        policy=settings.resolve_policy(record.priority),
    )
    try:
        await client.start_new(ORCHESTRATOR, instance_id=record.instance_id, client_input=job.to_payload())
    except Exception as error:
        if "already exists" not in str(error):
            raise unavailable(error) from error


async def raise_decision(client: df.DurableOrchestrationClient, instance_id: str, event: ApprovalEvent) -> None:
    """Tell a waiting instance what a person decided. Raises InstanceGone or ServiceUnavailable."""
    try:
        await client.raise_event(instance_id, event_names.DOCUMENT_APPROVAL, event.to_payload())
    except Exception as error:
        # The SDK tells 410 and 404 apart from the rest by its sentence alone.
        if "is gone" in str(error) or str(error).startswith("No instance"):
            raise InstanceGone(instance_id) from error
        raise unavailable(error) from error


def deadline_of(instance: Instance, requested_at: datetime | None) -> datetime | None:
    """When the instance stops waiting for a person (UTC), as far as it can be told from outside."""
    if instance.job is None:
        return None
    if instance.job.open_review:
        return instance.job.open_review.deadline
    return requested_at + instance.job.policy.approval_timeout if requested_at else None


def _job_in(raw: Any) -> DocumentJob | None:
    # The client encodes an input twice, so that it comes back as JSON text (contract 3.2).
    try:
        return DocumentJob.from_payload(json.loads(raw) if isinstance(raw, str) else raw)
    except (ValueError, ValidationError):
        return None
