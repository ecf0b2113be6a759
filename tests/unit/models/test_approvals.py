import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpipeline.models.approvals import is_own_document, read_decision_event

APPROVAL = {"approved": True, "reviewer": "berta", "comment": "fine"}


@pytest.mark.parametrize("raised", [APPROVAL, json.dumps(APPROVAL)], ids=["object", "string"])
def test_a_decision_is_understood_as_the_webhook_and_as_the_sdk_deliver_it(raised: object) -> None:
    event = read_decision_event(raised)
    assert event is not None
    assert (event.approved, event.reviewer, event.comment) == (True, "berta", "fine")


@pytest.mark.parametrize(
    "raised",
    [
        None, 17, True, [], "", "yes", "null", "{", {}, {"approved": True}, {"reviewer": "berta"},
        {"approved": "true", "reviewer": "berta"}, {"approved": 1, "reviewer": "berta"},
        {"approved": True, "reviewer": ""}, {"approved": True, "reviewer": "  "},
        {"approved": True, "reviewer": 7}, {"approved": True, "reviewer": "x" * 101}, "[" * 100_000,
        {"approved": True, "reviewer": "\u200b"}, {"approved": True, "reviewer": "be\ud800rta"},
        {"approved": True, "reviewer": "be\nrta"}, {"approved": True, "reviewer": "\u202eatreb"},
    ],
)  # fmt: skip
def test_nonsense_is_no_decision(raised: object) -> None:
    assert read_decision_event(raised) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_nothing_that_can_be_raised_crashes_the_reading(raised: object) -> None:
    assert read_decision_event(raised) is None


def test_a_comment_that_cannot_be_stored_takes_nothing_from_the_decision() -> None:
    """Nobody tells who decides at the webhook that a character of the comment was wrong."""
    event = read_decision_event(json.dumps({**APPROVAL, "comment": "line 1\n\tline\x0b2 \ud800\x00"}))
    assert event is not None
    assert (event.approved, event.comment) == (True, "line 1\n\tline 2 \ufffd ")


@pytest.mark.parametrize(
    "reviewer", ["anna", " Anna ", "ANNA", "an\u200bna", "ａｎｎａ", "anna\u00ad", "\u00a0anna"]
)
def test_the_submitter_is_recognised_in_every_guise_of_the_name(reviewer: str) -> None:
    """With an invisible character in the name, submitters could approve their own documents."""
    assert is_own_document(reviewer, "anna")
    assert is_own_document("anna", reviewer)
    assert not is_own_document("berta", "anna")
