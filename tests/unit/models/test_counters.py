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
def test_a_run_counts_once_however_often_it_is_signalled(messages: list[tuple[str, str]]) -> None:
    counts, started, ended = DocumentCounts(), set(), set()
    for run, message in messages:
        counts = counts.start(run) if message == "start" else counts.finish(run, message)
        if message == "start":
            started.add(run)
        elif run in started:
            ended.add(run)
    totals = counts.totals()
    assert totals["pending"] == len(started - ended)
    assert sum(totals[field] for field in FINAL_FIELDS) == len(ended)


def test_an_end_signalled_again_after_many_others_counts_once() -> None:
    """The counter remembered only the last 256 ends, and counted older ones again."""
    counts = DocumentCounts().start("doc-1").finish("doc-1", "processed")
    for number in range(300):
        counts = counts.start(str(number)).finish(str(number), "processed")
    assert counts.finish("doc-1", "failed") == counts


def test_what_is_in_flight_at_a_reset_counts_when_it_ends_and_only_once() -> None:
    counts = DocumentCounts().start("doc-1").start("doc-2").reset()
    assert not any(counts.totals().values())
    for _ in range(2):
        counts = counts.finish("doc-1", "processed").start("doc-1")
    assert counts.totals() == {"pending": 0, "processed": 1, "failed": 0, "rejected": 0, "timedOut": 0}
    assert counts.reset().finish("doc-2", "failed").totals()["failed"] == 1


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


def test_a_run_that_never_began_counts_its_end_once_and_was_never_pending() -> None:
    """Its start was signalled with its end, and both counted again after 256 other runs."""
    counts = DocumentCounts()
    for round in range(3):
        counts = counts.finish("doc-1", "failed", begun=False).start("doc-1")
        for number in range(300):
            counts = counts.start(f"{round}-{number}").finish(f"{round}-{number}", "processed")
    assert (counts.totals()["failed"], counts.totals()["pending"]) == (1, 0)


def test_a_run_that_began_after_all_is_no_longer_pending() -> None:
    counts = DocumentCounts().start("doc-1").finish("doc-1", "failed", begun=False)
    assert (counts.totals()["failed"], counts.totals()["pending"]) == (1, 0)
    assert counts.finish("doc-1", "failed", begun=False) == counts
