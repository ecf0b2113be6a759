"""Extraction: the text goes into storage, is billed once, and a document that cannot be read says why."""

from datetime import timedelta
from typing import Any

import pytest

from activities.extract_document_text import extract_document_text
from docpipeline.errors import DocumentFailed, OperationLost, ServiceRefused, ServiceUnavailable
from docpipeline.models.documents import DocumentStatus
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
        "textBlob": result["textBlob"],
        "pageCount": 1,
        "characterCount": 12,
        "language": "en",
        "confidence": 0.9,
        "lowestConfidence": 0.8,
        "lowConfidenceShare": 0.0,
    }


async def test_the_record_shows_what_was_read(pipeline: Pipeline) -> None:
    await pipeline.accept()
    result = await extract_document_text(a_request(pipeline))
    record = await pipeline.record()
    assert record.status is DocumentStatus.EXTRACTING
    assert (record.page_count, record.language, record.confidence) == (1, "en", 0.9)
    assert record.text_blob == result["textBlob"]


async def test_a_second_run_returns_the_same_and_asks_nobody(pipeline: Pipeline) -> None:
    await pipeline.accept()
    first = await extract_document_text(a_request(pipeline))
    assert await extract_document_text(a_request(pipeline)) == first
    assert len(pipeline.document_intelligence.submitted) == 1
    assert len(pipeline.document_intelligence.asked) == 1


async def test_a_second_run_resumes_the_operation_of_the_first(pipeline: Pipeline) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.outcomes.insert(0, ServiceUnavailable("DI", "it answered 503"))
    with pytest.raises(ServiceUnavailable):
        await extract_document_text(a_request(pipeline))
    await extract_document_text(a_request(pipeline))
    assert len(pipeline.document_intelligence.submitted) == 1
    assert pipeline.document_intelligence.asked == ["https://di.example/operations/1"] * 2


async def test_a_lost_operation_is_submitted_anew_by_the_next_attempt(pipeline: Pipeline) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.outcomes.insert(0, OperationLost("DI", "the analysis is gone (404)"))
    with pytest.raises(ServiceUnavailable, match="gone"):
        await extract_document_text(a_request(pipeline))
    result = await extract_document_text(a_request(pipeline))
    assert result["pageCount"] == 1
    assert pipeline.document_intelligence.asked[-1] == "https://di.example/operations/2"


async def test_a_document_that_cannot_be_read_comes_back_as_a_failure_for_good(pipeline: Pipeline) -> None:
    await pipeline.accept()
    pipeline.document_intelligence.outcomes = [DocumentFailed("encrypted", "the file asks for a password")]
    failed = await extract_document_text(a_request(pipeline))
    assert failed["failure"] == {"code": "encrypted", "message": "the file asks for a password"}
    assert await extract_document_text(a_request(pipeline)) == failed
    assert len(pipeline.document_intelligence.asked) == 1


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
    (metric,) = pipeline.metrics_named("ActivityDuration")
    assert metric["activityName"] == "extract_document_text"
    assert metric["status"] == "succeeded"
    assert metric["document_id"] == pipeline.document_id
