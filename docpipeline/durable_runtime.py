"""What the pipeline needs of the runtime that processes documents, without the SDK that reaches it."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from docpipeline.models.approvals import Decision
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.jobs import DocumentJob, RunIdentity
from docpipeline.telemetry import log_fields

log = logging.getLogger(__name__)

PAGE = 100
"""The most instances that one query shows, however many there are."""

PURGED_STATUSES = ("Completed", "Terminated")
"""What the daily purge deletes."""

_ENDED = {"Completed", "Failed", "Terminated", "Canceled"}


@dataclass(frozen=True)
class Instance:
    """An orchestration instance as the runtime knows it."""

    runtime_status: str
    """``Running``, ``Completed``, ``Terminated``, ... as in the durable status API."""
    output: Any
    has_begun: bool
    """Whether its orchestrator has taken its first step, which sets its stage."""
    identity: RunIdentity | None
    """The run that its input names, when that can be read."""
    job: DocumentJob | None
    """Its whole input, when that can be read."""

    @property
    def has_ended(self) -> bool:
        """Whether it will never run again."""
        return self.runtime_status in _ENDED

    @property
    def has_failed(self) -> bool:
        """Whether it ended with an error."""
        return self.runtime_status == "Failed"

    def is_run_of(self, record: DocumentRecord) -> bool:
        """Whether it is the run that ``record`` belongs to."""
        return self.identity is not None and self.identity.is_run_of(record)


@dataclass(frozen=True)
class EndedInstance:
    """An instance that will never run again."""

    instance_id: str
    runtime_status: str
    ended_at: datetime
    """UTC."""

    @property
    def is_entity(self) -> bool:
        """Whether it is the instance of an entity, which is no run."""
        return self.instance_id.startswith("@")


class DurableRuntime(Protocol):
    """Starts, finds, informs and purges instances, and counts their ends.

    It is no part of `Services`, which live as long as the process: the SDK makes a client for each invocation.

    Every method raises ServiceUnavailable when the runtime cannot be reached, or answers with an error.
    """

    async def start(self, instance_id: str, job: DocumentJob) -> bool:
        """Start a run. False when an instance that has not ended has this id."""

    async def find(self, instance_id: str) -> Instance | None:
        """The instance with this id, whatever it processes; None when there is none."""

    async def raise_decision(self, instance_id: str, decision: Decision) -> None:
        """Raise a person's decision to a waiting instance. Raises InstanceGone when it has ended or is unknown."""

    async def count_end(self, record: DocumentRecord, shards: int, *, begun: bool) -> None:
        """Count the end that the record shows. Repeat-safe: a run is counted once.

        Args:
            record: its status is final.
            shards: how many the counter had when the run began.
            begun: whether the run's orchestrator has counted its start.
        """

    async def ended_instances(self, created_from: datetime, created_to: datetime) -> list[EndedInstance]:
        """One page of the instances with a status of PURGED_STATUSES that were created in this time (UTC)."""

    async def purge(self, instance_id: str) -> int:
        """Delete an instance with its history. Returns how many were deleted."""


async def find_run(runtime: DurableRuntime, record: DocumentRecord) -> Instance | None:
    """The instance of the record's run; None when there is none. Raises ServiceUnavailable.

    An instance that has the id but processes something else is ignored.
    """
    instance = await runtime.find(record.instance_id)
    if instance is None or instance.is_run_of(record):
        return instance
    ids = log_fields(record.run)
    log.warning("The instance with the id of a document's run processes something else; it is ignored", extra=ids)
    return None
