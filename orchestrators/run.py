"""One run of a document, as its orchestrator holds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypedDict

import azure.durable_functions as df

from docpipeline.models.approvals import OpenReview
from docpipeline.models.counters import CounterFinish, CounterStart
from docpipeline.models.documents import COUNTER_FIELDS, DocumentStatus
from docpipeline.models.instance_ids import counter_shard
from docpipeline.models.jobs import DocumentJob, Examination
from docpipeline.models.payload import Payload


class RunIds(TypedDict):
    """The fields that say which run of which document an activity works on."""

    document_id: str
    instance_id: str


@dataclass(frozen=True)
class Run:
    """The durable context with the job it carries out: every step takes this one object."""

    context: df.DurableOrchestrationContext
    job: DocumentJob

    @classmethod
    def begin(cls, context: df.DurableOrchestrationContext) -> Self:
        """The run that ``context`` was started for; its job keeps the time of its first episode."""
        return cls(context, DocumentJob.from_payload(context.get_input()).begun(context.current_utc_datetime))

    @property
    def ids(self) -> RunIds:
        """The first fields of every activity's input: ``Completion(**run.ids, ...)``."""
        return {"document_id": self.job.document_id, "instance_id": self.context.instance_id}

    @property
    def started_at(self) -> datetime:
        """When the run began (UTC), in whichever generation."""
        assert self.job.started_at is not None, "Run.begin sets it"
        return self.job.started_at

    @property
    def now(self) -> datetime:
        """The orchestrator's clock (UTC): the same on every replay."""
        now: datetime = self.context.current_utc_datetime
        return now

    @property
    def stage(self) -> DocumentStatus:
        """The stage that was shown last."""
        return DocumentStatus((self.context.custom_status or {}).get("stage", DocumentStatus.QUEUED))

    def set_stage(self, stage: DocumentStatus) -> None:
        """Show operators where the document stands."""
        self.context.set_custom_status({"stage": stage.value})

    def show_wait(self, ignored_events: int) -> None:
        """Show operators that the document awaits a review, and how many events were no decision."""
        status = {"stage": DocumentStatus.AWAITING_REVIEW.value, "ignoredEvents": ignored_events}
        self.context.set_custom_status(status)

    def count_start(self) -> None:
        """Tell the counter that the run has begun."""
        self._signal_counter("start", CounterStart(instance_id=self.context.instance_id))

    def count_end(self, status: DocumentStatus) -> None:
        """Tell the counter how the run ended; ``status`` is final."""
        finish = CounterFinish(instance_id=self.context.instance_id, field=COUNTER_FIELDS[status])
        self._signal_counter("finish", finish)

    def go_on_waiting(self, examination: Examination, open_review: OpenReview) -> None:
        """Start a new generation that waits for a person until the same deadline; its history is short again."""
        self.context.continue_as_new(self.job.waiting_on(examination, open_review).to_payload())

    def _signal_counter(self, operation: str, argument: Payload) -> None:
        shard = counter_shard(self.job.document_id, self.job.policy.counter_shards)
        self.context.signal_entity(df.EntityId("document_counter", shard), operation, argument.to_payload())
