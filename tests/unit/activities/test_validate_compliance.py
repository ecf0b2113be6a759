"""The compliance check sends text and metadata, returns the verdict, and records the issues."""

from typing import Any, Unpack

import pytest

from activities.validate_compliance import validate_compliance
from docpipeline.errors import ServiceRefused, ServiceUnavailable
from docpipeline.models.compliance import ComplianceIssue, ComplianceVerdict
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.runs import RunReference
from tests.records import RecordFields, changed
from tests.unit.activities.conftest import Pipeline
from tests.unit.activities.results import result_of


async def a_request(pipeline: Pipeline, **fields: Unpack[RecordFields]) -> dict[str, Any]:
    await pipeline.accept(DocumentStatus.EXTRACTING, **fields)
    text_blob = await pipeline.blobs.save_text(RunReference.from_payload(pipeline.run), "Größe: 文書")
    return {**pipeline.run, "textBlob": text_blob}


async def test_the_verdict_comes_back_and_the_issues_stay_in_the_record(pipeline: Pipeline) -> None:
    issues = (ComplianceIssue(code="cardNumber", message="on page 2"),)
    pipeline.compliance_api.answer = (
        ComplianceVerdict(is_compliant=False, confidence=0.9, issue_count=1),
        issues,
    )
    verdict = await validate_compliance(await a_request(pipeline, metadata={"kind": "invoice"}))
    record = await pipeline.record()
    expected = {"isCompliant": False, "confidence": 0.9, "issueCount": 1, "understood": True}
    assert verdict == result_of("validate_compliance", expected)
    assert pipeline.compliance_api.requests == [("Größe: 文書", {"kind": "invoice"})]
    assert (record.status, record.is_compliant, record.issues) == (DocumentStatus.VALIDATING, False, issues)


async def test_a_service_that_refuses_us_is_a_failure_and_not_a_verdict(pipeline: Pipeline) -> None:
    pipeline.compliance_api.answer = ServiceRefused("compliance API", "it answered 401; check COMPLIANCE_API_KEY")
    verdict = await validate_compliance(await a_request(pipeline))
    assert verdict["failure"]["code"] == "complianceRefused"
    assert verdict["isCompliant"] is False
    assert (await pipeline.record()).is_compliant is None


async def test_a_service_that_is_down_is_raised_for_the_retry(pipeline: Pipeline) -> None:
    pipeline.compliance_api.answer = ServiceUnavailable("compliance API", "it answered 500")
    with pytest.raises(ServiceUnavailable):
        await validate_compliance(await a_request(pipeline))


async def test_a_second_run_gives_the_same(pipeline: Pipeline) -> None:
    request = await a_request(pipeline)
    first = await validate_compliance(request)
    before = await pipeline.record()
    assert await validate_compliance(request) == first
    assert await pipeline.record() == before


@pytest.mark.parametrize("status", [DocumentStatus.AWAITING_REVIEW, DocumentStatus.STORING])
async def test_the_first_answer_stays_whatever_the_service_would_say_today(
    pipeline: Pipeline, status: DocumentStatus
) -> None:
    """A run that is started again must not pass what a person was asked about."""
    issues = (ComplianceIssue(code="cardNumber"),)
    flagged = ComplianceVerdict(is_compliant=False, confidence=0.9, issue_count=1)
    pipeline.compliance_api.answer = (flagged, issues)
    request = await a_request(pipeline)
    first = await validate_compliance(request)
    before = changed(await pipeline.record(), status=status)
    await pipeline.records.update(pipeline.document_id, lambda _: before)
    pipeline.compliance_api.answer = (ComplianceVerdict(is_compliant=True, confidence=1.0), ())

    assert await validate_compliance(request) == first
    assert await pipeline.record() == before
    assert len(pipeline.compliance_api.requests) == 1


async def test_a_refusal_is_asked_about_again(pipeline: Pipeline) -> None:
    request = await a_request(pipeline)
    pipeline.compliance_api.answer = ServiceRefused("compliance API", "it answered 401")
    assert "failure" in await validate_compliance(request)
    pipeline.compliance_api.answer = (ComplianceVerdict(is_compliant=True, confidence=0.9), ())
    assert (await validate_compliance(request))["isCompliant"] is True
