"""What an operator or a crash leaves half-done is brought to its end."""

import json
from collections.abc import Callable
from urllib.parse import quote

from tests.end_to_end.client import Client, eventually, request


def fire(client: Client, timer: str) -> None:
    """Run a timer function now, as the portal's "Test/Run" does."""
    answer = request("POST", f"{client.stack.host_url}/admin/functions/{timer}", {"input": ""})
    assert answer.status == 202


def test_a_terminated_document_is_brought_to_failed_and_the_counter_with_it(
    skipping: Client, a_document: Callable[..., bytes]
) -> None:
    before = skipping.wait_for_no_pending()
    skipping.fault("compliance", body=json.dumps({"compliant": False, "issues": [], "confidence": 0.9}), count=1)
    instance = skipping.upload(a_document(), documentId="terminated").json["id"]
    skipping.wait_for("terminated", "awaitingReview")
    base = f"{skipping.stack.host_url}/runtime/webhooks/durabletask/instances/{quote(instance)}"
    assert request("POST", f"{base}/terminate?reason=test").status == 202
    skipping.wait_for_instance(instance, "Terminated")

    def reconciled() -> bool:
        skipping.advance(150)
        fire(skipping, "reconcile_documents")
        return bool(skipping.record("terminated")["status"] == "failed")

    eventually(reconciled, "the record is failed")
    assert skipping.record("terminated")["error"]["code"] == "terminated"
    after = skipping.wait_for_no_pending()
    assert after["failed"] == before["failed"] + 1
    fire(skipping, "reconcile_documents")
    assert skipping.counters() == after


def test_history_is_purged_once_it_is_old_enough(skipping: Client, a_document: Callable[..., bytes]) -> None:
    instance = skipping.upload(a_document(), documentId="to-be-purged").json["id"]
    skipping.wait_for("to-be-purged")
    skipping.wait_for_instance(instance, "Completed")
    fire(skipping, "purge_history")
    assert skipping.instance(instance).status == 200
    skipping.advance(31 * 24 * 3600)

    def purged() -> bool:
        fire(skipping, "purge_history")
        return skipping.instance(instance).status == 404

    eventually(purged, "the instance is purged")
    assert skipping.record("to-be-purged")["status"] == "completed"
