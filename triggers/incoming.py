"""The content of a submission on its way into the container ``incoming``, in both of its forms."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Protocol

from docpipeline.composition import Services
from docpipeline.models import instance_ids
from triggers import content_types
from triggers.problem_details import invalid_field
from triggers.submissions import BlobReference, Submission, Upload

_HASHED_ON_THE_LOOP = 256 * 1024


@dataclass(frozen=True)
class Content:
    """What the content is."""

    content_hash: str
    """SHA-256, hex."""
    content_type: str


class Incoming(Protocol):
    """A submission's content. First ``read``, then ``content`` is known and ``store`` may be called."""

    content: Content

    async def default_document_id(self) -> str:
        """The id of a document that was sent without one."""

    async def read(self, document_id: str) -> None:
        """Learn what the content is. Raises ProblemError, BlobUnavailable or DocumentTooLarge."""

    async def discard(self) -> None:
        """Take back what was stored: the document is known with other content.

        The blob's name holds the content's hash, and no run of this document has this content: nobody reads it.
        """

    async def store(self, document_id: str) -> str:
        """Put the content in ``incoming`` and return its URL. Storing it twice is storing it once."""


def incoming_for(submission: Submission, services: Services) -> Incoming:
    """The content that a submission brings or names. Raises InvalidBlobUrl before anything else is done."""
    if isinstance(submission.source, Upload):
        return _Uploaded(submission.source, submission.user_id, services)
    return _Referenced(submission.source, submission.user_id, services)


class _Uploaded:
    content: Content

    def __init__(self, upload: Upload, user_id: str, services: Services) -> None:
        self._upload, self._user_id, self._services = upload, user_id, services
        self._blob_url: str | None = None

    async def default_document_id(self) -> str:
        await self.read("")
        return instance_ids.default_document_id(self._user_id, self.content.content_hash)

    async def read(self, document_id: str) -> None:
        if not hasattr(self, "content"):
            self.content = Content(await _sha256(self._upload.content), self._upload.content_type)

    async def store(self, document_id: str) -> str:
        self._blob_url = await self._services.document_blobs.save_incoming(
            document_id, self._upload.content, self.content.content_hash, self.content.content_type
        )
        return self._blob_url

    async def discard(self) -> None:
        # Reading stores nothing; only the loser of a race to create the record has stored its content by now.
        if self._blob_url is not None:
            await self._services.document_blobs.discard_incoming(self._blob_url)


class _Referenced:
    content: Content

    def __init__(self, reference: BlobReference, user_id: str, services: Services) -> None:
        self._location = services.document_blobs.locate(reference.url)
        self._reference, self._user_id, self._services = reference, user_id, services
        self._blob_url = ""

    async def default_document_id(self) -> str:
        return instance_ids.default_document_id(self._user_id, self._location.url)

    async def read(self, document_id: str) -> None:
        copied = await self._services.document_blobs.copy_from_url(
            self._reference.url, document_id, self._services.settings.max_document_bytes, _type_of_blob
        )
        self._blob_url = copied.blob_url
        self.content = Content(copied.content_hash, _type_of_blob(copied.first_bytes))

    async def store(self, document_id: str) -> str:
        return self._blob_url

    async def discard(self) -> None:
        await self._services.document_blobs.discard_incoming(self._blob_url)


def _type_of_blob(first_bytes: bytes) -> str:
    if not first_bytes:
        raise invalid_field("blobUrl", "must name a blob that is not empty")
    return content_types.require_match(first_bytes)


async def _sha256(content: bytes) -> str:
    if len(content) <= _HASHED_ON_THE_LOOP:
        return hashlib.sha256(content).hexdigest()
    return (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
