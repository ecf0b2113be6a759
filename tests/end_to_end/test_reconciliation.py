"""Documents that an operator or a crash left unfinished are brought to their end."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Unpack
from urllib.parse import quote

from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services.document_records import DocumentRecords
from tests.end_to_end.client import Client, request
from tests.records import RecordFields, changed
from tests.waiting import eventually


def fire(client: Client, timer: str) -> None:
    """Run a timer function now, as the portal's "Test/Run" does."""
    answer = request("POST", f"{client.stack.host_url}/admin/functions/{timer}", {"input": ""})
    assert answer.status == 202


def age(client: Client, document_id: str, **fields: Unpack[RecordFields]) -> None:
    """Make the record look as if it had last been written an hour ago."""

    def older(record: DocumentRecord) -> DocumentRecord:
        return changed(changed(record, updated_at=record.updated_at - timedelta(hours=1)), **fields)

    async def write() -> None:
        records = DocumentRecords(StorageAccount.from_connection_string(client.stack.storage_connection_string))
        await records.update(document_id, older)
        await records.close()

    asyncio.run(write())


def reconcile_until(client: Client, document_id: str, *statuses: str) -> dict[str, Any]:
    """Fire the reconciliation, and wait until the document's record has one of these statuses."""
    fire(client, "reconcile_documents")
    return client.wait_for(document_id, *statuses)


def a_waiting_document(client: Client, content: bytes, document_id: str) -> str:
    """Send a document and wait until it waits for a review. Returns its instance id."""
    client.fault("compliance", body=json.dumps({"compliant": False, "issues": [], "confidence": 0.9}), count=1)
    instance: str = client.upload(content, documentId=document_id).json["id"]
    client.wait_for(document_id, "awaitingReview")
    return instance


def address_of(client: Client, instance: str) -> str:
    return f"{client.stack.host_url}/runtime/webhooks/durabletask/instances/{quote(instance)}"


def terminate(client: Client, instance: str) -> None:
    assert request("POST", f"{address_of(client, instance)}/terminate?reason=test").status == 202
    client.wait_for_instance(instance, "Terminated")


def remove(client: Client, instance: str) -> None:
    """Purge an instance. Azure refuses that with 412 while it runs."""
    terminate(client, instance)
    assert request("DELETE", address_of(client, instance)).status == 200


def test_a_terminated_document_is_brought_to_failed_and_the_counter_with_it(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    before = client.wait_for_no_pending()
    instance = a_waiting_document(client, a_document(), "terminated")
    terminate(client, instance)
    age(client, "terminated")
    assert reconcile_until(client, "terminated", "failed")["error"]["code"] == "terminated"
    after = client.wait_for_no_pending()
    assert after["failed"] == before["failed"] + 1
    fire(client, "reconcile_documents")
    assert client.counters() == after


def test_a_document_whose_instance_was_purged_is_brought_to_failed(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    instance = a_waiting_document(client, a_document(), "lost")
    remove(client, instance)
    age(client, "lost")
    assert reconcile_until(client, "lost", "failed")["error"]["code"] == "instanceLost"
    client.wait_for_no_pending()


def test_a_document_reserved_but_never_started_is_started(client: Client, a_document: Callable[[], bytes]) -> None:
    """As after a crash between the record and the start: there is no instance, and the record is queued."""
    content = a_document()
    before = client.wait_for_no_pending()
    instance = a_waiting_document(client, content, "never-started")
    remove(client, instance)
    age(client, "never-started", status=DocumentStatus.QUEUED, review=None)
    record = reconcile_until(client, "never-started", "completed", "awaitingReview")
    assert (record["status"], record["instanceId"]) == ("completed", instance)
    after = client.wait_for_no_pending()
    assert after["processed"] == before["processed"] + 1


def test_a_document_reserved_but_never_started_is_started_by_the_next_post(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    content = a_document()
    instance = a_waiting_document(client, content, "healed")
    remove(client, instance)
    age(client, "healed", status=DocumentStatus.QUEUED, review=None)
    again = client.upload(content, documentId="healed")
    assert (again.status, again.json["id"]) == (202, instance)
    assert client.wait_for("healed")["status"] == "completed"


def test_history_is_purged_once_it_is_old_enough(client: Client, a_document: Callable[[], bytes]) -> None:
    instance = client.upload(a_document(), documentId="to-be-purged").json["id"]
    client.wait_for("to-be-purged")
    client.wait_for_instance(instance, "Completed")

    def purged() -> bool:
        fire(client, "purge_history")
        return client.instance(instance).status == 404

    eventually(purged, "the instance is purged")
    assert client.record("to-be-purged")["status"] == "completed"
    assert client.get("/documents/to-be-purged/text").status == 200
