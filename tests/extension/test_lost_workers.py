"""A worker process that dies under documents which do nothing wrong, on Microsoft's extension."""

from collections.abc import Callable

import psutil

from local import LocalStack
from local.parts import DEVHOST
from tests.end_to_end.client import Client, request
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


def status_of(client: Client, document_id: str) -> str | None:
    """The record's status; None while the next worker starts."""
    answer = client.get(f"/documents/{document_id}")
    return answer.json["status"] if answer.status == 200 else None


def struck(client: Client) -> list[int]:
    """How often each fault has struck."""
    faults = request("GET", f"{client.stack.emulator_url}/faults").json["faults"]
    return [fault["struck"] for fault in faults]


def kill_the_worker(stack: LocalStack) -> None:
    """End the process that runs the app's functions with SIGKILL; the host stays, and starts another."""
    (worker,) = [
        child for child in psutil.Process(stack.pid(DEVHOST)).children() if "devhost.worker" in child.cmdline()
    ]
    worker.kill()
