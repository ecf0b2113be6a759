"""SIGKILL of the host under `make run`, then `make run` again: nothing is lost, and nothing is done twice."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from samples.large_document import make_pdf
from tests.end_to_end.client import Answer, Client
from tests.end_to_end.make_run import MakeRun
from tests.waiting import eventually

DOCUMENTS = 50


@pytest.fixture
def run(tmp_path: Path) -> Iterator[MakeRun]:
    """`make run` on a folder of its own."""
    started = MakeRun(tmp_path / "state")
    started.start()
    yield started
    started.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_documents_reach_their_end_exactly_once_although_the_host_is_killed(run: MakeRun, seed: int) -> None:
    client = Client(run)
    with ThreadPoolExecutor(4) as pool:
        accepted = list(pool.map(lambda number: upload(client, seed, number), range(DOCUMENTS)))
    assert {answer.status for answer in accepted} == {202}
    eventually(a_random_moment(client, seed), "the moment to kill the host has come")
    run.kill_devhost_and_freeze()
    recorded = recorded_submissions(client)
    assert run.thaw() == 1
    run.start()

    records = [client.wait_for(f"kill-{number}", deadline_seconds=120) for number in range(DOCUMENTS)]
    assert Counter(record["status"] for record in records) == {"completed": DOCUMENTS}
    assert {record["instanceId"] for record in records} == {answer.json["id"] for answer in accepted}
    for record in records:
        client.wait_for_instance(record["instanceId"], "Completed")
    assert client.wait_for_no_pending() == {
        "pending": 0, "processed": DOCUMENTS, "failed": 0, "rejected": 0, "timedOut": 0,
    }  # fmt: skip
    assert stored_results(client) == {f"kill-{number}": 1 for number in range(DOCUMENTS)}
    notified = Counter(entry["id"] for entry in client.inbox())
    assert set(notified.values()) == {1}
    notifications = Counter(entry["body"]["type"] for entry in client.inbox())
    assert notifications == {"document.approved": DOCUMENTS, "document.completed": DOCUMENTS}

    submitted = Counter(client.usage()["documentIntelligence"]["documents"])
    assert len(submitted) == DOCUMENTS
    hashes = {record["documentId"]: record["contentHash"] for record in records}
    twice = [document_id for document_id in recorded if submitted[hashes[document_id]] != 1]
    assert not twice, "submitted again although the first submission was on record when the host was killed"


def upload(client: Client, seed: int, number: int) -> Answer:
    """Send one of the fifty documents."""
    return client.upload(make_pdf(pages=1, seed=1000 * seed + number), documentId=f"kill-{number}")


def a_random_moment(client: Client, seed: int) -> Callable[[], bool]:
    """A condition that holds at a random moment of the extractions, or of the notifications."""
    chance = random.Random(seed)
    count = chance.randrange(1, DOCUMENTS - 5)
    if chance.random() < 0.5:
        return lambda: client.usage()["documentIntelligence"]["submissions"] >= count
    return lambda: len(client.inbox()) >= count


def recorded_submissions(client: Client) -> set[str]:
    """The ids of the documents whose analyze operation is recorded."""
    return {name.partition("/")[0] for name in blobs(client, "extractions") if name.endswith("/operation.json")}


def stored_results(client: Client) -> Counter[str]:
    """The number of results in the archive for each document."""
    names = [name for name in blobs(client, "archive") if name.endswith("/result.json")]
    return Counter(next(part for part in name.split("/") if part.startswith("kill-")) for name in names)


def blobs(client: Client, container: str) -> list[str]:
    """The names of all blobs in a container."""
    with BlobServiceClient.from_connection_string(client.stack.storage_connection_string) as service:
        return list(service.get_container_client(container).list_blob_names())
