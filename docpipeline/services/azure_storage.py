"""How the clients for blobs and tables are built, and what their errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from docpipeline.errors import ServiceRefused, ServiceUnavailable
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services.app_identity import AppIdentity

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.data.tables.aio import TableClient, TableServiceClient
    from azure.storage.blob.aio import BlobServiceClient

CONNECT_SECONDS = 5
READ_SECONDS = 30
TABLE_READ_SECONDS = 10
_MEBIBYTE = 1024 * 1024
_REFUSED = {401, 403}


def blob_service(account: StorageAccount, identity: AppIdentity) -> "BlobServiceClient":
    """A client for the account's blobs. It gives up soon, not after the SDK's 82 s: the durable retry waits."""
    from azure.storage.blob.aio import BlobServiceClient, ExponentialRetry

    retries = ExponentialRetry(initial_backoff=1, increment_base=2, random_jitter_range=1, retry_total=1)
    options: dict[str, Any] = {
        "retry_policy": retries,
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        # A larger document is uploaded in blocks, so that it is never in memory as a whole.
        "max_single_put_size": 4 * _MEBIBYTE,
        "max_block_size": 4 * _MEBIBYTE,
        "max_single_get_size": 4 * _MEBIBYTE,
        "max_chunk_get_size": 4 * _MEBIBYTE,
    }
    if account.connection_string:
        return BlobServiceClient.from_connection_string(account.connection_string, **options)
    return BlobServiceClient(account.blob_endpoint, credential=identity.credential(), **options)


def table_service(account: StorageAccount, identity: AppIdentity) -> "TableServiceClient":
    """A client for the account's tables: Azure Table storage or Cosmos DB for Table."""
    from azure.data.tables.aio import TableServiceClient

    options: dict[str, Any] = {
        "retry_total": 1,
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": TABLE_READ_SECONDS,
    }
    if account.connection_string:
        return TableServiceClient.from_connection_string(account.connection_string, **options)
    return TableServiceClient(endpoint=account.table_endpoint, credential=identity.credential(), **options)


class LazyTable:
    """A table of the account. It is created, if it is missing, at first use."""

    def __init__(self, account: StorageAccount, identity: AppIdentity | None, name: str) -> None:
        self._account = account
        self._identity = identity or AppIdentity()
        self._name = name
        self._service: TableServiceClient | None = None
        self._table: TableClient | None = None

    async def open(self) -> "TableClient":
        """The table's client."""
        if self._table is None:
            self._service = self._service or table_service(self._account, self._identity)
            # Two calls at once do no harm: the second finds the table.
            self._table = await self._service.create_table_if_not_exists(self._name)
        return self._table

    async def close(self) -> None:
        """Close the connections."""
        if self._service is not None:
            await self._service.close()
            self._service = self._table = None


@contextmanager
def storage_faults(service: str) -> Iterator[None]:
    """Turn the SDK's errors into ServiceUnavailable and ServiceRefused. Catch expected errors inside the block."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        raise _translated(service, error) from error
    except (TimeoutError, OSError) as error:
        raise ServiceUnavailable(service, "it could not be reached") from error


def _translated(service: str, error: "AzureError") -> ServiceUnavailable | ServiceRefused:
    # The error's text and URL are left out: both may hold a SAS.
    status = getattr(error, "status_code", None)
    code = getattr(error, "error_code", None) or type(error).__name__
    if status in _REFUSED or type(error).__name__ == "ClientAuthenticationError":
        return ServiceRefused(
            service, f"access was refused ({code}); check DOCUMENT_STORAGE, or the roles of the app's identity"
        )
    symptom = f"it answered {status}" if status else "it could not be reached"
    return ServiceUnavailable(service, f"{symptom} ({code})")
