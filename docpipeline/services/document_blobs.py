"""Documents, their texts and their results in blob storage: containers incoming, extractions and archive.

Names follow from the document's id, the run's id and the content's hash only, and blobs that must not be written
twice are created only if they are missing: a second run of an activity finds what the first one stored.
"""

import json
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from docpipeline.errors import BlobUnavailable, ServiceUnavailable
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.extraction import Extraction
from docpipeline.models.runs import RunReference
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services import azure_storage, blob_claims
from docpipeline.services.analysis_ledger import AnalysisLedger
from docpipeline.services.app_identity import AppIdentity
from docpipeline.services.azure_storage import storage_faults
from docpipeline.services.blob_copy import copy_then_delete
from docpipeline.services.blob_source import BlobSource, SpooledContent
from docpipeline.services.blob_url import BlobLocation, parse_blob_url, refuse_kept_container
from docpipeline.services.storage_keys import document_key, run_folder

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient, BlobServiceClient

INCOMING, EXTRACTIONS, ARCHIVE = "incoming", "extractions", "archive"
_SERVICE = "document storage"
_MOST_CLAIMS = 8
_FILE_SUFFIXES = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/tiff": ".tif",
}


@dataclass(frozen=True)
class IncomingBlob:
    """A document's content in container ``incoming``, as one submission stored it."""

    blob_url: str
    """Without a SAS."""
    etag: str | None
    """The blob's ETag when this submission created it; None when the blob existed before."""


class DocumentBlobs:
    """Reads and writes the blobs of documents. One instance serves the whole process.

    Every method raises ServiceUnavailable when storage cannot be reached for now, and ServiceRefused when
    access is denied.
    """

    def __init__(
        self, account: StorageAccount, allowed_hosts: Collection[str], identity: AppIdentity | None = None
    ) -> None:
        self._account = account
        self._identity = identity or AppIdentity()
        self._allowed_hosts = frozenset(allowed_hosts)
        self._service: BlobServiceClient | None = None
        self._source = BlobSource()
        self._created: set[str] = set()

    async def save_incoming(
        self,
        document_id: str,
        content: bytes | IO[bytes],
        content_hash: str,
        content_type: str = "application/octet-stream",
    ) -> IncomingBlob:
        """Store a document's content, or claim it when it is stored already.

        A claim renews the blob's ETag, so that its creator can no longer discard it.

        Args:
            document_id: the document's id.
            content: the bytes, or an open file, which is read from its start.
            content_hash: the content's SHA-256 in hex, the blob's name.
            content_type: MIME type by the content itself.
        """
        with storage_faults(_SERVICE):
            blob = await self._blob(INCOMING, f"{document_key(document_id)}/{content_hash}")
            for _ in range(_MOST_CLAIMS):
                etag = await blob_claims.create(blob, content, content_type)
                if etag is not None or await blob_claims.claim(blob):
                    return IncomingBlob(self._url(blob), etag)
        raise ServiceUnavailable(_SERVICE, "others keep storing and discarding the same content")

    def locate(self, blob_url: str) -> BlobLocation:
        """Check a client's ``blobUrl`` without reading the blob. Raises InvalidBlobUrl."""
        location = parse_blob_url(blob_url, self._allowed_hosts, self._account.blob_endpoint)
        refuse_kept_container(location, {EXTRACTIONS, ARCHIVE})
        return location

    async def read_source(self, blob_url: str, limit_bytes: int) -> SpooledContent:
        """The content of the blob that a client names. The caller closes its file.

        A SAS in the URL is used only here.

        Args:
            blob_url: https URL on an allowed host, with or without a SAS.
            limit_bytes: the most bytes that are accepted.

        Raises:
            InvalidBlobUrl: the URL is refused.
            BlobUnavailable: there is no such blob, or it may not be read.
            DocumentTooLarge: it has more than ``limit_bytes`` bytes.
        """
        location = self.locate(blob_url)
        own = None
        if location.is_own and not location.has_sas:
            own = self._client().get_blob_client(location.container, location.blob)
        with storage_faults(_SERVICE):
            return await self._source.fetch(blob_url, own, limit_bytes)

    async def open_incoming(self, blob_url: str) -> "SpooledTemporaryFile[bytes]":
        """The content of a blob in ``incoming`` as an open file, at its start. The caller closes it.

        Raises BlobUnavailable when there is no such blob.
        """
        with storage_faults(_SERVICE):
            content = SpooledContent()
            try:
                await content.fill(self._source.chunks_of(self._incoming_blob(blob_url)))
            except BaseException:
                content.file.close()
                raise
            return content.file

    async def discard_incoming(self, stored: IncomingBlob) -> None:
        """Delete content that no run needs, if ``stored`` created it and no other submission has claimed it."""
        if stored.etag is not None:
            with storage_faults(_SERVICE):
                await blob_claims.discard(self._incoming_blob(stored.blob_url), stored.etag)

    def analysis_ledger(self, run: RunReference) -> AnalysisLedger:
        """The ledger of a run's submissions for analysis. Reads nothing yet."""
        folder = run_folder(run)
        return AnalysisLedger(lambda name: self._blob(EXTRACTIONS, f"{folder}/{name}"), _SERVICE)

    async def save_text(self, run: RunReference, text: str) -> str:
        """Store the extracted text. Returns its ``container/name``."""
        from azure.storage.blob import ContentSettings

        name = f"{run_folder(run)}/text.txt"
        settings = ContentSettings(content_type="text/plain; charset=utf-8")
        with storage_faults(_SERVICE):
            blob = await self._blob(EXTRACTIONS, name)
            await blob.upload_blob(text.encode(), overwrite=True, content_settings=settings)
        return f"{EXTRACTIONS}/{name}"

    async def save_extraction(self, run: RunReference, extraction: Extraction) -> None:
        """Store the result of the extraction, after its text. Once it is stored, the extraction is done."""
        await self._write_json(f"{run_folder(run)}/extraction.json", extraction.to_payload())

    async def read_extraction(self, run: RunReference) -> Extraction | None:
        """The result of the extraction; None when it is not done."""
        stored = await self._read_json(f"{run_folder(run)}/extraction.json")
        return None if stored is None else Extraction.from_payload(stored)

    async def read_text(self, text_blob: str) -> AsyncIterator[bytes]:
        """The UTF-8 text at ``container/name``, in chunks. Raises BlobUnavailable before the first of them."""
        container, _, name = text_blob.partition("/")
        if container != EXTRACTIONS:
            raise BlobUnavailable(f"texts are in container '{EXTRACTIONS}'")
        with storage_faults(_SERVICE):
            async for chunk in self._source.chunks_of(self._client().get_blob_client(container, name)):
                yield chunk

    async def archive_processed(self, record: DocumentRecord, result: dict[str, Any]) -> str:
        """Move the original to ``archive`` with ``result`` beside it. Returns the folder, ``container/name``."""
        folder = f"processed/{run_folder(record.run)}"
        await self._write_json(f"{folder}/result.json", result, ARCHIVE)
        return await self._archive(record, folder)

    async def archive_rejected(self, record: DocumentRecord) -> str:
        """Move the original of a rejected document to ``archive``. Returns the folder, ``container/name``."""
        return await self._archive(record, f"rejected/{run_folder(record.run)}")

    async def check(self) -> None:
        """Raise ServiceUnavailable or ServiceRefused unless blobs can be read."""
        with storage_faults(_SERVICE):
            await self._ensure(INCOMING)
            await self._client().get_container_client(INCOMING).get_container_properties()

    async def close(self) -> None:
        """Close the connections."""
        await self._source.close()
        if self._service is not None:
            await self._service.close()
            self._service = None

    async def _archive(self, record: DocumentRecord, folder: str) -> str:
        with storage_faults(_SERVICE):
            suffix = _FILE_SUFFIXES.get(record.content_type, PurePosixPath(record.file_name or "").suffix[:10])
            target = await self._blob(ARCHIVE, f"{folder}/original{suffix}")
            await copy_then_delete(self._incoming_blob(record.blob_url), target)
        return f"{ARCHIVE}/{folder}"

    def _incoming_blob(self, blob_url: str) -> "BlobClient":
        host = {self._account.blob_host.lower()}
        location = parse_blob_url(blob_url, host, self._account.blob_endpoint)
        if location.container != INCOMING:
            raise BlobUnavailable(f"documents are read from container '{INCOMING}'")
        return self._client().get_blob_client(INCOMING, location.blob)

    async def _write_json(self, name: str, value: dict[str, Any], container: str = EXTRACTIONS) -> None:
        from azure.storage.blob import ContentSettings

        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        settings = ContentSettings(content_type="application/json")
        with storage_faults(_SERVICE):
            blob = await self._blob(container, name)
            await blob.upload_blob(text.encode(), overwrite=True, content_settings=settings)

    async def _read_json(self, name: str) -> dict[str, Any] | None:
        from azure.core.exceptions import ResourceNotFoundError

        with storage_faults(_SERVICE):
            try:
                download = await (await self._blob(EXTRACTIONS, name)).download_blob()
                stored: dict[str, Any] = json.loads(await download.readall())
            except ResourceNotFoundError:
                return None
        return stored

    async def _blob(self, container: str, name: str) -> "BlobClient":
        await self._ensure(container)
        return self._client().get_blob_client(container, name)

    async def _ensure(self, container: str) -> None:
        from azure.core.exceptions import ResourceExistsError

        if container in self._created:
            return
        with suppress(ResourceExistsError):
            await self._client().create_container(container)
        self._created.add(container)

    def _client(self) -> "BlobServiceClient":
        self._service = self._service or azure_storage.blob_service(self._account, self._identity)
        return self._service

    @staticmethod
    def _url(blob: "BlobClient") -> str:
        # When the account is reached with a SAS, every URL holds it.
        return str(blob.url).partition("?")[0]
