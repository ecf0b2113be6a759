"""One document, one run: healed, started anew, found by its key, and counted among those in flight."""

import asyncio
import json
from typing import IO

import pytest

from docpipeline.errors import ServiceUnavailable
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.instance_ids import counter_shard
from docpipeline.services.document_blobs import IncomingBlob
from tests.records import changed
from tests.unit.triggers.conftest import BLOB, PDF, Pipeline, PipelineFactory

PNG = b"\x89PNG\r\n\x1a\n pixels"
OTHER_PDF = b"%PDF-1.4 a contract"


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
    """Once, "already exists" counted as success: the second document was never read."""
    create, met = pipeline.records.create, []

    async def create_beside_a_foreign_instance(record: DocumentRecord) -> bool:
        met.append(record.instance_id)
        pipeline.runs(changed(record, document_id="other"))
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
    pipeline.is_at("inv-17", status=DocumentStatus.COMPLETED, page_count=3)

    second = await pipeline.upload(documentId="inv-17", reprocess="true")

    record = pipeline.records.rows["inv-17"]
    assert second.status == 202
    assert first.json["id"] != second.json["id"] == record.instance_id
    assert (record.status, record.page_count) == ("queued", None)
    assert len(pipeline.runtime.started) == 2


async def test_reprocessing_a_document_in_flight_is_refused(pipeline: Pipeline) -> None:
    await pipeline.upload(documentId="inv-17")
    pipeline.is_at("inv-17", status=DocumentStatus.VALIDATING)

    answer = await pipeline.upload(documentId="inv-17", reprocess="true")

    assert answer.is_problem(409, "conflict")
    assert "validating" in answer.json["detail"]


async def test_reprocessing_an_unknown_document_starts_it(pipeline: Pipeline) -> None:
    assert (await pipeline.upload(documentId="inv-17", reprocess="TRUE")).status == 202


async def test_the_same_idempotency_key_answers_with_the_same_instance(pipeline: Pipeline) -> None:
    first = await pipeline.upload(key="k-1")
    pipeline.is_at(first.json["documentId"], status=DocumentStatus.COMPLETED)
    second = await pipeline.upload(key="k-2", reprocess="true")

    again = await pipeline.upload(key="k-2", reprocess="true")

    assert (second.status, again.status) == (202, 200)
    assert again.json["instanceId"] == second.json["id"]
    assert len(pipeline.runtime.started) == 2


async def test_a_key_of_a_run_replaced_since_starts_nothing(pipeline: Pipeline) -> None:
    document_id = (await pipeline.upload(key="k-1", reprocess="true")).json["documentId"]
    pipeline.is_at(document_id, status=DocumentStatus.COMPLETED)
    await pipeline.upload(key="k-2", reprocess="true")
    pipeline.is_at(document_id, status=DocumentStatus.COMPLETED)

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


async def test_too_many_in_flight_are_refused_with_retry_after(pipeline_with: PipelineFactory) -> None:
    pipeline = pipeline_with(MAX_PENDING_DOCUMENTS="2")
    accepted = [await pipeline.upload(documentId=f"d-{number}") for number in range(2)]

    refused = await pipeline.upload(documentId="d-2")
    known = await pipeline.upload(documentId="d-1")
    stored_meanwhile = len(pipeline.blobs.stored)
    pipeline.is_at("d-0", status=DocumentStatus.COMPLETED)
    after_they_ended = await pipeline.upload(documentId="d-2")

    assert [answer.status for answer in accepted] == [202, 202]
    assert refused.is_problem(429, "too-many-pending")
    assert int(refused.headers["Retry-After"]) > 0
    assert stored_meanwhile == 2
    assert (known.status, after_they_ended.status) == (200, 202)


async def test_a_burst_gets_no_more_than_the_limit(pipeline_with: PipelineFactory) -> None:
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
    pipeline.is_at("inv-17", status=DocumentStatus.COMPLETED, uncounted=True, untold=True)

    second = await pipeline.upload(documentId="inv-17", reprocess="true")

    assert second.status == 202
    assert [(sent[0], sent[1]) for sent in pipeline.notifier.sent] == [("document.completed", first.json["id"])]
    assert [signal[1] for signal in pipeline.runtime.signals] == ["finish"]


async def test_an_end_that_cannot_be_counted_is_not_overwritten(pipeline: Pipeline) -> None:
    """Its run stayed pending for ever, and nobody was told."""
    record = await ended_without_a_word(pipeline)
    pipeline.runtime.refuses_signals = True

    answer = await pipeline.upload(documentId="inv-17", reprocess="true")

    assert answer.is_problem(503, "unavailable")
    assert pipeline.records.rows["inv-17"] == record
    assert pipeline.places.taken == {}


async def test_the_end_of_the_run_before_is_counted_in_the_shard_that_it_began_in(
    pipeline_with: PipelineFactory,
) -> None:
    pipeline = pipeline_with(COUNTER_SHARDS="1")
    record = await ended_without_a_word(pipeline)
    pipeline.runs(record, "Terminated", counter_shards=8)

    await pipeline.upload(documentId="inv-17", reprocess="true")

    assert {signal[0] for signal in pipeline.runtime.signals} == {counter_shard("inv-17", 8)}


async def test_two_requests_with_one_key_have_one_place_that_the_failing_one_does_not_take_along(
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save, waiting, go_on = pipeline.blobs.save_incoming, asyncio.Event(), asyncio.Event()

    async def first_waits_and_second_fails(
        document_id: str, content: bytes | IO[bytes], content_hash: str, content_type: str
    ) -> IncomingBlob:
        if waiting.is_set():
            raise ServiceUnavailable("document storage", "it answered 503")
        waiting.set()
        await go_on.wait()
        return await save(document_id, content, content_hash, content_type)

    monkeypatch.setattr(pipeline.blobs, "save_incoming", first_waits_and_second_fails)
    first = asyncio.create_task(pipeline.upload(key="k-1"))
    await waiting.wait()
    second = await pipeline.upload(key="k-1")
    go_on.set()

    assert [second.status, (await first).status] == [503, 202]
    assert list(pipeline.places.taken) == pipeline.runtime.started


async def test_a_receiver_that_is_away_does_not_hold_up_the_next_run(pipeline: Pipeline) -> None:
    await pipeline.upload(documentId="inv-17")
    pipeline.is_at("inv-17", status=DocumentStatus.COMPLETED, uncounted=True, untold=True)
    pipeline.notifier.fault = ServiceUnavailable("notification webhook", "it answered 503")

    assert (await pipeline.upload(documentId="inv-17", reprocess="true")).status == 202


def _crash() -> None:
    raise RuntimeError("crash with a secret")


async def ended_without_a_word(pipeline: Pipeline) -> DocumentRecord:
    """A document whose run ended before its end could be counted or told."""
    await pipeline.upload(documentId="inv-17")
    return pipeline.is_at("inv-17", status=DocumentStatus.COMPLETED, uncounted=True, untold=True)
