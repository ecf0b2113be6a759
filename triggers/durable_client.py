"""The durable client of the SDK as the `DurableRuntime` of the pipeline.

The client's failures are bare exceptions with whatever the runtime answered; none of that text is passed on.
"""

import json
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import azure.durable_functions as df
from pydantic import ValidationError

from docpipeline.durable_runtime import PURGED_STATUSES, EndedInstance, Instance
from docpipeline.errors import InstanceGone
from docpipeline.models import event_names
from docpipeline.models.approvals import Decision
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.jobs import DocumentJob, RunIdentity
from docpipeline.models.payload import Payload
from triggers import counter_shards
from triggers.durable_calls import answer_to, unavailable

P = TypeVar("P", bound=Payload)

ORCHESTRATOR = "document_processing_orchestrator"
# A status that the SDK does not know would fail here: the extension ignores one that it does not know.
_PURGED_STATUSES = tuple(df.OrchestrationRuntimeStatus(name) for name in PURGED_STATUSES)


class DurableClient:
    """Implements `DurableRuntime`, which says what each method does and raises."""

    def __init__(self, client: df.DurableOrchestrationClient) -> None:
        self._client = client

    async def start(self, instance_id: str, job: DocumentJob) -> bool:
        """Start a run. False when an instance that has not ended has this id."""
        try:
            await self._client.start_new(ORCHESTRATOR, instance_id=instance_id, client_input=job.to_payload())
        except Exception as error:
            if "already exists" not in str(error):
                raise unavailable(error) from error
            return False
        return True

    async def find(self, instance_id: str) -> Instance | None:
        """The instance with this id, whatever it processes; None when there is none."""
        status = await answer_to(self._client.get_status(instance_id, show_input=True))
        if not status:
            return None
        return Instance(
            status.runtime_status.value,
            status.output,
            has_begun=bool(status.custom_status),
            # Read apart from the job: an input of another version may hold limits that this version refuses.
            identity=_read(RunIdentity, status.input_),
            job=_read(DocumentJob, status.input_),
        )

    async def raise_decision(self, instance_id: str, decision: Decision) -> None:
        """Raise a person's decision to a waiting instance. Raises InstanceGone when it has ended or is unknown."""
        try:
            await self._client.raise_event(instance_id, event_names.DOCUMENT_APPROVAL, decision.to_payload())
        except Exception as error:
            # Only the text of the SDK's exception tells 410 and 404 from other failures.
            if "is gone" in str(error) or str(error).startswith("No instance"):
                raise InstanceGone(instance_id) from error
            raise unavailable(error) from error

    async def count_end(self, record: DocumentRecord, shards: int, *, begun: bool) -> None:
        """Count the end that the record shows. Repeat-safe: a run is counted once."""
        await counter_shards.count_end(self._client, record, shards, begun=begun)

    async def ended_instances(self, created_from: datetime, created_to: datetime) -> list[EndedInstance]:
        """One page of the instances Completed or Terminated that were created in this time (UTC)."""
        page = await answer_to(self._client.get_status_by(created_from, created_to, list(_PURGED_STATUSES)))
        return [
            EndedInstance(status.instance_id, status.runtime_status.value, status.last_updated_time)
            for status in page
        ]

    async def purge(self, instance_id: str) -> int:
        """Delete an instance with its history. Returns how many were deleted."""
        # The SDK puts the id into the URL as it is, and `instances/?createdTimeFrom=...` deletes all instances.
        result = await answer_to(self._client.purge_instance_history(quote(instance_id, safe="")))
        deleted: int = result.instances_deleted
        return deleted


def _read(model: type[P], raw: Any) -> P | None:
    # The client encodes an input twice, so that it comes back as JSON text (contract 3.2).
    try:
        return model.from_payload(json.loads(raw) if isinstance(raw, str) else raw)
    except (ValueError, ValidationError, RecursionError):
        return None
