"""What a request leaves in the container ``incoming``: content that a run will use, and nothing else.

A copy that no run takes would stay for ever, since only the end of a run moves it; and one that is removed must
not be what another request's run is about to read, since both have the same name.
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
    """A document sent by reference whose run has moved its content to the archive."""
    pipeline.lies_at(BLOB, PDF)
    await pipeline.refer(REFERENCE)
    record = pipeline.is_at("inv-17", status=DocumentStatus.COMPLETED)
    del pipeline.blobs.stored[record.blob_url]
    return record


def content_of_the_run(pipeline: Pipeline) -> bytes:
    """What the run of the record as it stands will read."""
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


async def test_the_loser_of_a_race_that_is_over_already_takes_its_copy_away(pipeline: Pipeline) -> None:
    """The other request's run began and ended between this one's look at the record and its own."""
    winner = await completed(pipeline)
    del pipeline.records.rows["inv-17"]
    pipeline.records.before_create = lambda: pipeline.records.rows.setdefault("inv-17", winner)

    answer = await pipeline.refer(REFERENCE)

    assert answer.status == 200
    assert pipeline.blobs.stored == {}


async def test_the_loser_of_two_reprocesses_takes_away_what_nobody_uses(pipeline: Pipeline) -> None:
    """A whole other run, its content archived by now, came between."""
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


async def test_what_an_ended_run_left_to_be_looked_at_stays(pipeline: Pipeline) -> None:
    pipeline.lies_at(BLOB, PDF)
    await pipeline.refer(REFERENCE)
    pipeline.is_at("inv-17", status=DocumentStatus.FAILED)

    await pipeline.refer(REFERENCE)
    await pipeline.refer({**REFERENCE, "userId": "bob"})

    assert content_of_the_run(pipeline) == PDF


async def test_a_refused_blob_is_let_go_of(pipeline: Pipeline) -> None:
    pipeline.lies_at(BLOB, b"MZ a program")

    assert (await pipeline.refer(REFERENCE)).is_problem(415, "unsupported-type")
    assert pipeline.blobs.stored == {}
