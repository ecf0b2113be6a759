"""Moving a blob within the account, on the server."""

import asyncio
from typing import TYPE_CHECKING

from docpipeline.errors import BlobUnavailable, ServiceUnavailable

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties
    from azure.storage.blob.aio import BlobClient

_LONGEST_COPY_SECONDS = 120.0
_POLL_SECONDS = 0.25


async def copy_then_delete(source: "BlobClient", target: "BlobClient") -> None:
    """Copy ``source`` to ``target`` on the server, then delete ``source``. Repeat-safe after a crash at any point.

    Raises:
        BlobUnavailable: neither blob exists.
        ServiceUnavailable: the copy is not done yet; the next call continues it.
    """
    from azure.core.exceptions import ResourceNotFoundError

    if not await _is_copied(target):
        try:
            await target.start_copy_from_url(source.url)
        except ResourceNotFoundError:
            raise BlobUnavailable(f"there is no blob '{source.container_name}/{source.blob_name}'") from None
        await _wait_until_copied(target)
    try:
        await source.delete_blob()
    except ResourceNotFoundError:
        return


async def _is_copied(target: "BlobClient") -> bool:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return _copy_status(await target.get_blob_properties()) == "success"
    except ResourceNotFoundError:
        return False


def _copy_status(properties: "BlobProperties") -> str | None:
    status: str | None = properties.copy.status
    return status


async def _wait_until_copied(target: "BlobClient") -> None:
    try:
        async with asyncio.timeout(_LONGEST_COPY_SECONDS):
            # Within one account, a copy is nearly always done at once.
            status = _copy_status(await target.get_blob_properties())
            while status == "pending":
                await asyncio.sleep(_POLL_SECONDS)
                status = _copy_status(await target.get_blob_properties())
    except TimeoutError:
        raise ServiceUnavailable("document storage", "copying the original to the archive takes long") from None
    if status != "success":
        raise ServiceUnavailable("document storage", f"copying the original to the archive ended as {status}")
