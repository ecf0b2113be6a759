"""Idempotency keys in table ``idempotency``: the run that a user's key stands for, written once."""

import hashlib
from datetime import datetime

from docpipeline.errors import ServiceUnavailable, UnreadableRow
from docpipeline.models.runs import RunReference
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services import azure_storage
from docpipeline.services.app_identity import AppIdentity
from docpipeline.services.azure_storage import storage_faults
from docpipeline.services.stored_payloads import payload_in, report

TABLE = "idempotency"
_SERVICE = "idempotency keys"


class Reservation(RunReference):
    """The run that a key stands for. It may not have begun, if the submission that reserved it died."""

    accepted_at: datetime


class IdempotencyKeys:
    """Reads and writes keys. One instance serves the whole process.

    Every method raises ServiceUnavailable when the table cannot be reached for now, ServiceRefused when access is
    denied, and UnreadableRow when a key's row is damaged. Keys are stored as hashes, since they may hold any
    character.
    """

    def __init__(self, account: StorageAccount, identity: AppIdentity | None = None) -> None:
        self._table = azure_storage.LazyTable(account, identity, TABLE)

    async def find(self, user_id: str, key: str) -> Reservation | None:
        """The run that the user's key stands for; None when it was never used."""
        from azure.core.exceptions import ResourceNotFoundError

        with storage_faults(_SERVICE):
            try:
                row = await (await self._table.open()).get_entity(_hashed(user_id), _hashed(key))
            except ResourceNotFoundError:
                return None
        try:
            return payload_in(row, "reservation", Reservation, TABLE)
        except UnreadableRow as damage:
            report(damage)
            raise

    async def reserve(self, user_id: str, key: str, run: Reservation) -> Reservation:
        """Let the key stand for ``run``, unless it stands for another one. Returns the run it stands for now."""
        from azure.core.exceptions import ResourceExistsError

        row = {
            "PartitionKey": _hashed(user_id),
            "RowKey": _hashed(key),
            "documentId": run.document_id,
            "instanceId": run.instance_id,
            "reservation": run.model_dump_json(by_alias=True),
        }
        with storage_faults(_SERVICE):
            try:
                await (await self._table.open()).create_entity(row)
            except ResourceExistsError:
                existing = await self.find(user_id, key)
                if existing is None:
                    raise ServiceUnavailable(_SERVICE, "a key was removed while it was being read") from None
                return existing
        return run

    async def close(self) -> None:
        """Close the connections."""
        await self._table.close()


def _hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
