"""What the triggers ask of the orchestration instances that process documents."""

import json
import logging
from dataclasses import dataclass
from typing import Any, TypeVar

import azure.durable_functions as df
from pydantic import ValidationError

from docpipeline.composition import Services
from docpipeline.errors import ServiceUnavailable
from docpipeline.models import event_names
from docpipeline.models.approvals import Decision
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.instance_ids import new_instance_id
from docpipeline.models.jobs import DocumentJob, RunIdentity
from docpipeline.models.payload import Payload
from triggers.durable_calls import asked, unavailable

log = logging.getLogger(__name__)

P = TypeVar("P", bound=Payload)

ORCHESTRATOR = "document_processing_orchestrator"

_ENDED = {"Completed", "Failed", "Terminated", "Canceled"}
_START_ATTEMPTS = 3


@dataclass(frozen=True)
class Instance:
    """An orchestration instance as the runtime knows it."""

    runtime_status: str
    """``Running``, ``Completed``, ``Terminated``, ... as the durable status API words it."""
    output: Any
    has_begun: bool
    """Whether its orchestrator has taken its first step, with which it shows its stage."""
    identity: RunIdentity | None
    """Whose run its input says it is, when that can be understood."""
    job: DocumentJob | None
    """Its whole input, when that can be understood."""

    @property
    def has_ended(self) -> bool:
        """Whether it will never run again."""
        return self.runtime_status in _ENDED

    def is_run_of(self, record: DocumentRecord) -> bool:
        """Whether it processes the document that ``record`` tells of, in the run that it tells of."""
        return self.identity is not None and self.identity.is_run_of(record)


class InstanceGone(Exception):
    """The instance is not there or has ended: it can no longer be told anything."""


async def find_run(client: df.DurableOrchestrationClient, record: DocumentRecord) -> Instance | None:
    """The instance of the record's run; None when there is none. Raises ServiceUnavailable.

    An instance that bears the id and processes something else is not believed: it is as if there were none.
    """
    instance = await _find(client, record.instance_id)
    if instance is None or instance.is_run_of(record):
        return instance
    ids = {"document_id": record.document_id, "instance_id": record.instance_id}
    log.warning("The instance of a document's id is not its run; it is left out of account", extra=ids)
    return None


async def start_run(
    client: df.DurableOrchestrationClient, services: Services, record: DocumentRecord
) -> DocumentRecord:
    """Start the run that the queued record stands for; one that somebody else has started is a success.

    Where its instance id is taken by anything else, the record gets a new id first.

    Returns:
        The record, which names the instance that processes it.

    Raises:
        ServiceUnavailable: the record stays queued; the next POST or the reconciliation starts it.
    """
    for _ in range(_START_ATTEMPTS):
        if record.status is not DocumentStatus.QUEUED or await _started(client, services, record):
            return record
        record = await _renamed(services, record)
    raise ServiceUnavailable("durable runtime", "it takes every new instance id for one that exists")


async def start_lost_run(
    client: df.DurableOrchestrationClient, services: Services, record: DocumentRecord
) -> DocumentRecord | None:
    """Start the run of a queued record whose starter died, under a new id if its own is taken by anything else.

    Returns:
        The record, as `start_run` does; None when the run is there already. Raises as `start_run` does.
    """
    present = await _find(client, record.instance_id)
    if present is None:
        return await start_run(client, services, record)
    if present.is_run_of(record):
        return None
    # Not left to the start: it would replace the other instance, if that has ended.
    return await start_run(client, services, await _renamed(services, record))


async def raise_decision(client: df.DurableOrchestrationClient, instance_id: str, decision: Decision) -> None:
    """Tell a waiting instance what a person decided. Raises InstanceGone or ServiceUnavailable."""
    try:
        await client.raise_event(instance_id, event_names.DOCUMENT_APPROVAL, decision.to_payload())
    except Exception as error:
        # The SDK tells 410 and 404 apart from the rest by its sentence alone.
        if "is gone" in str(error) or str(error).startswith("No instance"):
            raise InstanceGone(instance_id) from error
        raise unavailable(error) from error


async def _started(client: df.DurableOrchestrationClient, services: Services, record: DocumentRecord) -> bool:
    """Whether the record's run is there now; False when something else bears its id."""
    job = DocumentJob(
        document_id=record.document_id,
        blob_url=record.blob_url,
        user_id=record.user_id,
        priority=record.priority,
        policy=services.settings.resolve_policy(record.priority),
        accepted_at=record.submitted_at,
    )
    try:
        await client.start_new(ORCHESTRATOR, instance_id=record.instance_id, client_input=job.to_payload())
    except Exception as error:
        if "already exists" not in str(error):
            raise unavailable(error) from error
    else:
        return True
    present = await _find(client, record.instance_id)
    if present is None:
        raise ServiceUnavailable("durable runtime", "it knows an instance and shows none")
    return present.is_run_of(record)


async def _renamed(services: Services, record: DocumentRecord) -> DocumentRecord:
    ids = {"document_id": record.document_id, "instance_id": record.instance_id}
    log.error("A document's instance id is taken by another instance; it gets a new one", extra=ids)
    new_id = new_instance_id(record.document_id, record.user_id, services.clock())

    written = await services.document_records.update(
        record.document_id, lambda current: current.rename_run(record.run, new_id, services.clock())
    )
    if written.instance_id == new_id:
        await services.pending_places.keep(written.run)
        await services.pending_places.release(record.instance_id)
    return written


async def _find(client: df.DurableOrchestrationClient, instance_id: str) -> Instance | None:
    status = await asked(client.get_status(instance_id, show_input=True))
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


def _read(model: type[P], raw: Any) -> P | None:
    # The client encodes an input twice, so that it comes back as JSON text (contract 3.2).
    try:
        return model.from_payload(json.loads(raw) if isinstance(raw, str) else raw)
    except (ValueError, ValidationError, RecursionError):
        return None
