"""Accepting a document: it has one run, however often it is sent, also at the same time."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docpipeline.durable_runtime import DurableRuntime
from docpipeline.errors import (
    AnotherUsersDocument,
    BlobUnavailable,
    DocumentInProgress,
    IdempotencyKeyUsed,
    OtherContentKnown,
    RecordConflict,
    ServiceFault,
)
from docpipeline.incoming import BlobReference, Incoming, Upload, incoming_for
from docpipeline.models import instance_ids
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus, Priority
from docpipeline.models.runs import RunReference
from docpipeline.run_ends import settle_before_next_run
from docpipeline.run_starts import start_lost_run, start_run
from docpipeline.services.idempotency_keys import Reservation

if TYPE_CHECKING:
    from docpipeline.composition import Services


@dataclass(frozen=True)
class Submission:
    """A request to process a document."""

    source: Upload | BlobReference
    user_id: str
    document_id: str | None
    priority: Priority
    file_name: str | None
    metadata: dict[str, str] | None
    reprocess: bool
    idempotency_key: str | None


@dataclass(frozen=True)
class Acceptance:
    """The document's record, and whether this submission started its run."""

    record: DocumentRecord
    started: bool


async def accept(services: "Services", runtime: DurableRuntime, submission: Submission) -> Acceptance:
    """Start the run of a document, or find the run that was started before.

    Every step is repeat-safe: when a call dies half-way, the next one for the same document finishes its work.

    Raises:
        DocumentConflict: it contradicts what is known under its id or its idempotency key.
        RecordConflict: another submission of it was faster.
        TooManyPending: there is no place for it.
        InvalidBlobUrl, BlobUnavailable: its content cannot be read.
        InvalidRequest, UnsupportedContent, DocumentTooLarge: its content is refused.
        ServiceUnavailable, ServiceRefused: storage or the runtime failed.
    """
    incoming = incoming_for(submission.source, submission.user_id, services)
    try:
        document_id = submission.document_id or await incoming.default_document_id()
        intake = _Intake(services, runtime, submission, document_id, incoming)
        return await intake.run()
    finally:
        incoming.close()


@dataclass
class _Intake:
    services: "Services"
    runtime: DurableRuntime
    submission: Submission
    document_id: str
    incoming: Incoming
    reservation: Reservation | None = None

    async def run(self) -> Acceptance:
        self.reservation = await self._find_reservation()
        known = await self.services.document_records.get(self.document_id)
        if known is None:
            await self.services.pending_places.require_room()
        try:
            await self.incoming.read()
        except BlobUnavailable:
            # A submission that is sent again is answered as before, even if its SAS has expired meanwhile.
            if known is None or not self._already_answered_by(known):
                raise
            return await self._answer_known(known)
        if known is None:
            return await self._start_first_run()
        self._require_same(known)
        if self.submission.reprocess and not self._already_answered_by(known):
            return await self._start_next_run(known)
        return await self._answer_known(known)

    async def _find_reservation(self) -> Reservation | None:
        key = self.submission.idempotency_key
        if key is None:
            return None
        found = await self.services.idempotency_keys.find(self.submission.user_id, key)
        return self._require_same_document(found)

    async def _start_first_run(self) -> Acceptance:
        run = await self._new_run()
        async with self._place_for(run):
            record = await self._new_record(run)
            created = await self.services.document_records.create(record)
        if created:
            return await self._start(record)
        known = await self.services.document_records.get(self.document_id)
        if known is None:
            raise RecordConflict(self.document_id)
        await self.incoming.discard()
        self._require_same(known)
        return await self._answer_known(known)

    async def _start_next_run(self, known: DocumentRecord) -> Acceptance:
        if not known.status.is_final:
            raise DocumentInProgress(self.document_id, known.status.value)
        run = await self._new_run()
        async with self._place_for(run):
            await settle_before_next_run(self.services, self.runtime, known)
            record = await self._new_record(run)
            try:
                record = await self.services.document_records.replace(known.run, record)
            except RecordConflict:
                await self._discard_unless_taken(run)
                raise
        return await self._start(record)

    async def _discard_unless_taken(self, run: Reservation) -> None:
        current = await self.services.document_records.get(self.document_id)
        if current and current.instance_id != run.instance_id:
            await self.incoming.discard()

    async def _answer_known(self, known: DocumentRecord) -> Acceptance:
        await self._reserve(_run_of(known))
        # A crash after the record was written and before the run was started leaves the document queued.
        if known.status is DocumentStatus.QUEUED:
            started = await start_lost_run(self.services, self.runtime, known)
            return Acceptance(started or known, started=started is not None)
        return Acceptance(known, started=False)

    async def _start(self, record: DocumentRecord) -> Acceptance:
        return Acceptance(await start_run(self.services, self.runtime, record), started=True)

    @asynccontextmanager
    async def _place_for(self, run: Reservation) -> AsyncGenerator[None, None]:
        """A place among the documents in flight; released unless the record becomes that of this run."""
        is_ours = await self.services.pending_places.take(run)
        try:
            yield
        finally:
            # A place that cannot be released now is left to the reconciliation.
            with suppress(ServiceFault):
                await self._keep_or_release(run, is_ours)

    async def _keep_or_release(self, run: RunReference, is_ours: bool) -> None:
        """Keep the place of a started run, also when it was taken by another submission with the same key.

        That submission has the same run, and may have released the place meanwhile.
        """
        record = await self.services.document_records.get(run.document_id)
        started = record is not None and record.is_of(run)
        if started and not is_ours:
            await self.services.pending_places.keep(run)
        if is_ours and not started:
            await self.services.pending_places.release(run)

    async def _new_record(self, run: Reservation) -> DocumentRecord:
        """The record of a new run, whose content is stored."""
        submission, content = self.submission, self.incoming.content
        return DocumentRecord(
            document_id=self.document_id,
            instance_id=run.instance_id,
            user_id=submission.user_id,
            priority=submission.priority,
            file_name=submission.file_name,
            metadata=submission.metadata,
            content_hash=content.content_hash,
            content_type=content.content_type,
            blob_url=await self.incoming.store(self.document_id),
            submitted_at=run.accepted_at,
            updated_at=self.services.clock(),
        )

    async def _new_run(self) -> Reservation:
        now, user_id = self.services.clock(), self.submission.user_id
        instance_id = instance_ids.new_instance_id(self.document_id, user_id, now)
        return await self._reserve(
            Reservation(document_id=self.document_id, instance_id=instance_id, accepted_at=now)
        )

    async def _reserve(self, run: Reservation) -> Reservation:
        """The run that the idempotency key stands for: ``run``, unless the key was used before."""
        key = self.submission.idempotency_key
        if key is None or self.reservation:
            return self.reservation or run
        reserved = await self.services.idempotency_keys.reserve(self.submission.user_id, key, run)
        self.reservation = self._require_same_document(reserved)
        return reserved

    def _already_answered_by(self, known: DocumentRecord) -> bool:
        """Whether our idempotency key stands for the known run, or for one that was replaced since."""
        run = self.reservation
        return run is not None and (known.instance_id == run.instance_id or known.submitted_at >= run.accepted_at)

    def _require_same(self, known: DocumentRecord) -> None:
        if known.user_id != self.submission.user_id:
            raise AnotherUsersDocument(self.document_id)
        if known.content_hash != self.incoming.content.content_hash:
            raise OtherContentKnown(self.document_id)

    def _require_same_document(self, found: Reservation | None) -> Reservation | None:
        if found and found.document_id != self.document_id:
            raise IdempotencyKeyUsed(found.document_id)
        return found


def _run_of(record: DocumentRecord) -> Reservation:
    return Reservation(
        document_id=record.document_id, instance_id=record.instance_id, accepted_at=record.submitted_at
    )
