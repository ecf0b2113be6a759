"""The storage account of the documents: how to reach it, and which URLs are its own."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

_DEVELOPMENT_ACCOUNT = "devstoreaccount1"
_DEFAULT_SUFFIX = "core.windows.net"


@dataclass(frozen=True)
class StorageAccount:
    """A storage account, reached by connection string or, when there is none, by identity.

    Attributes:
        name: the account's name.
        blob_endpoint: base URL of its blobs, without a trailing slash.
        table_endpoint: base URL of its tables, without a trailing slash.
        connection_string: holds a key, so it is never shown; None for identity.
    """

    name: str
    blob_endpoint: str
    table_endpoint: str
    connection_string: str | None = field(default=None, repr=False)

    @property
    def blob_host(self) -> str:
        """Host of the account's blobs, with the port where the endpoint names one."""
        return urlsplit(self.blob_endpoint).netloc

    @classmethod
    def by_identity(cls, name: str) -> Self:
        """The public-cloud account called ``name``, reached with the app's identity."""
        return cls(name, f"https://{name}.blob.{_DEFAULT_SUFFIX}", f"https://{name}.table.{_DEFAULT_SUFFIX}")

    @classmethod
    def from_connection_string(cls, connection_string: str) -> Self:
        """Read a connection string, ``UseDevelopmentStorage=true`` (Azurite on its own ports) included.

        Raises ValueError saying what is missing, without repeating the string: it holds a key.
        """
        parts = _parts(connection_string)
        if parts.get("usedevelopmentstorage", "").lower() == "true":
            blobs, tables = (f"http://127.0.0.1:{port}/{_DEVELOPMENT_ACCOUNT}" for port in (10000, 10002))
            return cls(_DEVELOPMENT_ACCOUNT, blobs, tables, connection_string)
        name = parts.get("accountname")
        if not name or not (parts.get("accountkey") or parts.get("sharedaccesssignature")):
            raise ValueError("it lacks AccountName, or both AccountKey and SharedAccessSignature")
        return cls(name, _endpoint(parts, name, "blob"), _endpoint(parts, name, "table"), connection_string)


def _parts(connection_string: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in connection_string.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _endpoint(parts: dict[str, str], account: str, service: str) -> str:
    named = parts.get(f"{service}endpoint")
    if named:
        return named.rstrip("/")
    protocol = parts.get("defaultendpointsprotocol", "https")
    suffix = parts.get("endpointsuffix", _DEFAULT_SUFFIX)
    return f"{protocol}://{account}.{service}.{suffix}"
