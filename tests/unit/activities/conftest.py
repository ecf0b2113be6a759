"""Activities under test: real records and blobs, fakes for the services outside."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Unpack, cast

import pytest

from docpipeline import composition
from docpipeline.dependency_checks import DependencyChecks
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services.app_identity import AppIdentity
from docpipeline.services.compliance_api import ComplianceApi
from docpipeline.services.document_blobs import DocumentBlobs, IncomingBlob
from docpipeline.services.document_intelligence import DocumentIntelligence
from docpipeline.services.document_records import DocumentRecords
from docpipeline.services.idempotency_keys import IdempotencyKeys
from docpipeline.services.notifications import Notifier
from docpipeline.services.pending_places import PendingPlaces
from docpipeline.settings import load_settings
from tests.azurite import Azurite
from tests.clocks import ManualClock
from tests.records import RecordFields, a_record, changed
from tests.unit.activities.fakes import FakeComplianceApi, FakeDocumentIntelligence, FakeNotifier
from tests.unit.recorded_metrics import RecordedMetrics

PDF = b"%PDF-1.7 a document"


@dataclass
class Pipeline:
    """What a test of an activity arranges and looks at."""

    document_id: str
    records: DocumentRecords
    blobs: DocumentBlobs
    clock: ManualClock
    document_intelligence: FakeDocumentIntelligence
    compliance_api: FakeComplianceApi
    notifier: FakeNotifier
    metrics: RecordedMetrics
    incoming: IncomingBlob = field(default_factory=lambda: IncomingBlob("", None))

    @property
    def blob_url(self) -> str:
        """Where the content lies."""
        return self.incoming.blob_url

    @property
    def run(self) -> dict[str, str]:
        """The keys every activity's payload has."""
        return {"documentId": self.document_id, "instanceId": f"run-of-{self.document_id}"}

    def started_a_minute_ago(self) -> str:
        return (self.clock() - timedelta(minutes=1)).isoformat()

    async def accept(
        self, status: DocumentStatus = DocumentStatus.QUEUED, /, **fields: Unpack[RecordFields]
    ) -> DocumentRecord:
        """Accept a document whose run has come as far as ``status``."""
        content_hash = hashlib.sha256(PDF).hexdigest()
        self.incoming = await self.blobs.save_incoming(self.document_id, PDF, content_hash)
        accepted: RecordFields = {
            "instance_id": self.run["instanceId"],
            "user_id": "ada",
            "content_hash": content_hash,
            "content_type": "application/pdf",
            "blob_url": self.blob_url,
            "submitted_at": self.clock(),
            "updated_at": self.clock(),
            "status": status,
        }
        accepted.update(fields)
        record = a_record(self.document_id, **accepted)
        await self.records.create(record)
        return record

    async def supersede(self) -> None:
        """A newer run takes the document over."""
        await self.records.update(self.document_id, lambda record: changed(record, instance_id="a-newer-run"))

    async def record(self) -> DocumentRecord:
        """The record as it is now."""
        record = await self.records.get(self.document_id)
        assert record is not None
        return record


@pytest.fixture
async def places(azurite: Azurite, clock: ManualClock) -> AsyncIterator[PendingPlaces]:
    places = PendingPlaces(StorageAccount.from_connection_string(azurite.connection_string), 10_000, clock)
    yield places
    await places.close()


@pytest.fixture
def pipeline(
    azurite: Azurite,
    document_id: str,
    records: DocumentRecords,
    blobs: DocumentBlobs,
    clock: ManualClock,
    places: PendingPlaces,
    metrics: RecordedMetrics,
) -> Iterator[Pipeline]:
    arranged = Pipeline(
        document_id,
        records,
        blobs,
        clock,
        FakeDocumentIntelligence(),
        FakeComplianceApi(),
        FakeNotifier(),
        metrics,
    )
    settings = load_settings(
        {
            "DOCUMENT_INTELLIGENCE_ENDPOINT": "https://di.example",
            "COMPLIANCE_API_ENDPOINT": "https://compliance.example",
            "AzureWebJobsStorage": azurite.connection_string,
        }
    )
    services = composition.Services(
        settings=settings,
        document_intelligence=cast(DocumentIntelligence, arranged.document_intelligence),
        compliance_api=cast(ComplianceApi, arranged.compliance_api),
        notifier=cast(Notifier, arranged.notifier),
        document_blobs=blobs,
        document_records=records,
        idempotency_keys=cast(IdempotencyKeys, None),
        pending_places=places,
        dependency_checks=cast(DependencyChecks, None),
        identity=AppIdentity(),
        clock=clock,
    )
    with composition.use_services(services):
        yield arranged
