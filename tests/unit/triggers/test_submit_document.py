"""POST /documents: what starts a run, what is refused, and what is not done twice."""

import asyncio
import logging

import pytest

from docpipeline.models.documents import DocumentStatus
from tests.unit.triggers.conftest import BLOB, ORIGIN, PDF, Pipeline

PNG = b"\x89PNG\r\n\x1a\n pixels"
OTHER_PDF = b"%PDF-1.4 a contract"


async def test_an_uploaded_file_is_stored_recorded_and_started(pipeline: Pipeline) -> None:
    answer = await pipeline.upload(documentId="inv-17", priority="high", fileName="C:\\scans\\may\\inv 17.pdf")

    record = pipeline.records.rows["inv-17"]
    assert answer.status == 202
    assert pipeline.blobs.stored[record.blob_url] == PDF
    assert (record.status, record.file_name, record.content_type) == ("queued", "inv 17.pdf", "application/pdf")
    assert pipeline.runtime.started == [record.instance_id]
    job = pipeline.job_of(record.instance_id)
    assert (job.document_id, job.user_id, job.blob_url, job.priority) == ("inv-17", "ann", record.blob_url, "high")
    assert job.policy == pipeline.services.settings.resolve_policy(job.priority)


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot 9.41.00\u202fAM.png",
        "Größe\u00a01.pdf",
        "請求書\u30001.pdf",
        "می\u200cخواهم.pdf",
        "Do\u00adku.pdf",
    ],
)
async def test_a_file_keeps_the_name_that_a_person_gave_it(pipeline: Pipeline, name: str) -> None:
    """Blanks and joiners of other scripts, and those of macOS, were refused as control characters."""
    assert (await pipeline.upload(documentId="inv-17", fileName=name)).status == 202
    assert pipeline.records.rows["inv-17"].file_name == name


async def test_a_look_alike_of_a_user_is_another_user(pipeline: Pipeline) -> None:
    """Names are folded to recognise the submitter, never to give one user the documents of another."""
    await pipeline.upload(documentId="inv-17", userId="ann")

    for look_alike in ("Ann", "ａｎｎ", "an\u200bn"):
        again = await pipeline.upload(documentId="inv-17", userId=look_alike)
        assert again.is_problem(409, "conflict")


async def test_metadata_of_plain_text_fits_at_its_longest(pipeline: Pipeline) -> None:
    metadata = {f"{number:064}": "ü" * 500 for number in range(20)}
    pipeline.lies_at(BLOB, PDF)

    assert (await pipeline.refer({"blobUrl": BLOB, "userId": "ann", "metadata": metadata})).status == 202


async def test_202_has_the_management_payload_the_document_and_links(pipeline: Pipeline) -> None:
    answer = await pipeline.upload(documentId="inv 17")

    record = pipeline.records.rows["inv 17"]
    body = answer.json
    assert body["id"] == record.instance_id
    assert body["statusQueryGetUri"].startswith(f"{ORIGIN}/runtime/webhooks/durabletask/instances/doc-inv_17_")
    assert body["documentId"] == "inv 17"
    assert body["links"] == {
        "self": f"{ORIGIN}/api/documents/inv%2017",
        "text": f"{ORIGIN}/api/documents/inv%2017/text",
        "approval": f"{ORIGIN}/api/documents/inv%2017/approval",
    }
    assert answer.headers["Location"] == body["statusQueryGetUri"]
    assert answer.headers["Retry-After"] == "10"


async def test_the_body_is_stored_without_being_copied(pipeline: Pipeline) -> None:
    content = PDF + bytes(1024 * 1024)

    await pipeline.upload(content)

    assert pipeline.blobs.saved[0] is content


async def test_an_upload_without_an_id_gets_the_same_one_for_the_same_user_and_content(pipeline: Pipeline) -> None:
    first, again = await pipeline.upload(), await pipeline.upload()
    other_user, other_content = await pipeline.upload(userId="bob"), await pipeline.upload(OTHER_PDF)

    assert (first.status, again.status) == (202, 200)
    assert first.json["documentId"] == again.json["documentId"]
    assert len({answer.json["documentId"] for answer in (first, other_user, other_content)}) == 3


async def test_a_blob_is_copied_and_its_sas_goes_no_further(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.lies_at(BLOB, PDF)

    answer = await pipeline.refer(
        {"blobUrl": f"{BLOB}?sv=1&sig=SECRET", "userId": "ann", "metadata": {"department": "sales"}}
    )

    (record,) = pipeline.records.rows.values()
    assert answer.status == 202
    assert pipeline.blobs.stored[record.blob_url] == PDF
    assert record.metadata == {"department": "sales"}
    assert record.content_type == "application/pdf"
    traces = [answer.content.decode(), str(record), str(pipeline.runtime.instances), caplog.text]
    assert not any("SECRET" in trace for trace in traces)


async def test_a_blob_without_an_id_gets_the_same_one_whatever_its_sas(pipeline: Pipeline) -> None:
    pipeline.lies_at(BLOB, PDF)

    first = await pipeline.refer({"blobUrl": f"{BLOB}?sig=ONE", "userId": "ann"})
    again = await pipeline.refer({"blobUrl": f"{BLOB}?sig=TWO", "userId": "ann"})

    assert (first.status, again.status) == (202, 200)
    assert first.json["documentId"] == again.json["documentId"]


async def test_a_known_document_is_answered_with_its_record_and_starts_nothing(pipeline: Pipeline) -> None:
    await pipeline.upload(documentId="inv-17")
    pipeline.is_at("inv-17", status=DocumentStatus.COMPLETED)

    answer = await pipeline.upload(documentId="inv-17")

    assert answer.status == 200
    assert (answer.json["status"], answer.json["documentId"]) == ("completed", "inv-17")
    assert answer.json["links"]["self"] == f"{ORIGIN}/api/documents/inv-17"
    assert len(pipeline.runtime.started) == 1


async def test_two_simultaneous_posts_start_one_instance(pipeline: Pipeline) -> None:
    answers = await asyncio.gather(*(pipeline.upload(documentId="inv-17") for _ in range(8)))

    assert {answer.status for answer in answers} <= {200, 202}
    assert len(pipeline.runtime.started) == 1


async def test_the_loser_of_a_race_with_other_content_is_a_409_and_its_content_is_removed(
    pipeline: Pipeline,
) -> None:
    await pipeline.upload(OTHER_PDF, documentId="inv-17")
    winner = pipeline.records.rows.pop("inv-17")
    pipeline.records.before_create = lambda: pipeline.records.rows.setdefault("inv-17", winner)

    answer = await pipeline.upload(documentId="inv-17")

    assert answer.is_problem(409, "conflict")
    assert pipeline.records.rows["inv-17"] is winner
    assert list(pipeline.blobs.stored.values()) == [OTHER_PDF]


async def test_a_known_document_with_other_content_or_of_another_user_is_refused(pipeline: Pipeline) -> None:
    await pipeline.upload(documentId="inv-17")

    other_content = await pipeline.upload(OTHER_PDF, documentId="inv-17")
    other_user = await pipeline.upload(documentId="inv-17", userId="bob")
    reprocessed = await pipeline.upload(OTHER_PDF, documentId="inv-17", reprocess="true")

    assert all(answer.is_problem(409, "conflict") for answer in (other_content, other_user, reprocessed))
    assert "another documentId" in other_content.json["detail"]
    assert len(pipeline.runtime.started) == 1


async def test_a_blob_whose_content_changed_is_refused_and_its_copy_removed(pipeline: Pipeline) -> None:
    pipeline.lies_at(BLOB, PDF)
    await pipeline.refer({"blobUrl": BLOB, "userId": "ann"})
    pipeline.lies_at(BLOB, OTHER_PDF)

    answer = await pipeline.refer({"blobUrl": BLOB, "userId": "ann"})

    assert answer.is_problem(409, "conflict")
    assert list(pipeline.blobs.stored.values()) == [PDF]


async def test_of_another_users_blob_a_copy_with_other_content_is_removed_and_one_with_the_same_stays(
    pipeline: Pipeline,
) -> None:
    await pipeline.upload(PDF, documentId="inv-17")
    for content in (PDF, OTHER_PDF):
        pipeline.lies_at(BLOB, content)
        answer = await pipeline.refer({"blobUrl": BLOB, "userId": "bob", "documentId": "inv-17"})
        assert answer.is_problem(409, "conflict")

    assert list(pipeline.blobs.stored.values()) == [PDF]


async def test_storage_that_is_down_is_a_503(pipeline: Pipeline) -> None:
    pipeline.records.is_down = True

    assert (await pipeline.upload()).is_problem(503, "unavailable")


async def test_a_durable_runtime_that_is_down_is_a_503_without_its_address(pipeline: Pipeline) -> None:
    pipeline.runtime.is_down = True

    answer = await pipeline.upload()

    assert answer.is_problem(503, "unavailable")
    assert "17071" not in answer.content.decode()


async def test_a_bug_is_a_500_without_details_and_is_logged_once(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.records.before_create = _crash

    answer = await pipeline.upload()

    assert answer.is_problem(500, "internal")
    assert "crash" not in answer.content.decode()
    [logged] = [record for record in caplog.records if record.levelname == "ERROR"]
    text = logging.Formatter().format(logged)
    assert "UnexpectedFault: RuntimeError" in text
    assert "in _crash" in text
    assert "crash with a secret" not in text.replace('raise RuntimeError("crash with a secret")', "")


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "image/tiff", "application/pdf"])
async def test_every_accepted_type_starts(pipeline: Pipeline, content_type: str) -> None:
    beginnings = {
        "image/png": PNG,
        "image/jpeg": b"\xff\xd8\xff\xe0",
        "image/tiff": b"MM\x00*",
        "application/pdf": PDF,
    }

    assert (await pipeline.upload(beginnings[content_type], content_type)).status == 202


def _crash() -> None:
    raise RuntimeError("crash with a secret")
