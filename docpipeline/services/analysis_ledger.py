"""How often a run has submitted its document to Document Intelligence, and which operation it waits for."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from docpipeline.services.azure_storage import storage_faults

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient

_OPERATION, _SUBMISSIONS = "operation.json", "submissions.json"


class AnalysisLedger:
    """Counts each submission before it is made and billed, so that a crash at any moment is covered.

    Every method raises ServiceUnavailable when storage cannot be reached for now, and ServiceRefused when access
    is denied.

    Args:
        open_blob: opens the blob with a name in the run's folder.
        storage: the name of the storage in errors.
    """

    def __init__(self, open_blob: "Callable[[str], Awaitable[BlobClient]]", storage: str) -> None:
        self._open_blob = open_blob
        self._storage = storage

    async def operation_url(self) -> str | None:
        """The URL of the run's analyze operation; None when there is none to wait for."""
        operation, _ = await self._read(_OPERATION)
        return operation.get("operationUrl")

    async def save_operation(self, operation_url: str) -> None:
        """Save the operation's URL, so that a second run of the activity resumes it."""
        await self._write(_OPERATION, {"operationUrl": operation_url}, overwrite=True)

    async def forget_operation(self) -> None:
        """Delete the URL of an operation that is lost. Repeat-safe."""
        from azure.core.exceptions import ResourceNotFoundError

        with storage_faults(self._storage):
            try:
                await (await self._open_blob(_OPERATION)).delete_blob()
            except ResourceNotFoundError:
                return

    async def submission_count(self) -> int:
        """How many submissions were begun and may have been accepted, with or without a result."""
        count, _ = await self._read_count()
        return count

    async def take_submission(self, most: int) -> bool:
        """Count a submission that is about to be made. False, and not counted, after ``most`` submissions.

        When two count at once, one raises ServiceUnavailable and finds the other's count when it is retried.
        """
        count, version = await self._read_count()
        if count >= most:
            return False
        await self._write_count(count + 1, version)
        return True

    async def give_back_submission(self) -> None:
        """Uncount the last submission, which the service did not accept."""
        count, version = await self._read_count()
        await self._write_count(max(count - 1, 0), version)

    async def _read_count(self) -> tuple[int, str | None]:
        stored, version = await self._read(_SUBMISSIONS)
        return stored.get("count", 0), version

    async def _write_count(self, count: int, version: str | None) -> None:
        from azure.core import MatchConditions

        if version is None:
            await self._write(_SUBMISSIONS, {"count": count}, overwrite=False)
            return
        unchanged = {"etag": version, "match_condition": MatchConditions.IfNotModified}
        await self._write(_SUBMISSIONS, {"count": count}, overwrite=True, **unchanged)

    async def _read(self, name: str) -> tuple[dict[str, Any], str | None]:
        """A blob's JSON and its ETag; empty and None when there is no such blob."""
        from azure.core.exceptions import ResourceNotFoundError

        with storage_faults(self._storage):
            try:
                download = await (await self._open_blob(name)).download_blob()
                return json.loads(await download.readall()), download.properties.etag
            except ResourceNotFoundError:
                return {}, None

    async def _write(self, name: str, value: dict[str, Any], **options: Any) -> None:
        from azure.storage.blob import ContentSettings

        settings = ContentSettings(content_type="application/json")
        with storage_faults(self._storage):
            blob = await self._open_blob(name)
            await blob.upload_blob(json.dumps(value).encode(), content_settings=settings, **options)
