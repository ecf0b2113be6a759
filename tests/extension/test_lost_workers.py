"""A worker process that dies under documents which do nothing wrong, on Microsoft's extension."""

from collections.abc import Callable

from local import LocalStack
from tests.end_to_end.client import Client, request
from tests.extension.accounts import (
    assert_counted,
    assert_each_is_completed_once,
    assert_nothing_was_told_twice,
)
from tests.extension.disasters import kill_the_worker
from tests.waiting import eventually


def test_a_worker_that_dies_costs_the_document_no_attempt(
    client: Client, extension_stack: LocalStack, a_document: Callable[[], bytes]
) -> None:
    """Compliance is asked three times. It fails twice by itself, and the third time its worker dies."""
    before = client.wait_for_no_pending()
    client.fault("compliance", status=503, count=2)
    client.fault("compliance", delaySeconds=600, count=1)
    document_id: str = client.upload(a_document()).json["documentId"]
    eventually(lambda: struck(client) == [2, 1], "the third attempt waits for the service")

    kill_the_worker(extension_stack)

    eventually(lambda: status_of(client, document_id) in ("completed", "failed"), "it ends", deadline_seconds=120)
    assert status_of(client, document_id) == "completed"
    client.wait_for_notifications(document_id, "document.approved", "document.completed")
    after = client.wait_for_no_pending()
    assert after["processed"] == before["processed"] + 1


def test_what_a_dead_worker_had_in_hand_fails_with_the_functions_hosts_text(
    client: Client, extension_stack: LocalStack, a_document: Callable[[], bytes]
) -> None:
    before = client.wait_for_no_pending()
    client.fault("compliance", delaySeconds=600, count=1)
    document_id: str = client.upload(a_document()).json["documentId"]
    instance = client.wait_for(document_id, "validating")["instanceId"]
    eventually(lambda: struck(client) == [1], "the activity waits for the service")

    kill_the_worker(extension_stack)
    eventually(lambda: client.get("/health").status == 200, "requests are answered again")

    assert_each_is_completed_once(client, [document_id])
    assert_counted(client, before, processed=1)
    assert_nothing_was_told_twice(client)
    history = client.instance(instance, "?showHistory=true").json["historyEvents"]
    (failure,) = [each["Reason"] for each in history if each["EventType"] == "TaskFailed"]
    assert failure.endswith("WorkerProcessExitException: python exited with code 137 (0x89)")


def status_of(client: Client, document_id: str) -> str | None:
    """The record's status; None while the next worker starts."""
    answer = client.get(f"/documents/{document_id}")
    return answer.json["status"] if answer.status == 200 else None


def struck(client: Client) -> list[int]:
    """How often each fault has struck."""
    faults = request("GET", f"{client.stack.emulator_url}/faults").json["faults"]
    return [fault["struck"] for fault in faults]
