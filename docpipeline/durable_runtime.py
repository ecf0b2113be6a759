"""What the pipeline asks of the runtime that processes documents, whoever stands in front of it."""

import logging
from dataclasses import dataclass
from typing import Any, Protocol

from docpipeline.models.approvals import Decision
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.jobs import DocumentJob, RunIdentity
from docpipeline.telemetry import log_fields

log = logging.getLogger(__name__)

_ENDED = {"Completed", "Failed", "Terminated", "Canceled"}


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


class DurableRuntime(Protocol):
    """Starts and finds instances, and tells them and the counter what happened.

    Every method raises ServiceUnavailable when the runtime does not answer as it should.
    """

    async def start(self, instance_id: str, job: DocumentJob) -> bool:
        """Start a run. False when an instance that has not ended bears the id."""

    async def find(self, instance_id: str) -> Instance | None:
        """The instance that bears the id, whatever it processes; None when there is none."""

    async def raise_decision(self, instance_id: str, decision: Decision) -> None:
        """Tell a waiting instance what a person decided. Raises InstanceGone when it is not there or has ended."""

    async def count_end(self, record: DocumentRecord, shards: int, *, begun: bool) -> None:
        """Count the end that the record tells of. Telling it twice counts it once.

        Args:
            record: its status is final.
            shards: how many the counter had when the run began.
            begun: whether the run's orchestrator has told the counter of its start.
        """


async def find_run(runtime: DurableRuntime, record: DocumentRecord) -> Instance | None:
    """The instance of the record's run; None when there is none. Raises ServiceUnavailable.

    An instance that bears the id and processes something else is not believed: it is as if there were none.
    """
    instance = await runtime.find(record.instance_id)
    if instance is None or instance.is_run_of(record):
        return instance
    ids = log_fields(record.run)
    log.warning("The instance of a document's id is not its run; it is left out of account", extra=ids)
    return None
