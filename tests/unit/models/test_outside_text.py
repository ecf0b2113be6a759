"""Text from outside: what is repaired, what is refused, and which names count as the same."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from docpipeline.errors import InvalidRequest
from docpipeline.models.approvals import DecisionBody
from docpipeline.models.compliance import ComplianceIssue
from docpipeline.models.failure import Failure
from docpipeline.models.outside_text import folded, problem_with_name, well_formed
from docpipeline.models.payload import Payload

ANY_TEXT = st.text(alphabet=st.characters(categories=None, exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner) | st.tuples(inner),
    max_leaves=8,
)
FULL_WIDTH_ANN = "".join(chr(ord(letter) - 0x20 + 0xFF00) for letter in "Ann Lee").replace("\uff00", "\u3000")


class Anything(Payload):
    held: object
    names: dict[str, tuple[str, ...]] | None = None


@given(ANY_JSON)
def test_whatever_a_payload_is_given_can_be_stored_and_sent(given: object) -> None:
    """A record with a lone surrogate from a service, an event or a row could not be listed any more."""
    json.dumps(Anything(held=given).to_payload(), ensure_ascii=False).encode()


def test_keys_and_nested_values_of_a_payload_are_made_well_formed_too() -> None:
    payload = Anything.from_payload({"held": None, "names": {"a\udfff": ["\ud800b", "\ud83d\ude00"]}})
    assert payload.names == {"a\ufffd": ("\ufffdb", "😀")}


@given(st.text())
def test_well_formed_text_stays_as_it_is(text: str) -> None:
    assert well_formed(text) == text


def test_what_is_nested_too_deeply_is_refused_not_a_crash() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValidationError):
        Anything.from_payload({"held": deep})


def test_text_of_a_client_that_is_not_well_formed_is_refused_and_not_repaired() -> None:
    """After a silent repair, a decision would be recorded under another name."""
    with pytest.raises(InvalidRequest) as refused:
        DecisionBody.from_payload({"approved": True, "reviewer": "rita\ud800", "comment": "fine"})
    assert [place for place, *_ in refused.value.faults] == [("reviewer",)]


def test_an_error_about_a_payload_does_not_repeat_what_is_in_it() -> None:
    with pytest.raises(ValidationError) as wrong:
        Failure.from_payload({"code": ["s3cret"], "message": "x"})
    assert "s3cret" not in str(wrong.value)


def test_a_short_text_of_a_service_is_one_line_of_bounded_length() -> None:
    """Answers of a service must not grow a record without bound."""
    issue = ComplianceIssue(code="c" * 500, severity="s\r\n" * 500, message="\x00\x85\u2028😀" * 500)
    assert (len(issue.code), len(issue.severity), len(issue.message)) == (100, 20, 300)
    assert issue.severity.startswith("s  s")
    assert issue.message.startswith("   😀")


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot 2026-05-04 at 9.41.00\u202fAM.png",
        "Rechnung\u00a012.pdf",
        "請求書\u30002026.pdf",
        "می\u200cخواهم.pdf",
        "👩\u200d👩\u200d👧.png",
        "Do\u00adku\u00adment.pdf",
        "\u200fשלום\u200f.pdf",
        "❤\ufe0f 🏴\U000e0067\U000e0062\U000e007f.jpg",
        "a\uf022b.pdf",
        "\U0001fae9 as new as can be.png",
    ],
)
def test_names_of_real_people_and_their_files_are_fine(name: str) -> None:
    """A screenshot of a Mac has a narrow no-break blank in its name, and was refused for "control characters"."""
    assert problem_with_name(name, 200) is None


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("a\nb", "U+000A"),
        ("a\x7fb", "U+007F"),
        ("a\x85b", "U+0085"),
        ("a\u2028b", "U+2028"),
        ("invoice\u202efdp.exe", "U+202E"),
        ("a\u2066b", "U+2066"),
        ("a\udc80b", "U+DC80"),
    ],
)
def test_a_name_with_control_or_invisible_characters_is_refused_naming_the_character(name: str, held: str) -> None:
    assert str(problem_with_name(name, 200)).endswith(f"and holds {held}")


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u200b\u200d", "\u3164", "\u2800", "\ufe0f"])
def test_an_invisible_name_is_refused(name: str) -> None:
    assert problem_with_name(name, 200) == "must not be empty or blank"


def test_a_name_that_is_too_long_is_refused_with_the_excess() -> None:
    assert problem_with_name("x" * 201, 200) == "must have at most 200 characters, and has 201"


@pytest.mark.parametrize(
    "name",
    [
        "ANN LEE",
        " ann\tlee\n",
        "ann\u00a0\u3000lee",
        "a\u00adnn\u200b l\u200dee\ufeff",
        "\u202eann lee\u202c",
        FULL_WIDTH_ANN,
        "ann\u2800lee",
        "a\ufe0fnn lee\U000e0041",
        "an\u115fn\u3164lee",
        "annlee",
    ],
)
def test_names_that_people_take_for_the_same_are_the_same_once_folded(name: str) -> None:
    assert folded(name) == folded("Ann Lee")


def test_composed_and_decomposed_letters_are_the_same_once_folded() -> None:
    assert folded(unicodedata.normalize("NFD", "JÜRGEN STRAẞE")) == folded("jürgen strasse")


def test_different_names_stay_different_once_folded() -> None:
    assert len({folded(name) for name in ("ann", "anne", "ann lee", "änn", "an")}) == 5


@given(ANY_TEXT)
def test_folding_what_is_folded_changes_nothing(name: str) -> None:
    assert folded(folded(name)) == folded(name)
