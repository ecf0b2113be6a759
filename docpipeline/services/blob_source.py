"""Streaming a blob into a file, with bounded memory and size, and with its hash."""

import hashlib
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from docpipeline.errors import BlobUnavailable, DocumentTooLarge, ServiceUnavailable
from docpipeline.services.http_session import HttpSession

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient

_CHUNK_BYTES = 256 * 1024
_IN_MEMORY_BYTES = 4 * 1024 * 1024
# A PDF's header may come as late as its first 1024 bytes.
_FIRST_BYTES = 2048
_SERVICE = "host of blobUrl"
_TRANSIENT = {408, 429}
_UNREADABLE = "the blob at blobUrl does not exist, or may not be read with what the URL grants"


class SpooledContent:
    """Content that was read: in memory while it is small, in a temporary file when it is larger."""

    def __init__(self, limit_bytes: int | None = None) -> None:
        self.file: SpooledTemporaryFile[bytes]
        self.file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - the caller closes it
        self.size_bytes = 0
        self.first_bytes = b""
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """SHA-256 of the content so far, hex."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append a chunk. Raises DocumentTooLarge as soon as the limit is exceeded."""
        self.size_bytes += len(chunk)
        if self._limit_bytes is not None and self.size_bytes > self._limit_bytes:
            raise DocumentTooLarge(self._limit_bytes)
        if len(self.first_bytes) < _FIRST_BYTES:
            self.first_bytes = (self.first_bytes + chunk)[:_FIRST_BYTES]
        self._hash.update(chunk)
        self.file.write(chunk)

    async def fill(self, chunks: AsyncIterator[bytes]) -> None:
        """Append all chunks, then go back to the start."""
        async for chunk in chunks:
            self.write(chunk)
        self.file.seek(0)


class BlobSource:
    """Reads blobs: of the own account with its client, of others with the access that their URL grants."""

    def __init__(self) -> None:
        # A transfer may be slow, but not stall.
        self._session = HttpSession(total_seconds=900, read_seconds=30)

    async def fetch(self, url: str, own: "BlobClient | None", limit_bytes: int) -> SpooledContent:
        """The content of ``own`` or, when that is None, of ``url``. The caller closes its file.

        Raises:
            BlobUnavailable: it cannot be read.
            ServiceUnavailable: its host cannot answer for now.
            DocumentTooLarge: it has more than ``limit_bytes`` bytes.
        """
        content = SpooledContent(limit_bytes)
        try:
            await content.fill(self.chunks_of(own) if own else self._chunks_at(url))
        except BaseException:
            content.file.close()
            raise
        return content

    async def chunks_of(self, blob: "BlobClient") -> AsyncIterator[bytes]:
        """The chunks of a blob of the own account. Raises BlobUnavailable."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            download = await blob.download_blob()
        except ResourceNotFoundError:
            raise BlobUnavailable(f"there is no blob '{blob.container_name}/{blob.blob_name}'") from None
        async for chunk in download.chunks():
            yield chunk

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _chunks_at(self, url: str) -> AsyncIterator[bytes]:
        import aiohttp
        from yarl import URL

        try:
            # Not encoded again, which would change the signature. Not redirected, which could lead anywhere.
            target = URL(url, encoded=True)
            async with self._session.get().get(target, allow_redirects=False) as response:
                if response.status in _TRANSIENT or response.status >= 500:
                    raise ServiceUnavailable(_SERVICE, f"it answered {response.status}")
                if response.status != 200:
                    raise BlobUnavailable(f"{_UNREADABLE} (its host answered {response.status})")
                async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                    yield chunk
        except ValueError:
            raise BlobUnavailable("blobUrl cannot be requested; percent-encode its special characters") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            # The error's text is left out: it may hold the URL with its SAS.
            raise ServiceUnavailable(_SERVICE, f"it did not answer ({type(error).__name__})") from None
