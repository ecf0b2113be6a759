"""POST /documents: what starts, what is refused, and what is never done twice."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from docpipeline.errors import ServiceUnavailable
from docpipeline.models.documents import DocumentRecord, DocumentStatus
from docpipeline.models.jobs import DocumentJob
from tests.unit.triggers.conftest import BLOB, ORIGIN, PDF, Pipeline

PNG = b"\x89PNG\r\n\x1a\n pixels"
OTHER_PDF = b"%PDF-1.4 a contract"


def job_of(pipeline: Pipeline, instance_id: str) -> DocumentJob:
    return DocumentJob.from_payload(json.loads(pipeline.runtime.instances[instance_id].input))


async def test_an_uploaded_file_is_stored_recorded_and_started(pipeline: Pipeline) -> None:
    answer = await pipeline.upload(documentId="inv-17", priority="high", fileName="C:\\scans\\may\\inv 17.pdf")

    record = pipeline.records.rows["inv-17"]
    assert answer.status == 202
    assert pipeline.blobs.stored[record.blob_url] == PDF
    assert (record.status, record.file_name, record.content_type) == ("queued", "inv 17.pdf", "application/pdf")
    assert pipeline.runtime.started == [record.instance_id]
    job = job_of(pipeline, record.instance_id)
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
    """Blanks and joiners of other scripts, and those that a Mac writes, were refused as control characters."""
    assert (await pipeline.upload(documentId="inv-17", fileName=name)).status == 202
    assert pipeline.records.rows["inv-17"].file_name == name


async def test_a_look_alike_of_a_user_is_another_user(pipeline: Pipeline) -> None:
    """Names are folded to refuse a reviewer, never to hand somebody the documents of another."""
    await pipeline.upload(documentId="inv-17", userId="ann")

    for look_alike in ("Ann", "ａｎｎ", "an\u200bn"):
        again = await pipeline.upload(documentId="inv-17", userId=look_alike)
        assert again.is_problem(409, "conflict")


async def test_metadata_of_plain_text_fits_at_its_longest(pipeline: Pipeline) -> None:
    metadata = {f"{number:064}": "ü" * 500 for number in range(20)}
    pipeline.lies_at(BLOB, PDF)

    assert (await pipeline.refer({"blobUrl": BLOB, "userId": "ann", "metadata": metadata})).status == 202


async def test_202_carries_the_management_payload_the_document_and_links(pipeline: Pipeline) -> None:
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


async def test_a_blob_is_copied_and_its_sas_goes_no_further(pipeline: Pipeline, caplog: Any) -> None:
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
    pipeline.is_at("inv-17", DocumentStatus.COMPLETED)

    answer = await pipeline.upload(documentId="inv-17")

    assert answer.status == 200
    assert (answer.json["status"], answer.json["documentId"]) == ("completed", "inv-17")
    assert answer.json["links"]["self"] == f"{ORIGIN}/api/documents/inv-17"
    assert len(pipeline.runtime.started) == 1


async def test_two_simultaneous_posts_start_one_instance(pipeline: Pipeline) -> None:
    answers = await asyncio.gather(*(pipeline.upload(documentId="inv-17") for _ in range(8)))

    assert {answer.status for answer in answers} <= {200, 202}
    assert len(pipeline.runtime.started) == 1


async def test_the_loser_of_a_race_with_other_content_is_told_and_its_content_removed(pipeline: Pipeline) -> None:
    await pipeline.upload(OTHER_PDF, documentId="inv-17")
    winner = pipeline.records.rows.pop("inv-17")
    pipeline.records.before_create = lambda: pipeline.records.rows.setdefault("inv-17", winner) and None

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


async def test_a_crash_before_the_start_is_healed_by_the_next_post(pipeline: Pipeline) -> None:
    pipeline.runtime.refuses_starts = True
    failed = await pipeline.upload(documentId="inv-17")
    pipeline.runtime.refuses_starts = False

    healed = await pipeline.upload(documentId="inv-17")

    record = pipeline.records.rows["inv-17"]
    assert failed.is_problem(503, "unavailable")
    assert failed.headers["Retry-After"]
    assert "Host.cs" not in failed.content.decode()
    assert (healed.status, healed.json["id"]) == (202, record.instance_id)
    assert pipeline.runtime.started == [record.instance_id]


async def test_an_instance_somebody_else_started_meanwhile_is_a_success(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = pipeline.records.create

    async def create_and_start(record: DocumentRecord) -> bool:
        pipeline.runs(record)
        return await create(record)

    monkeypatch.setattr(pipeline.records, "create", create_and_start)

    answer = await pipeline.upload(documentId="inv-17")

    assert answer.status == 202
    assert pipeline.runtime.started == []


async def test_a_start_that_meets_an_instance_of_another_document_is_healed(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "Already exists" once counted as success: the second document was never read."""
    create, met = pipeline.records.create, []

    async def create_beside_a_foreign_instance(record: DocumentRecord) -> bool:
        met.append(record.instance_id)
        pipeline.runs(record.model_copy(update={"document_id": "other"}))
        return await create(record)

    monkeypatch.setattr(pipeline.records, "create", create_beside_a_foreign_instance)

    answer = await pipeline.upload(documentId="inv-17")

    (started,) = pipeline.runtime.started
    assert answer.status == 202
    assert answer.json["id"] == started == pipeline.records.rows["inv-17"].instance_id
    assert started not in met


async def test_hundreds_of_simultaneous_starts_each_have_an_instance_of_their_own(pipeline: Pipeline) -> None:
    """Of 24 uploads at once, whose ids joined alike, eight shared an instance."""
    sent = [(f"q-{number % 2}-{number}", "1-2") for number in range(150)]
    sent += [(f"q-{number % 2}-{number}-1", "2") for number in range(150)]

    answers = await asyncio.gather(*(pipeline.upload(documentId=doc, userId=user) for doc, user in sent))

    jobs = [json.loads(pipeline.runtime.instances[answer.json["id"]].input) for answer in answers]
    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == len(sent)
    assert [(job["documentId"], job["userId"]) for job in jobs] == sent


async def test_reprocessing_a_finished_document_starts_a_new_run(pipeline: Pipeline) -> None:
    first = await pipeline.upload(documentId="inv-17")
    pipeline.is_at("inv-17", DocumentStatus.COMPLETED, page_count=3)

    second = await pipeline.upload(documentId="inv-17", reprocess="true")

    record = pipeline.records.rows["inv-17"]
    assert second.status == 202
    assert first.json["id"] != second.json["id"] == record.instance_id
    assert (record.status, record.page_count) == ("queued", None)
    assert len(pipeline.runtime.started) == 2


async def test_reprocessing_a_document_in_flight_is_refused(pipeline: Pipeline) -> None:
    await pipeline.upload(documentId="inv-17")
    pipeline.is_at("inv-17", DocumentStatus.VALIDATING)

    answer = await pipeline.upload(documentId="inv-17", reprocess="true")

    assert answer.is_problem(409, "conflict")
    assert "validating" in answer.json["detail"]


async def test_reprocessing_an_unknown_document_starts_it(pipeline: Pipeline) -> None:
    assert (await pipeline.upload(documentId="inv-17", reprocess="TRUE")).status == 202


async def test_the_same_idempotency_key_answers_with_the_same_instance(pipeline: Pipeline) -> None:
    first = await pipeline.upload(key="k-1")
    pipeline.is_at(first.json["documentId"], DocumentStatus.COMPLETED)
    second = await pipeline.upload(key="k-2", reprocess="true")

    again = await pipeline.upload(key="k-2", reprocess="true")

    assert (second.status, again.status) == (202, 200)
    assert again.json["instanceId"] == second.json["id"]
    assert len(pipeline.runtime.started) == 2


async def test_a_key_of_a_run_replaced_since_starts_nothing(pipeline: Pipeline) -> None:
    document_id = (await pipeline.upload(key="k-1", reprocess="true")).json["documentId"]
    pipeline.is_at(document_id, DocumentStatus.COMPLETED)
    await pipeline.upload(key="k-2", reprocess="true")
    pipeline.is_at(document_id, DocumentStatus.COMPLETED)

    assert (await pipeline.upload(key="k-1", reprocess="true")).status == 200
    assert len(pipeline.runtime.started) == 2


async def test_a_key_survives_a_crash_right_after_it_was_reserved(pipeline: Pipeline) -> None:
    pipeline.records.before_create = _crash
    assert (await pipeline.upload(key="k-1")).status == 500
    pipeline.records.before_create = lambda: None
    (reserved,) = pipeline.services.keys.rows.values()

    healed = await pipeline.upload(key="k-1")

    assert (healed.status, healed.json["id"]) == (202, reserved.instance_id)


async def test_a_key_used_for_another_document_is_refused(pipeline: Pipeline) -> None:
    await pipeline.upload(key="k-1")

    answer = await pipeline.upload(OTHER_PDF, key="k-1")
    of_another_user = await pipeline.upload(OTHER_PDF, key="k-1", userId="bob")

    assert answer.is_problem(409, "conflict")
    assert answer.fields == ["Idempotency-Key"]
    assert of_another_user.status == 202


async def test_a_request_sent_again_with_its_key_is_answered_though_its_blob_is_gone(pipeline: Pipeline) -> None:
    pipeline.lies_at(BLOB, PDF)
    first = await pipeline.refer({"blobUrl": f"{BLOB}?sig=ONE", "userId": "ann"}, key="k-1")
    pipeline.blobs.sources.clear()

    again = await pipeline.refer({"blobUrl": f"{BLOB}?sig=ONE", "userId": "ann"}, key="k-1")
    without_key = await pipeline.refer({"blobUrl": f"{BLOB}?sig=ONE", "userId": "ann"})

    assert (again.status, again.json["instanceId"]) == (200, first.json["id"])
    assert without_key.is_problem(400, "invalid-request")


async def test_too_many_in_flight_are_refused_with_retry_after(pipeline_with: Callable[..., Pipeline]) -> None:
    pipeline = pipeline_with(MAX_PENDING_DOCUMENTS="2")
    accepted = [await pipeline.upload(documentId=f"d-{number}") for number in range(2)]

    refused = await pipeline.upload(documentId="d-2")
    known = await pipeline.upload(documentId="d-1")
    stored_meanwhile = len(pipeline.blobs.stored)
    pipeline.is_at("d-0", DocumentStatus.COMPLETED)
    after_they_ended = await pipeline.upload(documentId="d-2")

    assert [answer.status for answer in accepted] == [202, 202]
    assert refused.is_problem(429, "too-many-pending")
    assert int(refused.headers["Retry-After"]) > 0
    assert stored_meanwhile == 2
    assert (known.status, after_they_ended.status) == (200, 202)


async def test_a_burst_gets_no_more_than_the_limit(pipeline_with: Callable[..., Pipeline]) -> None:
    """A hundred at once with a limit of five were all accepted."""
    pipeline = pipeline_with(MAX_PENDING_DOCUMENTS="5")

    answers = await asyncio.gather(*(pipeline.upload(documentId=f"d-{number}") for number in range(100)))

    assert sorted(answer.status for answer in answers) == [202] * 5 + [429] * 95
    assert len(pipeline.runtime.started) == len(pipeline.places.taken) == 5


async def test_a_request_that_fails_gives_its_place_back(pipeline: Pipeline) -> None:
    pipeline.records.before_create = _crash
    await pipeline.upload()

    assert pipeline.places.taken == {}


async def test_a_document_whose_start_failed_keeps_its_place(pipeline: Pipeline) -> None:
    pipeline.runtime.refuses_starts = True
    await pipeline.upload(documentId="inv-17")

    assert list(pipeline.places.taken) == [pipeline.records.rows["inv-17"].instance_id]


async def test_an_end_that_nobody_knows_of_is_counted_and_told_before_the_next_run_overwrites_it(
    pipeline: Pipeline,
) -> None:
    first = await pipeline.upload(documentId="inv-17")
    pipeline.is_at("inv-17", DocumentStatus.COMPLETED, unsettled=True)

    second = await pipeline.upload(documentId="inv-17", reprocess="true")

    assert second.status == 202
    assert [(sent[0], sent[1]) for sent in pipeline.notifier.sent] == [("document.completed", first.json["id"])]
    assert [signal[1] for signal in pipeline.runtime.signals] == ["finish"]


async def test_a_receiver_that_is_away_does_not_hold_up_the_next_run(pipeline: Pipeline) -> None:
    await pipeline.upload(documentId="inv-17")
    pipeline.is_at("inv-17", DocumentStatus.COMPLETED, unsettled=True)
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")

    assert (await pipeline.upload(documentId="inv-17", reprocess="true")).status == 202


async def test_storage_that_is_down_is_a_503(pipeline: Pipeline) -> None:
    pipeline.records.is_down = True

    assert (await pipeline.upload()).is_problem(503, "unavailable")


async def test_a_durable_runtime_that_is_down_is_a_503_without_its_address(pipeline: Pipeline) -> None:
    pipeline.runtime.is_down = True

    answer = await pipeline.upload()

    assert answer.is_problem(503, "unavailable")
    assert "17071" not in answer.content.decode()


async def test_a_bug_is_a_500_that_says_nothing_and_is_logged_once(pipeline: Pipeline, caplog: Any) -> None:
    pipeline.records.before_create = _crash

    answer = await pipeline.upload()

    assert answer.is_problem(500, "internal")
    assert "crash" not in answer.content.decode()
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [True]


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
