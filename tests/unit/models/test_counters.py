import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpipeline.models.counters import FINAL_FIELDS, DocumentCounts


def test_a_run_is_pending_until_it_ends_as_exactly_one_of_the_ends() -> None:
    started = DocumentCounts().start("doc-1")
    assert started.totals() == {"pending": 1, "processed": 0, "failed": 0, "rejected": 0, "timedOut": 0}
    assert started.finish("doc-1", "timedOut").totals()["timedOut"] == 1
    assert started.finish("doc-1", "timedOut").totals()["pending"] == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["start", *FINAL_FIELDS])), max_size=30))
def test_however_often_it_is_told_a_run_counts_once(messages: list[tuple[str, str]]) -> None:
    counts = DocumentCounts()
    for run, message in messages:
        counts = counts.start(run) if message == "start" else counts.finish(run, message)
    ended = {run for run, message in messages if message != "start"}
    told = {run for run, _ in messages}
    totals = counts.totals()
    assert totals["pending"] == len(told - ended)
    assert sum(totals[field] for field in FINAL_FIELDS) == len(ended)


def test_a_run_ended_before_its_start_was_told_does_not_become_pending() -> None:
    assert DocumentCounts().finish("doc-1", "failed").start("doc-1").totals()["pending"] == 0


@pytest.mark.parametrize("wrong", ["pending", "done", ""])
def test_a_run_cannot_end_as_something_else(wrong: str) -> None:
    with pytest.raises(ValueError, match="processed, failed, rejected, timedOut"):
        DocumentCounts().start("doc-1").finish("doc-1", wrong)


def test_an_unknown_field_cannot_be_incremented() -> None:
    with pytest.raises(ValueError, match="'lost' is none of them"):
        DocumentCounts().increment("lost")


def test_the_memory_of_finished_runs_is_bounded() -> None:
    counts = DocumentCounts()
    for number in range(1000):
        counts = counts.start(str(number)).finish(str(number), "processed")
    assert len(counts.to_payload()["latelyFinished"]) == 256
    assert counts.totals()["processed"] == 1000
