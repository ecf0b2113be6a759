"""The durable client that a function is given, as the pipeline knows it (`docpipeline.durable_runtime`).

The client's failures are bare exceptions that hold whatever the runtime answered: none of that is passed on.
"""

import json
from typing import Any, TypeVar

import azure.durable_functions as df
from pydantic import ValidationError

from docpipeline.durable_runtime import Instance
from docpipeline.errors import InstanceGone
from docpipeline.models import event_names
from docpipeline.models.approvals import Decision
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.jobs import DocumentJob, RunIdentity
from docpipeline.models.payload import Payload
from triggers import counter_shards
from triggers.durable_calls import asked, unavailable

P = TypeVar("P", bound=Payload)

ORCHESTRATOR = "document_processing_orchestrator"


class DurableClient:
    """Implements `DurableRuntime`; see there for what each method does and raises."""

    def __init__(self, client: df.DurableOrchestrationClient) -> None:
        self._client = client

    async def start(self, instance_id: str, job: DocumentJob) -> bool:
        """Start a run. False when an instance that has not ended bears the id."""
        try:
            await self._client.start_new(ORCHESTRATOR, instance_id=instance_id, client_input=job.to_payload())
        except Exception as error:
            if "already exists" not in str(error):
                raise unavailable(error) from error
            return False
        return True

    async def find(self, instance_id: str) -> Instance | None:
        """The instance that bears the id, whatever it processes; None when there is none."""
        status = await asked(self._client.get_status(instance_id, show_input=True))
        if not status:
            return None
        return Instance(
            status.runtime_status.value,
            status.output,
            has_begun=bool(status.custom_status),
            # Apart: another version of the app may have limits in its input that this one does not take.
            identity=_read(RunIdentity, status.input_),
            job=_read(DocumentJob, status.input_),
        )

    async def raise_decision(self, instance_id: str, decision: Decision) -> None:
        """Tell a waiting instance what a person decided. Raises InstanceGone when it is not there or has ended."""
        try:
            await self._client.raise_event(instance_id, event_names.DOCUMENT_APPROVAL, decision.to_payload())
        except Exception as error:
            # The SDK tells 410 and 404 apart from the rest by its sentence alone.
            if "is gone" in str(error) or str(error).startswith("No instance"):
                raise InstanceGone(instance_id) from error
            raise unavailable(error) from error

    async def count_end(self, record: DocumentRecord, shards: int, *, begun: bool) -> None:
        """Count the end that the record tells of. Telling it twice counts it once."""
        await counter_shards.count_end(self._client, record, shards, begun=begun)


def _read(model: type[P], raw: Any) -> P | None:
    # The client encodes an input twice, so that it comes back as JSON text (contract 3.2).
    try:
        return model.from_payload(json.loads(raw) if isinstance(raw, str) else raw)
    except (ValueError, ValidationError, RecursionError):
        return None
