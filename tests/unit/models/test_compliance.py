from typing import Any

import pytest

from docpipeline.models.compliance import ComplianceVerdict, review_reasons
from docpipeline.models.extraction import Extraction
from docpipeline.models.policy import ProcessingPolicy


def reasons(read_at: float | None = 0.99, **verdict: Any) -> list[str]:
    answer = {"is_compliant": True, "confidence": 0.99, **verdict}
    return review_reasons(ComplianceVerdict(**answer), Extraction(confidence=read_at), ProcessingPolicy())


def test_a_clear_answer_on_a_well_read_document_needs_nobody() -> None:
    assert reasons() == []


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ({"is_compliant": False}, "notCompliant"),
        ({"issue_count": 1}, "issuesFound"),
        ({"confidence": 0.8499}, "complianceConfidenceLow"),
        ({"confidence": None}, "complianceConfidenceLow"),
        ({"understood": False}, "complianceAnswerNotUnderstood"),
    ],
)
def test_every_doubt_of_the_service_asks_a_person(verdict: dict[str, Any], reason: str) -> None:
    assert reasons(**verdict) == [reason]


@pytest.mark.parametrize("read_at", [0.79, None])
def test_a_badly_read_document_asks_a_person(read_at: float | None) -> None:
    assert reasons(read_at=read_at) == ["extractionConfidenceLow"]


def test_the_thresholds_themselves_are_good_enough() -> None:
    assert reasons(read_at=0.80) == reasons(confidence=0.85) == []
    assert (
        review_reasons(
            ComplianceVerdict(is_compliant=True, confidence=0.85), Extraction(confidence=0.80), ProcessingPolicy()
        )
        == []
    )
