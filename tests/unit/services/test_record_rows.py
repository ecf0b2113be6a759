"""How a record lies in its rows: that it always fits, and that what is damaged is recognised."""

import json
from typing import Any, Unpack

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from docpipeline.errors import InvalidRequest, UnreadableRow
from docpipeline.models.compliance import MAX_ISSUES, ComplianceIssue
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.record_limits import MOST_UNITS, utf16_units
from docpipeline.services import record_rows
from tests.records import AllRecordFields
from tests.unit.services.full_records import NOW, accepted, fullest
from tests.unit.services.record_damage import DAMAGES


def a_full_record(metadata: dict[str, str] | None, /, **fields: Unpack[AllRecordFields]) -> DocumentRecord:
    issues = (fullest(ComplianceIssue),) * MAX_ISSUES
    return fullest(DocumentRecord, **{"metadata": metadata, "issues": issues, "submitted_at": NOW, **fields})


def row_of(record: DocumentRecord) -> dict[str, Any]:
    return record_rows.record_row(record)


LONG_TEXTS = st.builds(
    lambda character, length, end: character * length + end,
    st.sampled_from(["x", "é", '"', "\\", "𝄞", "\u2028", "\x00", "\n", "\x9f"]) | st.characters(),
    st.integers(0, 500),
    st.text(max_size=5),
)
ANY_METADATA = st.dictionaries(LONG_TEXTS.map(lambda text: text[:64]), LONG_TEXTS, max_size=22)


LONGEST_BY_COUNT = {f"{number:02}" + "𝄞" * 62: '"' * 500 for number in range(20)}


@settings(max_examples=60)
@example(LONGEST_BY_COUNT, DocumentStatus.COMPLETED)
@given(ANY_METADATA, st.sampled_from(DocumentStatus))
def test_whatever_metadata_is_accepted_the_record_fits_with_all_else_at_its_longest(
    metadata: dict[str, str], status: DocumentStatus
) -> None:
    """Some was accepted with which no end could be written: submitters were told `completed` and `failed`."""
    try:
        taken = accepted(metadata)
    except InvalidRequest:
        return
    record = a_full_record(taken, status=status)
    row = row_of(record)
    assert utf16_units(row["record"]) <= MOST_UNITS < 32 * 1024
    stored = record_rows.record_in(row)
    assert stored.model_copy(update={"issues": ()}) == record.model_copy(update={"issues": ()})
    assert len(stored.issues) >= 20, "nobody could see in the record why a person must look"


def test_issues_as_services_word_them_keep_their_codes_beside_the_longest_of_all_else() -> None:
    issue = ComplianceIssue(code="payment_card_number_unmasked", message="m" * 300)
    metadata = {f"{number:064}": "x" * 500 for number in range(20)}
    stored = record_rows.record_in(row_of(a_full_record(accepted(metadata), issues=(issue,) * MAX_ISSUES)))
    assert [kept.code for kept in stored.issues] == [issue.code] * MAX_ISSUES


def test_an_end_is_written_even_beside_metadata_of_a_time_without_the_limit() -> None:
    old = a_full_record({str(number): "\x00" * 500 for number in range(10)}, status=DocumentStatus.FAILED)
    stored = record_rows.record_in(row_of(old))
    assert (stored.status, stored.error, stored.metadata) == (old.status, old.error, None)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_row_is_recognised_and_named(damage: str) -> None:
    record = a_full_record(None, document_id="inv-17", user_id="ann", instance_id="doc-inv-17-ann-1")
    for row in [row_of(record), *list(record_rows.listing_rows(record).values())[:1]]:
        if damage == "another time's" and row["RowKey"].startswith("id|"):
            continue
        with pytest.raises(UnreadableRow) as damaged:
            record_rows.record_in(DAMAGES[damage](row))
        assert damaged.value.key == row["RowKey"]
        assert "eve" not in damaged.value.reason


SMALL_ROW = row_of(a_full_record(None, document_id="inv-17", issues=(), review=None))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(DocumentRecord.model_fields)), inner),
    max_leaves=5,
)


@settings(max_examples=50)
@given(ANY_JSON, st.text(), st.sampled_from(["record", *record_rows.READ_COLUMNS]))
def test_no_row_is_anything_but_read_or_unreadable(value: object, text: str, column: str) -> None:
    row = SMALL_ROW
    for wrong in (value, text, json.dumps(value), {"record": value}):
        with pytest.raises(UnreadableRow):
            record_rows.record_in({**row, column: wrong, **(wrong if isinstance(wrong, dict) else {})})


def test_a_record_with_half_a_character_in_it_is_read_again() -> None:
    """A service's lone surrogate had made it unreadable, and every list with it."""
    row = row_of(a_full_record(None))
    payload = json.loads(row["record"])
    payload["issues"] = [{"code": "name", "message": "of \ud83d"}]
    stored = record_rows.record_in({**row, "record": json.dumps(payload)})
    assert stored.issues == (ComplianceIssue(code="name", message="of \ufffd"),)
