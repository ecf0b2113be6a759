"""Documents from their submission to their result, over HTTP, with real parts."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from azure.storage.blob import BlobSasPermissions, BlobServiceClient, generate_blob_sas

from tests.end_to_end.client import Client, request
from tests.waiting import eventually


def output_of(status_url: str) -> Any:
    with urlopen(status_url) as status:
        return json.load(status)["output"]


def test_a_document_sent_as_a_file_is_completed_and_everything_can_be_read(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    before = client.wait_for_no_pending()
    accepted = client.upload(a_document(), documentId="first", fileName="first.pdf", priority="normal")
    assert accepted.status == 202
    assert accepted.json["id"].startswith("doc-first-anna-")
    assert {"statusQueryGetUri", "sendEventPostUri", "terminatePostUri", "documentId", "links"} <= set(
        accepted.json
    )
    assert accepted.headers["Location"] == accepted.json["statusQueryGetUri"]
    assert int(accepted.headers["Retry-After"]) > 0

    record = client.wait_for("first")
    assert record["status"] == "completed"
    assert (record["decision"], record["isCompliant"], record["pageCount"]) == ("approved", True, 1)
    assert record["fileName"] == "first.pdf"
    assert record["confidence"] >= 0.9
    assert record["error"] is None
    assert record["completedAt"] >= record["submittedAt"]

    # The run continues for a moment after its record is completed.
    output = eventually(lambda: output_of(accepted.json["statusQueryGetUri"]), "the run has ended")
    assert output == {"status": "completed", "documentId": "first", "isCompliant": True}
    text = client.get("/documents/first/text")
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert len(text.body) > 100
    client.wait_for_notifications("first", "document.approved", "document.completed")
    after = client.wait_for_no_pending()
    assert after["processed"] == before["processed"] + 1


def test_a_document_in_blob_storage_is_processed_and_its_sas_is_found_nowhere(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    url, signature = blob_with_sas(client, a_document())
    accepted = client.submit({"blobUrl": url, "userId": "anna", "metadata": {"case": "7"}, "priority": "normal"})
    assert accepted.status == 202, accepted.body
    record = client.wait_for(accepted.json["documentId"])
    assert record["status"] == "completed"
    seen = [
        client.instance(record["instanceId"], "?showHistory=true&showHistoryOutput=true").body.decode(),
        json.dumps(record),
        json.dumps(client.inbox()),
        *(client.stack.logs(part) for part in ("devhost", "emulators")),
    ]
    assert not [text for text in seen if signature in text]


def test_a_document_in_our_own_storage_needs_no_sas(client: Client, a_document: Callable[[], bytes]) -> None:
    url, _ = blob_with_sas(client, a_document())
    accepted = client.submit({"blobUrl": url.partition("?")[0], "userId": "anna", "documentId": "own-storage"})
    assert accepted.status == 202
    assert client.wait_for("own-storage")["status"] == "completed"


def blob_with_sas(client: Client, content: bytes) -> tuple[str, str]:
    """Put a document into storage. Returns its URL with a SAS, and the signature in it."""
    service = BlobServiceClient.from_connection_string(client.stack.storage_connection_string)
    with service:
        name = f"{len(content)}-{abs(hash(content))}.pdf"
        container = service.get_container_client("scans")
        if not container.exists():
            container.create_container()
        blob = container.upload_blob(name, content, overwrite=True)
        sas = generate_blob_sas(
            account_name=str(service.account_name),
            container_name="scans",
            blob_name=name,
            account_key=service.credential.account_key,
            permission=BlobSasPermissions(read=True),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        signature = re.search(r"sig=([^&]+)", sas)
        assert signature
        return f"{blob.url}?{sas}", signature[1]


def test_the_same_document_twice_starts_one_run(client: Client, a_document: Callable[[], bytes]) -> None:
    content = a_document()
    first = client.upload(content)
    document_id = first.json["documentId"]
    client.wait_for(document_id)
    submissions = client.usage()["documentIntelligence"]["submissions"]
    again = client.upload(content)
    assert again.status == 200
    assert again.json["documentId"] == document_id
    assert again.json["instanceId"] == first.json["id"]
    assert client.usage()["documentIntelligence"]["submissions"] == submissions
    client.wait_for_notifications(document_id, "document.approved", "document.completed")


def test_the_same_document_many_times_at_once_starts_one_run(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    content, before = a_document(), client.wait_for_no_pending()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.upload(content, documentId="at-once"), range(8)))
    assert {answer.status for answer in answers} <= {200, 202}
    assert len({answer.json.get("instanceId") or answer.json["id"] for answer in answers}) == 1
    client.wait_for("at-once")
    client.wait_for_notifications("at-once", "document.approved", "document.completed")
    after = client.wait_for_no_pending()
    assert after["processed"] == before["processed"] + 1


def test_other_content_under_a_known_id_is_a_conflict(client: Client, a_document: Callable[[], bytes]) -> None:
    assert client.upload(a_document(), documentId="taken").status == 202
    assert client.upload(a_document(), documentId="taken").status == 409
    client.wait_for("taken")


def test_a_finished_document_is_processed_again_only_on_request(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    content = a_document()
    first = client.upload(content, documentId="anew").json["id"]
    client.wait_for("anew")
    second = client.upload(content, documentId="anew", reprocess="true")
    assert second.status == 202
    assert second.json["id"] != first
    assert client.wait_for("anew")["instanceId"] == second.json["id"]
    client.wait_for_notifications(
        "anew", "document.approved", "document.completed", "document.approved", "document.completed"
    )


def test_an_idempotency_key_answers_with_the_same_instance(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    content, key = a_document(), {"Idempotency-Key": "key-1"}
    first = client.upload(content, headers=key)
    again = client.upload(content, headers=key)
    assert (first.status, again.status) == (202, 200)
    assert again.json["instanceId"] == first.json["id"]
    other = client.upload(a_document(), headers=key)
    assert other.status == 409
    client.wait_for(first.json["documentId"])


def test_documents_are_listed_newest_first_page_by_page(client: Client, a_document: Callable[[], bytes]) -> None:
    sent = [client.upload(a_document(), userId="lister").json["documentId"] for _ in range(5)]
    for document_id in sent:
        client.wait_for(document_id)
    seen: list[str] = []
    token = ""
    while True:
        page = client.get(f"/documents?userId=lister&status=completed&limit=2{token}").json
        seen += [record["documentId"] for record in page["documents"]]
        if not page.get("continuationToken"):
            break
        token = f"&continuationToken={page['continuationToken']}"
    assert seen == sent[::-1]


def test_ids_may_have_blanks_and_accents(client: Client, a_document: Callable[[], bytes]) -> None:
    accepted = client.upload(a_document(), documentId="Größe 12 %41", userId="ännä@example.com")
    assert accepted.status == 202
    assert client.wait_for("Größe 12 %41")["status"] == "completed"


@pytest.mark.parametrize("path", ["/documents/nobody-sent-this", "/documents/nobody-sent-this/text"])
def test_an_unknown_document_is_not_found(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_health_has_every_dependency(client: Client) -> None:
    answer = client.get("/health")
    assert answer.status == 200, answer.body
    assert answer.json["status"] == "healthy"
    assert {"storage", "documentIntelligence", "compliance"} <= set(answer.json["checks"])


def test_the_counters_can_be_reset(skipping: Client, a_document: Callable[[], bytes]) -> None:
    document_id = skipping.upload(a_document()).json["documentId"]
    skipping.wait_for(document_id)
    skipping.wait_for_no_pending()
    assert request("POST", f"{skipping.stack.base_url}/counters/reset").status == 202
    eventually(lambda: set(skipping.counters().values()) == {0}, "all counters are zero")


def test_metrics_arrive_with_the_ids_of_document_and_instance(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    accepted = client.upload(a_document())
    client.wait_for(accepted.json["documentId"])

    def mine() -> dict[str, Any] | None:
        answer = request("GET", f"{client.stack.emulator_url}/telemetry").json
        received = answer["metrics"] if isinstance(answer, dict) else answer
        mine = [metric for metric in received if metric["properties"].get("instanceId") == accepted.json["id"]]
        names = {metric["name"]: metric for metric in mine}
        return names if {"ActivityDuration", "OrchestrationDuration", "DocumentsCompleted"} <= set(names) else None

    seen = eventually(mine, "the metrics of the document are at the sink")
    assert seen["DocumentsCompleted"]["properties"]["documentId"] == accepted.json["documentId"]
