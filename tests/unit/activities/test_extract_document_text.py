"""Extraction: the text is stored and billed once, and an unreadable document fails with a reason."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from activities.extract_document_text import extract_document_text
from docpipeline.errors import (
    CircuitOpen,
    DocumentFailed,
    NothingSubmitted,
    OperationLost,
    ServiceRefused,
    ServiceUnavailable,
)
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.page_reading import PageReading
from docpipeline.services.analysis import Analysis
from tests.unit.activities.conftest import PDF, Pipeline


def a_request(pipeline: Pipeline) -> dict[str, Any]:
    deadline = pipeline.clock() + timedelta(minutes=10)
    return {
        **pipeline.run,
        "blobUrl": pipeline.blob_url,
        "modelId": "prebuilt-document",
        "deadline": deadline.isoformat(),
    }


async def stored_text(pipeline: Pipeline, text_blob: str) -> str:
    return b"".join([chunk async for chunk in pipeline.blobs.read_text(text_blob)]).decode()


async def test_the_text_is_stored_and_a_reference_is_returned(pipeline: Pipeline) -> None:
    await pipeline.accept()
    result = await extract_document_text(a_request(pipeline))
    assert pipeline.document_intelligence.submitted == [PDF]
    assert await stored_text(pipeline, result["textBlob"]) == "All is well."
    assert result == {
        "activity": "extract_document_text",
        "textBlob": result["textBlob"],
        "pageCount": 1,
        "characterCount": 12,
        "language": "en",
        "confidence": 0.9,
        "lowestConfidence": 0.8,
        "lowConfidenceShare": 0.0,
        "doubtfulPages": [],
        "unmappedShare": 0.0,
    }


async def test_the_record_shows_what_was_read(pipeline: Pipeline) -> None:
    await pipeline.accept()
    result = await extract_document_text(a_request(pipeline))
    record = await pipeline.record()
    assert record.status is DocumentStatus.EXTRACTING
    assert (record.page_count, record.language, record.confidence) == (1, "en", 0.9)
    assert record.text_blob == result["textBlob"]


async def test_pages_beyond_the_thresholds_of_the_request_are_named_in_the_answer_and_in_the_record(
    pipeline: Pipeline,
) -> None:
    await pipeline.accept()
    read = ((0.99, 0.0), (0.3, 0.0), (0.7, 0.0), (0.8, 0.11))
    pages = tuple(PageReading(confidence, low_words) for confidence, low_words in read)
    pipeline.document_intelligence.outcomes = [Analysis("a b c", 4, "en", 0.96, 0.2, 0.1, pages, 0.01)]
    limits = {"pageConfidenceThreshold": 0.71, "lowWordsThreshold": 0.1}
    result = await extract_document_text({**a_request(pipeline), **limits})
    assert (result["doubtfulPages"], result["unmappedShare"]) == ([2, 3, 4], 0.01)
    assert (await pipeline.record()).to_api()["doubtfulPages"] == [2, 3, 4]


async def test_two_thousand_doubtful_pages_leave_history_and_record_small(pipeline: Pipeline) -> None:
    """Histories and rows have the list of doubtful pages, so it must not grow with the document."""
    await pipeline.accept()
    pages = (PageReading(confidence=0.1),) * 2000
    pipeline.document_intelligence.outcomes = [Analysis("a", 2000, "en", 0.1, 0.1, 1.0, pages)]
    result = await extract_document_text(a_request(pipeline))
    assert len(json.dumps(result)) < 1500
    assert len(json.dumps((await pipeline.record()).to_payload())) < 1500


async def test_a_second_run_returns_the_same_without_a_request(pipeline: Pipeline) -> None:
    await pipeline.accept()
    first = await extract_document_text(a_request(pipeline))
    assert await extract_document_text(a_request(pipeline)) == first
    assert len(pipeline.document_intelligence.submitted) == 1
    assert len(pipeline.document_intelligence.polled) == 1


async def test_a_second_run_resumes_the_operation_of_the_first(pipeline: Pipeline) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.outcomes.insert(0, ServiceUnavailable("DI", "it answered 503"))
    with pytest.raises(ServiceUnavailable):
        await extract_document_text(a_request(pipeline))
    await extract_document_text(a_request(pipeline))
    assert len(pipeline.document_intelligence.submitted) == 1
    assert pipeline.document_intelligence.polled == ["https://di.example/operations/1"] * 2


async def test_a_lost_operation_is_submitted_again_by_the_next_attempt(pipeline: Pipeline) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.outcomes.insert(0, OperationLost("DI", "the analysis is gone (404)"))
    with pytest.raises(ServiceUnavailable, match="gone"):
        await extract_document_text(a_request(pipeline))
    result = await extract_document_text(a_request(pipeline))
    assert result["pageCount"] == 1
    assert pipeline.document_intelligence.polled[-1] == "https://di.example/operations/2"


LOST = OperationLost("DI", "the analysis failed (InternalServerError)")


async def test_an_analysis_that_fails_again_and_again_is_submitted_twice_and_then_fails_the_document(
    pipeline: Pipeline,
) -> None:
    """A document at which the service fails was paid again and again until its deadline."""
    await pipeline.accept()
    pipeline.document_intelligence.outcomes = [LOST]
    with pytest.raises(OperationLost):
        await extract_document_text(a_request(pipeline))
    failed = await extract_document_text(a_request(pipeline))
    assert failed["failure"]["code"] == "analysisFailed"
    assert "2 times" in failed["failure"]["message"]
    assert await extract_document_text(a_request(pipeline)) == failed
    assert len(pipeline.document_intelligence.submitted) == 2


async def test_submissions_that_may_have_arrived_count(pipeline: Pipeline) -> None:
    """If a connection breaks after the document was sent, the submission may be paid."""
    await pipeline.accept()
    pipeline.document_intelligence.refusals = [ServiceUnavailable("DI", "the connection broke")] * 2
    for _ in range(2):
        with pytest.raises(ServiceUnavailable):
            await extract_document_text(a_request(pipeline))
    failed = await extract_document_text(a_request(pipeline))
    assert failed["failure"]["code"] == "analysisFailed"
    assert pipeline.document_intelligence.submitted == []


async def test_a_crash_between_submission_and_the_record_of_it_counts(pipeline: Pipeline) -> None:
    """A process that crashes there every time must not submit every time."""
    await pipeline.accept()
    pipeline.document_intelligence.refusals = [asyncio.CancelledError()] * 2
    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await extract_document_text(a_request(pipeline))
    failed = await extract_document_text(a_request(pipeline))
    assert failed["failure"]["code"] == "analysisFailed"


@pytest.mark.parametrize("untaken", [NothingSubmitted("DI", "it answered 429"), CircuitOpen("DI", "left alone")])
async def test_refused_submissions_do_not_count(pipeline: Pipeline, untaken: Exception) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.refusals = [untaken] * 5
    for _ in range(5):
        with pytest.raises(NothingSubmitted):
            await extract_document_text(a_request(pipeline))
    assert (await extract_document_text(a_request(pipeline)))["pageCount"] == 1


async def test_a_new_run_of_a_document_may_submit_again(pipeline: Pipeline) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.outcomes = [LOST, LOST, pipeline.document_intelligence.outcomes[0]]
    with pytest.raises(OperationLost):
        await extract_document_text(a_request(pipeline))
    await extract_document_text(a_request(pipeline))
    await pipeline.supersede()
    again = await extract_document_text({**a_request(pipeline), "instanceId": "a-newer-run"})
    assert again["pageCount"] == 1


async def test_an_unreadable_document_is_a_permanent_failure(pipeline: Pipeline) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.outcomes = [DocumentFailed("encrypted", "the file asks for a password")]
    failed = await extract_document_text(a_request(pipeline))
    assert failed["failure"] == {"code": "encrypted", "message": "the file asks for a password"}
    assert await extract_document_text(a_request(pipeline)) == failed
    assert len(pipeline.document_intelligence.polled) == 1


async def test_a_service_that_refuses_us_fails_the_document_at_once_with_the_remedy(pipeline: Pipeline) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.outcomes = [ServiceRefused("DI", "access was refused; check the key")]
    failed = await extract_document_text(a_request(pipeline))
    assert failed["failure"] == {"code": "extractionRefused", "message": "DI: access was refused; check the key"}


async def test_a_document_without_text_is_a_failure(pipeline: Pipeline) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.outcomes = [Analysis(" \n ", 2)]
    failed = await extract_document_text(a_request(pipeline))
    assert failed["failure"]["code"] == "noText"


async def test_a_document_whose_content_is_gone_is_a_failure(pipeline: Pipeline) -> None:
    await pipeline.accept()
    await pipeline.blobs.discard_incoming(pipeline.incoming)
    failed = await extract_document_text(a_request(pipeline))
    assert failed["failure"]["code"] == "contentMissing"


async def test_a_superseded_run_reads_nothing(pipeline: Pipeline) -> None:
    await pipeline.accept()
    await pipeline.supersede()
    failed = await extract_document_text(a_request(pipeline))
    assert failed["failure"]["code"] == "superseded"
    assert pipeline.document_intelligence.submitted == []


async def test_it_is_measured(pipeline: Pipeline) -> None:
    await pipeline.accept()
    await extract_document_text(a_request(pipeline))
    (metric,) = pipeline.metrics.named("ActivityDuration")
    assert metric.properties["activityName"] == "extract_document_text"
    assert metric.properties["status"] == "succeeded"
    assert metric.properties["documentId"] == pipeline.document_id
