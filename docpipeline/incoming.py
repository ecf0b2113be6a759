"""The content of a submission on its way into the container ``incoming``, in both of its forms."""

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

_HASHED_ON_THE_LOOP = 256 * 1024


@dataclass(frozen=True)
class Upload:
    """A file sent as the body."""

    content: bytes = field(repr=False)
    """The very object the request holds: never copied."""
    content_type: str


@dataclass(frozen=True)
class BlobReference:
    """A blob to be copied once."""

    url: str = field(repr=False)


@dataclass(frozen=True)
class Content:
    """What the content is."""

    content_hash: str
    """SHA-256, hex."""
    content_type: str


def incoming_for(source: Upload | BlobReference, user_id: str, services: "Services") -> "Incoming":
    """The content that a submission brings or names. Raises InvalidBlobUrl before anything else is done."""
    if isinstance(source, Upload):
        return _Uploaded(source, user_id, services)
    return _Referenced(source, user_id, services)


class Incoming(ABC):
    """A submission's content. First ``read``, then ``content`` is known and ``store`` may be called."""

    content: Content

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._stored: IncomingBlob | None = None

    @abstractmethod
    async def default_document_id(self) -> str:
        """The id of a document that was sent without one."""

    @abstractmethod
    async def read(self) -> None:
        """Learn what the content is; nothing is stored. Raises BlobUnavailable, and what refuses content."""

    async def store(self, document_id: str) -> str:
        """Put the content in ``incoming`` and return its URL. Storing it twice is storing it once."""
        content = self.content
        self._stored = await self._services.document_blobs.save_incoming(
            document_id, self._bytes(), content.content_hash, content.content_type
        )
        return self._stored.blob_url

    async def discard(self) -> None:
        """Take back what was stored, since no run came of it; what another run uses by now stays."""
        if self._stored is not None:
            await self._services.document_blobs.discard_incoming(self._stored)

    @abstractmethod
    def close(self) -> None:
        """Let go of what was read."""

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
        # The request holds the content, not we.
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
    if len(content) <= _HASHED_ON_THE_LOOP:
        return hashlib.sha256(content).hexdigest()
    return (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
