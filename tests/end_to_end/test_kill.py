"""`kill -9` of the host at a random moment loses nothing and does nothing twice."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from devhost.local_parts import LocalStack
from samples.large_document import make_pdf
from tests.end_to_end.client import Client, eventually

DOCUMENTS = 50


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
def test_all_documents_reach_their_end_exactly_once_although_the_host_is_killed(tmp_path: Path, seed: int) -> None:
    contents = [make_pdf(pages=1, seed=1000 * seed + number) for number in range(DOCUMENTS)]
    with LocalStack(tmp_path) as stack:
        client = Client(stack)
        with ThreadPoolExecutor(4) as pool:
            accepted = list(
                pool.map(lambda pair: client.upload(pair[1], documentId=f"kill-{pair[0]}"), enumerate(contents))
            )
        assert {answer.status for answer in accepted} == {202}
        chosen = random.Random(seed).randrange(0, DOCUMENTS // 2)
        eventually(lambda: len(client.inbox()) >= chosen, f"{chosen} documents are through")
        stack.kill_devhost()
        recorded = recorded_submissions(client)
        stack.start_devhost()

        records = [client.wait_for(f"kill-{number}", deadline_seconds=120) for number in range(DOCUMENTS)]
        assert Counter(record["status"] for record in records) == {"completed": DOCUMENTS}
        for record in records:
            client.wait_for_instance(record["instanceId"], "Completed")
        assert {record["instanceId"] for record in records} == {answer.json["id"] for answer in accepted}
        notified = Counter(entry["id"] for entry in client.inbox())
        assert len(notified) == DOCUMENTS
        assert set(notified.values()) == {1}
        assert client.wait_for_no_pending() == {
            "pending": 0, "processed": DOCUMENTS, "failed": 0, "rejected": 0, "timedOut": 0,
        }  # fmt: skip
        submitted = Counter(client.usage()["documentIntelligence"]["documents"])
        assert len(submitted) == DOCUMENTS
        hashes = {record["documentId"]: record["contentHash"] for record in records}
        twice = [document_id for document_id in recorded if submitted[hashes[document_id]] != 1]
        assert not twice, "submitted again although the first submission was on record when the host was killed"


def recorded_submissions(client: Client) -> set[str]:
    """Ids of the documents whose analyze operation is on record."""
    with BlobServiceClient.from_connection_string(client.stack.storage_connection_string) as service:
        names = service.get_container_client("extractions").list_blob_names()
        return {name.partition("/")[0] for name in names if name.endswith("/operation.json")}
