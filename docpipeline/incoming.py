"""The content of a submission, in both of its forms, on its way into the container ``incoming``."""

import asyncio
import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from docpipeline.errors import InvalidRequest, UnsupportedContent
from docpipeline.models import instance_ids
from docpipeline.models.file_types import ACCEPTED, sniff
from docpipeline.services.blob_source import SpooledContent
from docpipeline.services.document_blobs import IncomingBlob

if TYPE_CHECKING:
    from docpipeline.composition import Services

_MOST_HASHED_IN_LOOP = 256 * 1024
"""Larger content is hashed in a thread, so that the event loop is not blocked."""


@dataclass(frozen=True)
class Upload:
    """A file sent as the body."""

    content: bytes = field(repr=False)
    """The object that the request holds; it is never copied."""
    content_type: str


@dataclass(frozen=True)
class BlobReference:
    """A blob that is copied into ``incoming``."""

    url: str = field(repr=False)


@dataclass(frozen=True)
class Content:
    """What is known of the content once it is read."""

    content_hash: str
    """SHA-256, hex."""
    content_type: str


def incoming_for(source: Upload | BlobReference, user_id: str, services: "Services") -> "Incoming":
    """The content of a submission, not yet read. Raises InvalidBlobUrl."""
    if isinstance(source, Upload):
        return _Uploaded(source, user_id, services)
    return _Referenced(source, user_id, services)


class Incoming(ABC):
    """A submission's content. ``content`` and ``store`` may be used after ``read``."""

    content: Content

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._stored: IncomingBlob | None = None

    @abstractmethod
    async def default_document_id(self) -> str:
        """The id for a document that was sent without one."""

    @abstractmethod
    async def read(self) -> None:
        """Read the content and set ``content``; nothing is stored.

        Raises BlobUnavailable, InvalidRequest, UnsupportedContent or DocumentTooLarge.
        """

    async def store(self, document_id: str) -> str:
        """Put the content in ``incoming`` and return its URL. Repeat-safe."""
        content = self.content
        self._stored = await self._services.document_blobs.save_incoming(
            document_id, self._bytes(), content.content_hash, content.content_type
        )
        return self._stored.blob_url

    async def discard(self) -> None:
        """Delete what was stored, because no run was started; content that another run uses stays."""
        if self._stored is not None:
            await self._services.document_blobs.discard_incoming(self._stored)

    @abstractmethod
    def close(self) -> None:
        """Release what was read."""

    @abstractmethod
    def _bytes(self) -> bytes | IO[bytes]: ...


class _Uploaded(Incoming):
    def __init__(self, upload: Upload, user_id: str, services: "Services") -> None:
        super().__init__(services)
        self._upload, self._user_id = upload, user_id

    async def default_document_id(self) -> str:
        await self.read()
        return instance_ids.default_document_id(self._user_id, self.content.content_hash)

    async def read(self) -> None:
        if not hasattr(self, "content"):
            self.content = Content(await _sha256(self._upload.content), self._upload.content_type)

    def close(self) -> None:
        # The content belongs to the request.
        return

    def _bytes(self) -> bytes:
        return self._upload.content


class _Referenced(Incoming):
    def __init__(self, reference: BlobReference, user_id: str, services: "Services") -> None:
        super().__init__(services)
        self._location = services.document_blobs.locate(reference.url)
        self._reference, self._user_id = reference, user_id
        self._spooled: SpooledContent | None = None

    async def default_document_id(self) -> str:
        return instance_ids.default_document_id(self._user_id, self._location.url)

    async def read(self) -> None:
        limit_bytes = self._services.settings.max_document_bytes
        spooled = await self._services.document_blobs.read_source(self._reference.url, limit_bytes)
        self._spooled = spooled
        self.content = Content(spooled.sha256, _type_of_blob(spooled.first_bytes))

    def close(self) -> None:
        if self._spooled is not None:
            self._spooled.file.close()

    def _bytes(self) -> IO[bytes]:
        assert self._spooled is not None, "read comes before store"
        return self._spooled.file


def _type_of_blob(first_bytes: bytes) -> str:
    if not first_bytes:
        raise InvalidRequest([(("blobUrl",), "empty", "must name a blob that is not empty")])
    content_type = sniff(first_bytes)
    if content_type is None:
        raise UnsupportedContent(ACCEPTED)
    return content_type


async def _sha256(content: bytes) -> str:
    if len(content) <= _MOST_HASHED_IN_LOOP:
        return hashlib.sha256(content).hexdigest()
    return (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
