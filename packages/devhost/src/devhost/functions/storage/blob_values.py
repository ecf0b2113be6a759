"""Converts blobs to what functions receive, and outputs of functions to blob contents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.functions.blob import InputStream
from azure.storage.blob import BlobClient, BlobProperties

from devhost.engine.functions import FunctionFailed
from devhost.functions.converters import converter_of


@dataclass(frozen=True)
class StoredBlob:
    """A blob, read whole.

    Attributes:
        path: ``container/name``.
        uri: Its address.
        content: Its bytes.
        properties: Its properties, under the names that functions see.
        metadata: The metadata that its writer set.
    """

    path: str
    uri: str
    content: bytes
    properties: Mapping[str, Any]
    metadata: Mapping[str, str]

    def as_argument(self, annotation: Any) -> Any:
        """What a parameter receives: ``str`` or ``bytes`` if it is annotated so, otherwise an ``InputStream``.

        Raises FunctionFailed for a ``str`` parameter if the blob is not UTF-8 text.
        """
        if annotation is str:
            return self._text()
        if annotation is bytes:
            return self.content
        return InputStream(
            data=self.content,
            name=self.path,
            uri=self.uri,
            length=len(self.content),
            blob_properties=dict(self.properties),
            metadata=dict(self.metadata),
        )

    def _text(self) -> str:
        try:
            return self.content.decode()
        except UnicodeDecodeError as error:
            text = f"the blob {self.path} is no UTF-8 text ({error}). Annotate its parameter with bytes."
            raise FunctionFailed("BindingError", text) from error


def read_blob(client: BlobClient, **condition: Any) -> StoredBlob | None:
    """Read a blob; None if it or its container does not exist. Raises AzureError, also for a condition not met."""
    try:
        download = client.download_blob(**condition)
    except ResourceNotFoundError:
        return None
    return StoredBlob(
        path=f"{client.container_name}/{client.blob_name}",
        uri=str(client.url),
        content=download.readall(),
        properties=_function_properties(download.properties),
        metadata=download.properties.metadata or {},
    )


def content_of(value: Any) -> bytes:
    """The bytes in what a function gave to a blob output. Raises FunctionFailed for what it cannot carry."""
    try:
        content = converter_of("blob").encode(value, expected_type=None).value
    except NotImplementedError as error:
        text = f"a blob output cannot carry {type(value).__name__}. Give str, bytes, or something to read from."
        raise FunctionFailed("TypeError", text) from error
    return content.encode() if isinstance(content, str) else bytes(content)


def _function_properties(properties: BlobProperties) -> dict[str, Any]:
    settings = properties.content_settings
    return {
        "ETag": properties.etag,
        "LastModified": properties.last_modified.isoformat() if properties.last_modified else None,
        "CreatedOn": properties.creation_time.isoformat() if properties.creation_time else None,
        "ContentLength": properties.size,
        "Length": properties.size,
        "ContentType": settings.content_type,
        "ContentEncoding": settings.content_encoding,
        "BlobType": str(getattr(properties.blob_type, "value", properties.blob_type)),
    }
