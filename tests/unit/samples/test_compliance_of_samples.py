"""The local compliance service flags the right sample documents, and no others."""

from typing import Any

import pytest

from emulators.compliance_rules import load_rules
from samples.catalog import SAMPLES, Sample
from samples.large_document import agreement_pages
from samples.make_samples import HERE

NOBODY_IS_ASKED = [sample for sample in SAMPLES if sample.decision == "approved"]


def issue_codes(text: str) -> set[str]:
    issues: list[dict[str, Any]] = [dict(issue) for issue in load_rules().issues(text, {})]
    return {issue["code"] for issue in issues}


def text_of(file: str) -> str:
    sample = next(sample for sample in SAMPLES if sample.file == file)
    return (HERE / "ground_truth" / sample.text_file).read_text(encoding="utf-8")


@pytest.mark.parametrize("sample", NOBODY_IS_ASKED, ids=lambda sample: sample.file)
def test_clean_document_breaks_no_rule(sample: Sample) -> None:
    assert issue_codes(text_of(sample.file)) == set()


def test_payment_letter_is_flagged_for_its_card_number_only() -> None:
    assert issue_codes(text_of("payment-letter.pdf")) == {"payment_card_number"}


def test_expense_claim_is_flagged_for_the_bribe_and_the_national_id() -> None:
    assert issue_codes(text_of("expense-claim.pdf")) == {"bribery", "national_id_us"}


def test_generated_agreements_break_no_rule_whatever_the_seed() -> None:
    texts = ("\n".join(agreement_pages(3, seed)) for seed in range(60))
    assert [seed for seed, text in enumerate(texts) if issue_codes(text)] == []
