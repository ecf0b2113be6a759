"""One blob, several requests that may need it: who created it may delete it, until somebody else claims it.

Requests that send the same content of the same document at once share a blob by its name. One whose run is not
taken must leave nothing behind, and must not take the content from under another one's run. So whoever finds the
blob renews its ETag, and only what still has the ETag of its creation is deleted: either the claim comes first and
the deletion fails, or the deletion does, and whoever wanted to claim stores the content anew.
"""

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient


async def create(blob: "BlobClient", content: bytes | IO[bytes], content_type: str) -> str | None:
    """Store ``content`` unless the blob is there. Returns its ETag, or None when it was there before."""
    from azure.core.exceptions import ResourceExistsError
    from azure.storage.blob import ContentSettings

    if not isinstance(content, bytes):
        content.seek(0)
    try:
        settings = ContentSettings(content_type=content_type)
        stored = await blob.upload_blob(content, overwrite=False, content_settings=settings)
    except ResourceExistsError:
        return None
    etag: str = stored["etag"]
    return etag


async def claim(blob: "BlobClient") -> bool:
    """Renew the blob's ETag; False when it is gone by now."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        await blob.set_blob_metadata()
    except ResourceNotFoundError:
        return False
    return True


async def discard(blob: "BlobClient", etag: str) -> None:
    """Delete the blob as it was created. Fine if it is gone, or somebody has claimed it since."""
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

    try:
        await blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    except (ResourceModifiedError, ResourceNotFoundError):
        return
