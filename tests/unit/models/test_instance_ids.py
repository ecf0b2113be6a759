import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpipeline.models import instance_ids

WELL_FORMED = st.text(min_size=1, max_size=100)
ACCEPTED = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_instance_id_carries_the_business_context() -> None:
    built = instance_ids.new_instance_id("inv-17", "anna@example.com", ACCEPTED)
    assert re.fullmatch(r"doc-inv-17-anna@example\.com-1767225600000-[0-9a-f]{12}", built)
    assert built.startswith(instance_ids.instance_prefix("inv-17", "anna@example.com"))


def test_ids_that_join_to_the_same_text_at_the_same_moment_make_different_instance_ids() -> None:
    """Two documents shared an instance, and the second was approved without being read."""
    ids = [
        instance_ids.new_instance_id(document_id, user_id, ACCEPTED)
        for document_id, user_id in (("q-0", "1-2"), ("q-0-1", "2"), ("q-0-1", "2"))
        for _ in range(500)
    ]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "wrong", ["", " a", "a ", "a/b", "a\\b", "a#b", "a?b", "a\nb", "a\x7fb", "a\x85b", "x" * 101, "caf\ufffd"]
)
def test_an_id_which_tables_or_instances_cannot_hold_is_refused(wrong: str) -> None:
    assert instance_ids.problem_with_id(wrong)


@pytest.mark.parametrize("right", ["inv-17", "anna@example.com", "Größe 12", "x" * 100])
def test_usual_ids_are_accepted(right: str) -> None:
    assert instance_ids.problem_with_id(right) is None


@given(WELL_FORMED, WELL_FORMED)
def test_instance_ids_are_always_valid_never_too_long_and_found_by_their_prefix(
    document_id: str, user_id: str
) -> None:
    built = instance_ids.new_instance_id(document_id, user_id, ACCEPTED)
    assert len(built) <= 100
    assert built.isascii()
    assert not set(built) & set("/\\#?% ")
    assert built.startswith(instance_ids.instance_prefix(document_id, user_id))


@given(WELL_FORMED, WELL_FORMED)
def test_two_ids_cut_to_the_same_length_stay_apart(one: str, other: str) -> None:
    cut = [instance_ids.instance_prefix(document_id, "anna") for document_id in (one, other)]
    assert (cut[0] == cut[1]) == (one == other)


@given(st.text(min_size=1, max_size=100), st.text(min_size=1, max_size=100))
def test_two_ids_never_share_a_safe_part(one: str, other: str) -> None:
    assert (instance_ids.safe_part(one) == instance_ids.safe_part(other)) == (one == other)


def test_a_notification_keeps_its_id_over_retries_and_has_no_dot() -> None:
    first = instance_ids.notification_id("doc-1", "document.completed")
    assert first == instance_ids.notification_id("doc-1", "document.completed")
    assert first != instance_ids.notification_id("doc-1", "document.failed")
    assert "." not in first


@given(st.text(), st.integers(min_value=1, max_value=64))
def test_a_document_always_counts_in_the_same_existing_shard(document_id: str, shards: int) -> None:
    shard = instance_ids.counter_shard(document_id, shards)
    assert shard == instance_ids.counter_shard(document_id, shards)
    assert 0 <= int(shard) < shards
