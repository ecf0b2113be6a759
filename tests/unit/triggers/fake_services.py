"""Storage in memory, with the promises of the real services, and the clock in the test's hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Any, cast

from docpipeline.composition import Services
from docpipeline.dependency_checks import DependencyChecks
from docpipeline.errors import (
    BlobUnavailable,
    DocumentTooLarge,
    InvalidRequest,
    RecordConflict,
    RecordNotFound,
    ServiceUnavailable,
    TooManyPending,
    UnreadableRow,
)
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.event_names import NotificationType
from docpipeline.models.runs import RunReference
from docpipeline.services.app_identity import AppIdentity
from docpipeline.services.blob_source import SpooledContent
from docpipeline.services.blob_url import BlobLocation, parse_blob_url
from docpipeline.services.compliance_api import ComplianceApi
from docpipeline.services.document_blobs import DocumentBlobs, IncomingBlob
from docpipeline.services.document_intelligence import DocumentIntelligence
from docpipeline.services.document_records import DocumentRecords
from docpipeline.services.idempotency_keys import IdempotencyKeys, Reservation
from docpipeline.services.notifications import Notifier
from docpipeline.services.pending_places import PendingPlaces
from docpipeline.settings import Settings, load_settings

ENVIRON = {
    "AzureWebJobsStorage": "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=a2V5",
    "DOCUMENT_INTELLIGENCE_ENDPOINT": "https://di.example.com",
    "DOCUMENT_INTELLIGENCE_KEY": "di-secret",
    "COMPLIANCE_API_ENDPOINT": "https://compliance.example.com",
    "COMPLIANCE_API_KEY": "compliance-secret",
}
OWN = "https://acct.blob.core.windows.net"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class FakeRecords:
    def __init__(self) -> None:
        self.rows: dict[str, DocumentRecord] = {}
        self.is_down = False
        self.damaged: set[str] = set()
        """Ids of documents whose rows cannot be read."""
        self.before_create: Callable[[], object] = lambda: None
        self.asked: list[Any] = []

    def put(self, record: DocumentRecord) -> DocumentRecord:
        self.rows[record.document_id] = record
        return record

    async def create(self, record: DocumentRecord) -> bool:
        self.before_create()
        self._check_up()
        return self.rows.setdefault(record.document_id, record) is record

    async def get(self, document_id: str) -> DocumentRecord | None:
        # Others have their turn here, as they have with a real table.
        await asyncio.sleep(0)
        self._check_up()
        if document_id in self.damaged:
            raise UnreadableRow("documents", f"id|{document_id}", "status: enum")
        return self.rows.get(document_id)

    async def update(self, document_id: str, change: Callable[[DocumentRecord], DocumentRecord]) -> DocumentRecord:
        self._check_up()
        if document_id not in self.rows:
            raise RecordNotFound(document_id)
        return self.put(change(self.rows[document_id]))

    async def change(
        self, run: RunReference, change: Callable[[DocumentRecord], DocumentRecord]
    ) -> DocumentRecord | None:
        record = await self.update(run.document_id, lambda now: change(now) if now.is_of(run) else now)
        return record if record.is_of(run) else None

    async def replace(self, ended: RunReference, record: DocumentRecord) -> DocumentRecord:
        current = self.rows[record.document_id]
        if not (current.is_of(ended) or current.is_of(record.run)):
            raise RecordConflict(record.document_id)
        return self.put(record) if current.is_of(ended) else current

    async def page(
        self, status: DocumentStatus | None, user_id: str | None, limit: int, token: str | None
    ) -> tuple[list[DocumentRecord], str | None]:
        self.asked.append((status, user_id, limit, token))
        if token == "nonsense":
            raise InvalidRequest([(("continuationToken",), "token", "is not a token of this API")])
        return list(self.rows.values())[:limit], "next" if len(self.rows) > limit else None

    async def unfinished(self, older_than: datetime) -> AsyncIterator[DocumentRecord]:
        for record in list(self.rows.values()):
            if record.is_open and record.updated_at < older_than:
                yield record

    async def check(self) -> None:
        self._check_up()

    def _check_up(self) -> None:
        if self.is_down:
            raise ServiceUnavailable("document records", "it answered 503 (ServerBusy)")


@dataclass
class FakeBlobs:
    settings: Settings
    stored: dict[str, bytes] = field(default_factory=dict)
    sources: dict[str, bytes] = field(default_factory=dict)
    """Content of blobs by URL without its query."""
    texts: dict[str, bytes] = field(default_factory=dict)
    saved: list[bytes | IO[bytes]] = field(default_factory=list)
    etags: dict[str, str] = field(default_factory=dict)
    spools: list[SpooledContent] = field(default_factory=list)
    before_save: Callable[[], object] = lambda: None

    async def save_incoming(
        self, document_id: str, content: bytes | IO[bytes], content_hash: str, content_type: str
    ) -> IncomingBlob:
        await asyncio.sleep(0)
        self.before_save()
        url = f"{OWN}/incoming/{document_id}/{content_hash}"
        self.saved.append(content)
        is_new = url not in self.stored
        self.stored.setdefault(url, content if isinstance(content, bytes) else content.read())
        # Whoever finds it renews its ETag.
        self.etags[url] = str(len(self.saved))
        return IncomingBlob(url, self.etags[url] if is_new else None)

    def locate(self, blob_url: str) -> BlobLocation:
        return parse_blob_url(blob_url, self.settings.allowed_blob_hosts, OWN)

    async def read_source(self, blob_url: str, limit_bytes: int) -> SpooledContent:
        content = self.sources.get(self.locate(blob_url).url)
        if content is None:
            raise BlobUnavailable("the blob at blobUrl does not exist")
        if len(content) > limit_bytes:
            raise DocumentTooLarge(limit_bytes)
        spooled = SpooledContent(limit_bytes)
        spooled.write(content)
        spooled.file.seek(0)
        self.spools.append(spooled)
        return spooled

    async def discard_incoming(self, stored: IncomingBlob) -> None:
        if stored.etag is not None and stored.etag == self.etags.get(stored.blob_url):
            self.stored.pop(stored.blob_url, None)

    async def read_text(self, text_blob: str) -> AsyncIterator[bytes]:
        if text_blob not in self.texts:
            raise BlobUnavailable("there is no such blob")
        yield self.texts[text_blob]

    async def check(self) -> None:
        return None


class FakeKeys:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Reservation] = {}

    async def find(self, user_id: str, key: str) -> Reservation | None:
        return self.rows.get((user_id, key))

    async def reserve(self, user_id: str, key: str, wanted: Reservation) -> Reservation:
        return self.rows.setdefault((user_id, key), wanted)


class FakePlaces:
    """Places without rows: a set, and the times of taking."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self.taken: dict[str, tuple[RunReference, datetime]] = {}
        self._limit, self._clock = limit, clock

    async def require_room(self) -> None:
        if len(self.taken) >= self._limit:
            raise TooManyPending(len(self.taken), self._limit)

    async def take(self, run: RunReference) -> bool:
        await self.require_room()
        if run.instance_id in self.taken:
            return False
        await self.keep(run)
        return True

    async def keep(self, run: RunReference) -> None:
        self.taken[run.instance_id] = (run, self._clock())

    async def release(self, run: RunReference) -> None:
        self.taken.pop(run.instance_id, None)

    async def taken_before(self, moment: datetime) -> AsyncIterator[RunReference]:
        for run, at in list(self.taken.values()):
            if at < moment:
                yield run


class FakeNotifier:
    """Keeps what it is to send, or refuses as told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.fault: Exception | None = None

    async def send(self, type: NotificationType, run: RunReference, data: dict[str, Any]) -> None:
        if self.fault:
            raise self.fault
        self.sent.append((type.value, run.instance_id, data))

    def types(self) -> list[str]:
        return [type for type, _, _ in self.sent]


@dataclass
class FakeServices:
    """The fakes by their own types, and as the Services that the code under test gets."""

    settings: Settings
    records: FakeRecords
    blobs: FakeBlobs
    keys: FakeKeys
    clock: Clock
    places: FakePlaces
    notifier: FakeNotifier

    @classmethod
    def with_settings(cls, **changed: str) -> "FakeServices":
        settings = load_settings({**ENVIRON, **changed})
        clock = Clock()
        places = FakePlaces(settings.max_pending_documents, clock)
        return cls(settings, FakeRecords(), FakeBlobs(settings), FakeKeys(), clock, places, FakeNotifier())

    def dependency_checks(self) -> DependencyChecks:
        """Checks of this storage, by this clock."""
        records, blobs = cast(DocumentRecords, self.records), cast(DocumentBlobs, self.blobs)
        return DependencyChecks(self.settings, records, blobs, lambda: self.clock.now.timestamp())

    def as_services(self) -> Services:
        return Services(
            settings=self.settings,
            document_intelligence=cast(DocumentIntelligence, None),
            compliance_api=cast(ComplianceApi, None),
            notifier=cast(Notifier, self.notifier),
            document_blobs=cast(DocumentBlobs, self.blobs),
            document_records=cast(DocumentRecords, self.records),
            idempotency_keys=cast(IdempotencyKeys, self.keys),
            pending_places=cast(PendingPlaces, self.places),
            dependency_checks=self.dependency_checks(),
            identity=cast(AppIdentity, None),
            clock=self.clock,
        )
