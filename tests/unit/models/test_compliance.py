import pytest
from pydantic import ValidationError

from docpipeline.models.compliance import ComplianceVerdict, review_reasons
from docpipeline.models.extraction import Extraction
from docpipeline.models.policy import ProcessingPolicy

POLICY = ProcessingPolicy(extraction_low_words_threshold=0.30)


CLEAR = ComplianceVerdict(is_compliant=True, confidence=0.99)
WELL_READ = Extraction(confidence=0.99)


def test_a_clear_answer_on_a_well_read_document_needs_nobody() -> None:
    assert review_reasons(CLEAR, WELL_READ, POLICY) == []


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (ComplianceVerdict(is_compliant=False, confidence=0.99), "notCompliant"),
        (ComplianceVerdict(is_compliant=True, confidence=0.99, issue_count=1), "issuesFound"),
        (ComplianceVerdict(is_compliant=True, confidence=0.8499), "complianceConfidenceLow"),
        (ComplianceVerdict(is_compliant=True, confidence=None), "complianceConfidenceLow"),
        (
            ComplianceVerdict(is_compliant=True, confidence=0.99, understood=False),
            "complianceAnswerNotUnderstood",
        ),
    ],
)
def test_every_doubt_of_the_service_asks_a_person(verdict: ComplianceVerdict, reason: str) -> None:
    assert review_reasons(verdict, WELL_READ, POLICY) == [reason]


@pytest.mark.parametrize("read_at", [0.79, None])
def test_a_badly_read_document_asks_a_person(read_at: float | None) -> None:
    assert review_reasons(CLEAR, Extraction(confidence=read_at), POLICY) == ["extractionConfidenceLow"]


def test_the_thresholds_themselves_are_good_enough() -> None:
    verdict = ComplianceVerdict(is_compliant=True, confidence=0.85)
    assert review_reasons(verdict, Extraction(confidence=0.80), ProcessingPolicy()) == []


def test_one_bad_page_does_not_drown_in_the_mean_of_a_long_document() -> None:
    """A page of gibberish in a document whose mean was 0.96 was approved by nobody."""
    extraction = Extraction(confidence=0.96, doubtful_pages=(2,))
    assert review_reasons(CLEAR, extraction, POLICY) == ["pagesDoubtful"]


@pytest.mark.parametrize(
    ("extraction", "reason"),
    [
        (Extraction(confidence=0.96, low_confidence_share=0.3001), "lowWordsShareHigh"),
        (Extraction(confidence=0.96, unmapped_share=0.0501), "charactersUnmapped"),
    ],
)
def test_many_low_words_or_characters_without_meaning_ask_a_person(extraction: Extraction, reason: str) -> None:
    assert review_reasons(CLEAR, extraction, POLICY) == [reason]


def test_the_shares_themselves_are_small_enough() -> None:
    extraction = Extraction(confidence=0.96, low_confidence_share=0.30, unmapped_share=0.05)
    assert review_reasons(CLEAR, extraction, POLICY) == []


def test_a_run_that_was_accepted_before_there_was_a_limit_of_low_words_decides_as_it_did() -> None:
    """Its history has no such limit: a replay that asked a person now would differ from what was done."""
    old_policy = ProcessingPolicy.from_payload({"extractionConfidenceThreshold": 0.8})
    old_extraction = Extraction.from_payload({"confidence": 0.9, "lowConfidenceShare": 0.9})
    assert review_reasons(ComplianceVerdict(is_compliant=True, confidence=1), old_extraction, old_policy) == []


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), -0.01, 1.01])
def test_a_confidence_that_is_none_gets_into_no_payload(nonsense: float) -> None:
    for make in (
        lambda: ComplianceVerdict(is_compliant=True, confidence=nonsense),
        lambda: Extraction(confidence=nonsense),
        lambda: Extraction(low_confidence_share=nonsense),
    ):
        with pytest.raises(ValidationError):
            make()
