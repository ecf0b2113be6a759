"""Storage for unit tests: the real services on one Azurite, a clock that tests move, new ids."""

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from docpipeline.models.storage_account import StorageAccount
from docpipeline.services.document_blobs import DocumentBlobs
from docpipeline.services.document_records import DocumentRecords
from tests.azurite import Azurite, azurite
from tests.clocks import ManualClock
from tests.unit.recorded_metrics import RecordedMetrics, recorded_metrics

__all__ = ["azurite"]


@pytest.fixture
def account(azurite: Azurite) -> StorageAccount:
    return StorageAccount.from_connection_string(azurite.connection_string)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def metrics() -> Iterator[RecordedMetrics]:
    """The metrics of this test."""
    with recorded_metrics() as metrics:
        yield metrics


@pytest.fixture
def document_id() -> str:
    return f"doc-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def records(account: StorageAccount) -> AsyncIterator[DocumentRecords]:
    service = DocumentRecords(account)
    yield service
    await service.close()


@pytest.fixture
async def blobs(account: StorageAccount) -> AsyncIterator[DocumentBlobs]:
    service = DocumentBlobs(account, {account.blob_host})
    yield service
    await service.close()
