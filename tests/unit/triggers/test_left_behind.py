"""A request leaves only content that a run will use in the container ``incoming``.

A copy without a run would stay forever, since only the end of a run moves it. But a request must not remove a copy
that the run of another request is about to read: both have the same name.
"""

import asyncio

import pytest

from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from tests.records import changed
from tests.unit.triggers.conftest import BLOB, PDF, Answer, Pipeline

REFERENCE = {"blobUrl": BLOB, "userId": "ann", "documentId": "inv-17"}


@pytest.fixture(autouse=True)
def files_are_closed(pipeline: Pipeline) -> object:
    yield
    assert all(spooled.file.closed for spooled in pipeline.blobs.spools)


async def completed(pipeline: Pipeline) -> DocumentRecord:
    """A document that was sent by URL, and whose run has moved its content to the archive."""
    pipeline.lies_at(BLOB, PDF)
    await pipeline.refer(REFERENCE)
    record = pipeline.is_at("inv-17", status=DocumentStatus.COMPLETED)
    del pipeline.blobs.stored[record.blob_url]
    return record


def content_of_the_run(pipeline: Pipeline) -> bytes:
    """The content that the run in the record will read."""
    return pipeline.blobs.stored[pipeline.records.rows["inv-17"].blob_url]


async def test_a_blob_sent_again_after_its_end_leaves_no_copy(pipeline: Pipeline) -> None:
    await completed(pipeline)

    again = await pipeline.refer(REFERENCE)

    assert again.status == 200
    assert pipeline.blobs.stored == {}


async def test_another_users_blob_of_the_same_content_leaves_no_copy(pipeline: Pipeline) -> None:
    await completed(pipeline)

    refused = await pipeline.refer({**REFERENCE, "userId": "bob"})

    assert refused.is_problem(409, "conflict")
    assert pipeline.blobs.stored == {}


async def test_a_reprocess_in_flight_keeps_its_content_when_the_blob_is_sent_again(pipeline: Pipeline) -> None:
    await completed(pipeline)
    await pipeline.refer(REFERENCE, reprocess="true")

    answers = [await pipeline.refer({**REFERENCE, "userId": user}) for user in ("ann", "bob")]

    assert [answer.status for answer in answers] == [200, 409]
    assert content_of_the_run(pipeline) == PDF


@pytest.mark.parametrize("reference", [True, False])
async def test_of_two_at_once_the_loser_leaves_the_winner_its_content(pipeline: Pipeline, reference: bool) -> None:
    pipeline.lies_at(BLOB, PDF)

    async def send(user: str) -> Answer:
        if reference:
            return await pipeline.refer({**REFERENCE, "userId": user})
        return await pipeline.upload(documentId="inv-17", userId=user)

    answers = await asyncio.gather(*(send(user) for user in ("ann", "bob", "ann", "bob")))

    assert sorted({answer.status for answer in answers}) == [200, 202, 409]
    assert content_of_the_run(pipeline) == PDF


async def test_the_loser_of_a_race_that_is_over_removes_its_copy(pipeline: Pipeline) -> None:
    """The run of another request began and ended before this request created its record."""
    winner = await completed(pipeline)
    del pipeline.records.rows["inv-17"]
    pipeline.records.before_create = lambda: pipeline.records.rows.setdefault("inv-17", winner)

    answer = await pipeline.refer(REFERENCE)

    assert answer.status == 200
    assert pipeline.blobs.stored == {}


async def test_the_loser_of_two_reprocesses_removes_content_without_a_run(pipeline: Pipeline) -> None:
    """Another run began, ended and was archived meanwhile."""
    record = await completed(pipeline)
    other = changed(record, instance_id="another-run")
    pipeline.blobs.before_save = lambda: pipeline.records.put(other)

    answer = await pipeline.refer(REFERENCE, reprocess="true")

    assert answer.is_problem(409, "conflict")
    assert pipeline.blobs.stored == {}


async def test_the_loser_of_two_reprocesses_leaves_the_winner_its_content(pipeline: Pipeline) -> None:
    await completed(pipeline)

    answers = await asyncio.gather(*(pipeline.refer(REFERENCE, reprocess="true") for _ in range(6)))

    assert sorted(answer.status for answer in answers) == [202, *[409] * 5]
    assert content_of_the_run(pipeline) == PDF


async def test_the_content_of_a_failed_run_stays(pipeline: Pipeline) -> None:
    pipeline.lies_at(BLOB, PDF)
    await pipeline.refer(REFERENCE)
    pipeline.is_at("inv-17", status=DocumentStatus.FAILED)

    await pipeline.refer(REFERENCE)
    await pipeline.refer({**REFERENCE, "userId": "bob"})

    assert content_of_the_run(pipeline) == PDF


async def test_the_file_of_a_refused_blob_is_closed(pipeline: Pipeline) -> None:
    pipeline.lies_at(BLOB, b"MZ a program")

    assert (await pipeline.refer(REFERENCE)).is_problem(415, "unsupported-type")
    assert pipeline.blobs.stored == {}
