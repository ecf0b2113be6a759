"""Sharing one blob between submissions: its creator may delete it, until another submission claims it.

Submissions of the same content of the same document share a blob, since its name follows from both. A submission
that starts no run must delete the blob, unless the run of another one uses it. So a submission that finds the blob
renews its ETag, and a deletion needs the ETag of the creation. If the claim comes first, the deletion fails; if
the deletion comes first, the claim fails, and the content is stored again.
"""

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient


async def create(blob: "BlobClient", content: bytes | IO[bytes], content_type: str) -> str | None:
    """Store ``content`` unless the blob exists. Returns its ETag, or None when it existed before."""
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
    """Renew the blob's ETag. False when the blob is gone."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        await blob.set_blob_metadata()
    except ResourceNotFoundError:
        return False
    return True


async def discard(blob: "BlobClient", etag: str) -> None:
    """Delete the blob if it still has the ETag of its creation. Does nothing if it is gone or was claimed."""
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

    try:
        await blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    except (ResourceModifiedError, ResourceNotFoundError):
        return
