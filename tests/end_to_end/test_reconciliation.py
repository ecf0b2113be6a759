"""Documents that an operator or a crash left unfinished are brought to their end."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Unpack
from urllib.parse import quote

from docpipeline.models.approvals import Decision, Review
from docpipeline.models.compliance import ComplianceVerdict
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services.document_records import Change, DocumentRecords
from tests.end_to_end.client import Client, request
from tests.end_to_end.conftest import SETTINGS
from tests.records import RecordFields, changed
from tests.waiting import eventually

LEFT_ALONE = timedelta(seconds=float(SETTINGS["RECONCILE_AFTER_SECONDS"]))
APPROVED = {"approved": True, "reviewer": "berta"}


def fire(client: Client, timer: str) -> None:
    """Run a timer function now, as the portal's "Test/Run" does."""
    answer = request("POST", f"{client.stack.host_url}/admin/functions/{timer}", {"input": ""})
    assert answer.status == 202


def write(client: Client, document_id: str, change: Change) -> DocumentRecord:
    """Change the record in the table, past the API. Returns the changed record."""

    async def update() -> DocumentRecord:
        records = DocumentRecords(StorageAccount.from_connection_string(client.stack.storage_connection_string))
        record = await records.update(document_id, change)
        await records.close()
        return record

    return asyncio.run(update())


def age(client: Client, document_id: str, **fields: Unpack[RecordFields]) -> None:
    """Make the record look as if it had last been written an hour ago."""

    def older(record: DocumentRecord) -> DocumentRecord:
        return changed(changed(record, updated_at=record.updated_at - timedelta(hours=1)), **fields)

    write(client, document_id, older)


def wait_until_left_alone_no_longer(moment: datetime) -> None:
    """Wait until the reconciliation takes up what was written at ``moment``."""
    eventually(lambda: datetime.now(UTC) > moment + LEFT_ALONE, "the record has been left alone")


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
    age(client, "never-started", status=DocumentStatus.QUEUED, review=None, verdict=None)
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
    age(client, "healed", status=DocumentStatus.QUEUED, review=None, verdict=None)
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


def test_a_decision_whose_event_was_dropped_reaches_its_run_within_two_reconciliations(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    """The engine may answer 202 and drop the event. The decision is written before, so nobody decides twice."""
    a_waiting_document(client, a_document(), "dropped")
    decision = Decision(approved=False, reviewer="berta")
    decided_at = datetime.now(UTC)
    write(client, "dropped", lambda record: record.decide(decision, decided_at, until_deadline=True))
    fire(client, "reconcile_documents")
    wait_until_left_alone_no_longer(decided_at)
    assert reconcile_until(client, "dropped", "rejected")["review"]["reviewer"] == "berta"
    client.wait_for_no_pending()


def test_a_decision_amid_a_burst_of_events_reaches_its_run_within_two_reconciliations(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    """Here events are dropped by the engine itself: while the run continues as new, it takes none."""
    instance = a_waiting_document(client, a_document(), "burst")
    with ThreadPoolExecutor(8) as pool:
        nonsense = [pool.submit(client.raise_event, instance, f"nonsense {number}") for number in range(12)]
        decided = client.decide("burst", APPROVED)
        assert {decided.status, *(raised.result().status for raised in nonsense)} == {202}
    wait_until_left_alone_no_longer(datetime.now(UTC))
    fire(client, "reconcile_documents")
    fire(client, "reconcile_documents")
    assert client.wait_for("burst")["review"]["reviewer"] == "berta"
    client.wait_for_no_pending()


def test_a_run_that_has_not_moved_is_named_and_can_be_brought_back(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    """As when its orchestrator has called an activity that no process has: nothing will ever happen by itself."""
    content = a_document()
    instance = a_waiting_document(client, content, "stuck")
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    age(client, "stuck", review=Review(requested_at=long_ago, deadline=long_ago))
    fire(client, "reconcile_documents")
    eventually(lambda: metrics_of(client, "stuck", "StuckRuns"), "the run is counted")
    named = f"Run {instance} of document stuck is Running and stuck in stage awaitingReview"
    eventually(lambda: named in client.stack.logs("devhost"), "the run is named")

    terminate(client, instance)
    assert reconcile_until(client, "stuck", "failed")["error"]["code"] == "terminated"
    assert client.upload(content, documentId="stuck", reprocess="true").status == 202
    assert client.wait_for("stuck")["status"] == "completed"
    client.wait_for_no_pending()


def metrics_of(client: Client, document_id: str, name: str) -> list[dict[str, Any]]:
    """The metrics of this name that were received about a document."""
    metrics = request("GET", f"{client.stack.emulator_url}/telemetry").json["metrics"]
    return [
        metric
        for metric in metrics
        if metric["name"] == name and metric["properties"].get("documentId") == document_id
    ]


def test_a_failed_run_that_wrote_no_error_goes_on_with_its_review(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    """Its worker died while it awaited its review: the instance is Failed, and the record knows of no error."""
    client.fault("compliance", status=401, count=1)
    instance = client.upload(a_document(), documentId="restarted").json["id"]
    client.wait_for("restarted", "failed")
    client.wait_for_instance(instance, "Failed")
    before, asked = client.usage(), datetime.now(UTC)
    deadline = asked + timedelta(hours=3)
    age(
        client,
        "restarted",
        status=DocumentStatus.AWAITING_REVIEW,
        error=None,
        failed_in=None,
        completed_at=None,
        uncounted=False,
        untold=False,
        verdict=ComplianceVerdict(is_compliant=False, confidence=0.9),
        review=Review(requested_at=asked, deadline=deadline, reasons=("notCompliant",)),
    )
    fire(client, "reconcile_documents")
    eventually(lambda: "ignoredEvents" in (client.instance(instance).json["customStatus"] or {}), "it waits again")

    assert client.decide("restarted", APPROVED).status == 202
    record = client.wait_for("restarted")
    assert (record["status"], record["decision"], record["instanceId"]) == (
        "completed",
        "approved_with_review",
        instance,
    )
    assert record["review"]["deadline"] == deadline.isoformat().replace("+00:00", "Z")
    after = client.usage()
    assert after["documentIntelligence"]["submissions"] == before["documentIntelligence"]["submissions"]
    assert after["compliance"]["requests"] == before["compliance"]["requests"]
    client.wait_for_no_pending()
