"""Blobs on a real Azurite: written once, read within limits, discarded by nobody else, archived without loss."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from azure.storage.blob import BlobSasPermissions, generate_blob_sas
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from docpipeline.errors import BlobUnavailable, DocumentTooLarge, InvalidBlobUrl, ServiceUnavailable
from docpipeline.models.extraction import Extraction
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services import blob_claims
from docpipeline.services.document_blobs import DocumentBlobs
from tests.azurite import Azurite, free_ports
from tests.records import a_record
from tests.unit.services.test_analysis_ledger import a_run

PDF = b"%PDF-1.7 a small document"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
async def storage(azurite: Azurite) -> AsyncIterator[BlobServiceClient]:
    async with BlobServiceClient.from_connection_string(azurite.connection_string) as client:
        yield client


async def a_source(storage: BlobServiceClient, name: str, content: bytes = PDF, sas: bool = False) -> str:
    """Put a blob where a client would, and return its URL."""
    container = storage.get_container_client("inbox")
    if not await container.exists():
        await container.create_container()
    blob = container.get_blob_client(name)
    await blob.upload_blob(content, overwrite=True)
    if not sas:
        return blob.url
    token = generate_blob_sas(
        "devstoreaccount1",
        "inbox",
        name,
        account_key=storage.credential.account_key,
        permission=BlobSasPermissions(read=True),
        expiry=datetime.now(UTC) + timedelta(minutes=5),
    )
    return f"{blob.url}?{token}"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def read_all(blobs: DocumentBlobs, text_blob: str) -> bytes:
    return b"".join([chunk async for chunk in blobs.read_text(text_blob)])


async def names_in(storage: BlobServiceClient, container: str, prefix: str) -> list[str]:
    return [
        name async for name in storage.get_container_client(container).list_blob_names(name_starts_with=prefix)
    ]


async def save(blobs: DocumentBlobs, document_id: str, content: bytes = PDF) -> str:
    return (await blobs.save_incoming(document_id, content, sha256(content))).blob_url


async def delete(storage: BlobServiceClient, url: str) -> None:
    await storage.get_blob_client("incoming", url.partition("/incoming/")[2]).delete_blob()


@pytest.mark.parametrize("form", ["bytes", "file"])
async def test_content_comes_back_as_it_was_saved(blobs: DocumentBlobs, document_id: str, form: str) -> None:
    content = BytesIO(PDF) if form == "file" else PDF
    url = (await blobs.save_incoming(document_id, content, sha256(PDF), "application/pdf")).blob_url
    with await blobs.open_incoming(url) as stored:
        assert stored.read() == PDF
    assert url.endswith(f"/incoming/{document_id}/{sha256(PDF)}")


async def test_saving_the_same_content_twice_changes_nothing(
    blobs: DocumentBlobs, storage: BlobServiceClient, document_id: str
) -> None:
    first = await save(blobs, document_id)
    second = await save(blobs, document_id)
    assert first == second
    assert len(await names_in(storage, "incoming", f"{document_id}/")) == 1


async def test_a_document_id_that_no_blob_name_may_hold_is_stored_too(blobs: DocumentBlobs) -> None:
    url = await save(blobs, "..")
    with await blobs.open_incoming(url) as stored:
        assert stored.read() == PDF


@pytest.mark.parametrize("sas", [False, True])
async def test_a_clients_blob_is_read_and_nothing_is_stored(
    blobs: DocumentBlobs, storage: BlobServiceClient, document_id: str, sas: bool
) -> None:
    content = PDF * 40_000
    url = await a_source(storage, f"{document_id} Größe.pdf", content, sas)
    read = await blobs.read_source(url, limit_bytes=len(content))
    with read.file:
        assert (read.sha256, read.size_bytes, read.first_bytes) == (sha256(content), len(content), content[:2048])
        assert read.file.read() == content
    assert await names_in(storage, "incoming", f"{document_id}/") == []


async def test_a_blob_above_the_limit_is_refused(
    blobs: DocumentBlobs, storage: BlobServiceClient, document_id: str
) -> None:
    url = await a_source(storage, document_id)
    with pytest.raises(DocumentTooLarge):
        await blobs.read_source(url, limit_bytes=len(PDF) - 1)


async def test_a_blob_that_is_not_there_is_unavailable(
    blobs: DocumentBlobs, storage: BlobServiceClient, document_id: str
) -> None:
    url = await a_source(storage, "other")
    with pytest.raises(BlobUnavailable, match="there is no blob"):
        await blobs.read_source(url.replace("other", document_id), 1000)


async def test_an_expired_sas_is_unavailable_and_stays_secret(
    blobs: DocumentBlobs, storage: BlobServiceClient, document_id: str
) -> None:
    url = await a_source(storage, document_id)
    with pytest.raises(BlobUnavailable) as refused:
        await blobs.read_source(f"{url}?sv=2021-08-06&se=2020-01-01&sr=b&sp=r&sig=topsecret", 1000)
    assert "topsecret" not in str(refused.value)


async def test_a_foreign_host_is_never_asked(blobs: DocumentBlobs, document_id: str) -> None:
    with pytest.raises(InvalidBlobUrl):
        await blobs.read_source("https://evil.example/inbox/a.pdf", 1000)


@pytest.mark.parametrize("container", ["extractions", "archive"])
async def test_what_the_pipeline_keeps_is_not_read_for_a_client(
    blobs: DocumentBlobs, document_id: str, container: str
) -> None:
    text_blob = await blobs.save_text(a_run("of-somebody-else"), "confidential")
    own = (await save(blobs, document_id)).partition("/incoming/")[0]
    with pytest.raises(InvalidBlobUrl, match=container):
        await blobs.read_source(f"{own}/{text_blob.replace('extractions', container)}", 100)


async def test_content_that_came_to_nothing_is_discarded_however_often(
    blobs: DocumentBlobs, document_id: str
) -> None:
    stored = await blobs.save_incoming(document_id, PDF, sha256(PDF))
    await blobs.discard_incoming(stored)
    await blobs.discard_incoming(stored)
    with pytest.raises(BlobUnavailable):
        await blobs.open_incoming(stored.blob_url)


async def test_content_that_another_request_has_found_meanwhile_is_not_discarded(
    blobs: DocumentBlobs, document_id: str
) -> None:
    """Of two requests that store the same content one fails; the other's run must find what it was given."""
    mine = await blobs.save_incoming(document_id, PDF, sha256(PDF))
    another = await blobs.save_incoming(document_id, PDF, sha256(PDF))
    for stored in (mine, another):
        await blobs.discard_incoming(stored)
    with await blobs.open_incoming(mine.blob_url) as content:
        assert content.read() == PDF


async def test_content_that_was_there_before_is_not_discarded(blobs: DocumentBlobs, document_id: str) -> None:
    """What an ended run left for people to look at is no request's to delete."""
    await save(blobs, document_id)
    await blobs.discard_incoming(await blobs.save_incoming(document_id, PDF, sha256(PDF)))
    (await blobs.open_incoming(await save(blobs, document_id))).close()


@pytest.mark.parametrize("form", ["bytes", "file"])
async def test_content_discarded_just_before_it_is_claimed_is_stored_anew(
    blobs: DocumentBlobs, document_id: str, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """The gap between finding a blob and claiming it: whoever is told that it is stored must find it."""
    mine, claim = await blobs.save_incoming(document_id, PDF, sha256(PDF)), blob_claims.claim

    async def discarded_first(blob: BlobClient) -> bool:
        await blobs.discard_incoming(mine)
        return await claim(blob)

    monkeypatch.setattr(blob_claims, "claim", discarded_first)
    another = await blobs.save_incoming(document_id, BytesIO(PDF) if form == "file" else PDF, sha256(PDF))
    await blobs.discard_incoming(mine)
    with await blobs.open_incoming(another.blob_url) as content:
        assert content.read() == PDF


async def test_of_many_requests_at_once_no_loser_takes_the_content_from_the_winner(
    blobs: DocumentBlobs, document_id: str
) -> None:
    async def lose() -> None:
        await blobs.discard_incoming(await blobs.save_incoming(document_id, PDF, sha256(PDF)))

    losers = asyncio.gather(*(lose() for _ in range(12)))
    won, _ = await asyncio.gather(save(blobs, document_id), losers)
    (await blobs.open_incoming(won)).close()


async def test_text_and_extraction_come_back_as_they_were_saved(blobs: DocumentBlobs, document_id: str) -> None:
    text = "Größe naïve 文書\n" * 1000
    text_blob = await blobs.save_text(a_run(document_id), text)
    extraction = Extraction(text_blob=text_blob, page_count=3, confidence=0.9)
    await blobs.save_extraction(a_run(document_id), extraction)
    assert await blobs.read_extraction(a_run(document_id)) == extraction
    assert (await read_all(blobs, text_blob)).decode() == text


async def test_enough_of_a_clients_blob_is_seen_to_find_a_late_header(
    blobs: DocumentBlobs, storage: BlobServiceClient, document_id: str
) -> None:
    url = await a_source(storage, f"{document_id}.pdf", b"\n" * 1024 + PDF)
    read = await blobs.read_source(url, 4096)
    read.file.close()
    assert PDF in read.first_bytes


@pytest.mark.parametrize("text_blob", ["extractions/none/none/text.txt", "archive/x", "incoming/x", ""])
async def test_a_text_that_is_not_there_is_unavailable(blobs: DocumentBlobs, text_blob: str) -> None:
    with pytest.raises(BlobUnavailable):
        await read_all(blobs, text_blob)


async def test_a_processed_document_is_archived_with_its_result_however_often(
    blobs: DocumentBlobs, storage: BlobServiceClient, document_id: str
) -> None:
    record = a_record(document_id, blob_url=await save(blobs, document_id), content_type="application/pdf")
    folder = await blobs.archive_processed(record, {"decision": "approved"})
    assert await blobs.archive_processed(record, {"decision": "approved"}) == folder
    name = folder.removeprefix("archive/")
    assert await names_in(storage, "archive", name) == [f"{name}/original.pdf", f"{name}/result.json"]
    assert await names_in(storage, "incoming", f"{document_id}/") == []
    original = await storage.get_blob_client("archive", f"{name}/original.pdf").download_blob()
    assert await original.readall() == PDF


async def test_archiving_goes_on_after_a_crash_between_copy_and_deletion(
    blobs: DocumentBlobs, storage: BlobServiceClient, document_id: str
) -> None:
    record = a_record(document_id, blob_url=await save(blobs, document_id), content_type="application/pdf")
    folder = await blobs.archive_rejected(record)
    await save(blobs, document_id)
    assert await blobs.archive_rejected(record) == folder
    assert await names_in(storage, "incoming", f"{document_id}/") == []


async def test_archiving_a_document_that_is_nowhere_says_so(
    blobs: DocumentBlobs, storage: BlobServiceClient, document_id: str
) -> None:
    url = await save(blobs, document_id)
    await delete(storage, url)
    with pytest.raises(BlobUnavailable, match="there is no blob"):
        await blobs.archive_rejected(a_record(document_id, blob_url=url))


async def test_storage_that_does_not_answer_is_unavailable_for_now() -> None:
    endpoint = f"http://127.0.0.1:{free_ports(1)[0]}/devstoreaccount1"
    connection = (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;BlobEndpoint={endpoint};"
    )
    service = DocumentBlobs(StorageAccount("devstoreaccount1", endpoint, endpoint, connection), set())
    with pytest.raises(ServiceUnavailable, match="document storage"):
        await service.check()
    await service.close()


async def test_storage_that_answers_is_healthy(blobs: DocumentBlobs) -> None:
    await blobs.check()
