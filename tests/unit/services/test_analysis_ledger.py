"""The submissions of a run, in blobs: each is counted before it is paid, one at a time."""

import asyncio

import pytest

from docpipeline.errors import ServiceUnavailable
from docpipeline.models.runs import RunReference
from docpipeline.services.document_blobs import DocumentBlobs

URL = "https://di.example/operations/1"


def a_run(document_id: str, instance_id: str = "doc-x-ada-1") -> RunReference:
    return RunReference(document_id=document_id, instance_id=instance_id)


async def test_an_operation_is_remembered_until_it_is_forgotten(blobs: DocumentBlobs, document_id: str) -> None:
    ledger = blobs.analysis_ledger(a_run(document_id))
    assert await ledger.operation_url() is None
    await ledger.save_operation(URL)
    assert await ledger.operation_url() == URL
    assert await blobs.analysis_ledger(a_run(document_id, "another-run")).operation_url() is None
    await ledger.forget_operation()
    await ledger.forget_operation()
    assert await ledger.operation_url() is None


async def test_no_more_submissions_are_taken_than_allowed(blobs: DocumentBlobs, document_id: str) -> None:
    ledger = blobs.analysis_ledger(a_run(document_id))
    assert [await ledger.take_submission(2) for _ in range(4)] == [True, True, False, False]
    assert await ledger.submission_count() == 2
    assert await blobs.analysis_ledger(a_run(document_id, "another-run")).take_submission(2)


async def test_a_submission_that_was_given_back_can_be_taken_again(blobs: DocumentBlobs, document_id: str) -> None:
    ledger = blobs.analysis_ledger(a_run(document_id))
    for _ in range(5):
        assert await ledger.take_submission(2)
        await ledger.give_back_submission()
    assert await ledger.submission_count() == 0


async def test_forgetting_an_operation_forgets_no_submission(blobs: DocumentBlobs, document_id: str) -> None:
    """The count was deleted with the operation, so that lost operations were paid without limit."""
    ledger = blobs.analysis_ledger(a_run(document_id))
    await ledger.take_submission(2)
    await ledger.save_operation(URL)
    await ledger.forget_operation()
    assert await ledger.submission_count() == 1


async def test_of_many_at_once_no_more_are_taken_than_may_be(blobs: DocumentBlobs, document_id: str) -> None:
    """An activity may run twice at once. Both together must not submit more than one alone."""

    async def take() -> bool:
        try:
            return await blobs.analysis_ledger(a_run(document_id)).take_submission(2)
        except ServiceUnavailable:
            return False

    taken = sum(await asyncio.gather(*(take() for _ in range(12))))
    assert taken == await blobs.analysis_ledger(a_run(document_id)).submission_count()
    assert 1 <= taken <= 2


async def test_of_two_that_read_the_same_count_one_must_retry(blobs: DocumentBlobs, document_id: str) -> None:
    ledger = blobs.analysis_ledger(a_run(document_id))
    await ledger.take_submission(3)
    outcomes = await asyncio.gather(*(ledger.take_submission(3) for _ in range(2)), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            with pytest.raises(ServiceUnavailable, match="412"):
                raise outcome
    assert await ledger.submission_count() == 1 + outcomes.count(True)
