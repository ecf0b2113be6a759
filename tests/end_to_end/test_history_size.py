"""The history of a document is short and has only references. It is as short for 200 pages as for one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from local import LocalStack
from samples.large_document import agreement_pages, make_pdf
from tests.end_to_end.client import Client

MOST_BYTES = 16 * 1024
# Shorter lines, such as "Fees" or "once a month.", could be in a log by chance.
SHORTEST_SENTENCE = 25


def databases(client: Client) -> list[Path]:
    """The engine's database and its write-ahead log, which also has deleted rows."""
    return sorted((client.stack.state_dir / "devhost").glob("*.db*"))


def history_bytes(client: Client, instance_id: str) -> int:
    """The size of an instance's stored history, in bytes of UTF-8."""
    [path] = [path for path in databases(client) if path.suffix == ".db"]
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        query = "SELECT COUNT(*), SUM(LENGTH(CAST(event AS BLOB))) FROM history WHERE instance_id = ?"
        count, size = database.execute(query, (instance_id,)).fetchone()
    assert count > 0, f"{path} has no history of {instance_id}"
    return int(size)


def sentences(pages: int, seed: int) -> list[str]:
    """The lines of a document that are long enough to be unique."""
    lines = "\n".join(agreement_pages(pages, seed)).splitlines()
    return [line for line in lines if len(line) >= SHORTEST_SENTENCE]


def what_is_written(client: Client) -> Iterator[tuple[str, bytes]]:
    """Everything that the engine and the local parts wrote to disk, by file name."""
    logs = sorted((client.stack.state_dir / "logs").glob("*.log"))
    for path in [*databases(client), *logs]:
        yield path.name, path.read_bytes()


@pytest.fixture(scope="module")
def completed(shared_stack: LocalStack) -> dict[int, str]:
    """The instances of two completed documents, by their number of pages."""
    client, instances = Client(shared_stack), {}
    for pages in (1, 200):
        document_id = f"history-{pages:03}"
        accepted = client.upload(make_pdf(pages, seed=7000 + pages), documentId=document_id)
        assert accepted.status == 202, accepted.body
        instances[pages] = accepted.json["id"]
    for pages, instance_id in instances.items():
        record = client.wait_for(f"history-{pages:03}", "completed")
        assert record["pageCount"] == pages
        client.wait_for_instance(instance_id, "Completed")
    return instances


def test_history_is_short_and_does_not_grow_with_the_pages(client: Client, completed: dict[int, str]) -> None:
    short, long = history_bytes(client, completed[1]), history_bytes(client, completed[200])
    assert max(short, long) <= MOST_BYTES
    assert abs(long - short) <= 0.05 * short


def test_the_text_of_a_document_is_in_no_database_of_the_engine_and_in_no_log(
    client: Client, completed: dict[int, str]
) -> None:
    files = dict(what_is_written(client))
    assert {"DocumentPipeline.db", "devhost.log", "emulators.log", "azurite.log"} <= files.keys()
    assert completed[200].encode() in files["devhost.log"]
    for pages in completed:
        text, lines = client.get(f"/documents/history-{pages:03}/text").body, sentences(pages, seed=7000 + pages)
        assert len(lines) >= 12 * pages
        assert [line for line in lines if line.encode() not in text] == []
        found = {(name, line) for name, content in files.items() for line in lines if line.encode() in content}
        assert not found, "a document's text belongs in blob storage only"
