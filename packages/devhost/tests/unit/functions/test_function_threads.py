import threading

import pytest

from devhost.functions.function_threads import FunctionThreads
from devhost.functions.time_limits import TimeLimits

SECONDS = 10


def test_as_many_run_side_by_side_as_the_limit_allows_and_no_more() -> None:
    threads, barrier, release = FunctionThreads(2), threading.Barrier(3), threading.Event()
    third_has_run = threading.Event()

    def hold() -> None:
        barrier.wait(SECONDS)
        release.wait(SECONDS)

    threads.submit(hold)
    threads.submit(hold)
    barrier.wait(SECONDS)  # Both are there at once.
    threads.submit(third_has_run.set)
    assert not threads.wait_idle(0)
    assert not third_has_run.is_set()
    release.set()
    assert third_has_run.wait(SECONDS)
    assert threads.wait_idle(SECONDS)
    threads.close()


def test_a_thread_that_cannot_be_had_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads, has_run = FunctionThreads(1), threading.Event()
    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            threads.submit(has_run.set)
    assert threads.wait_idle(0)
    assert not has_run.is_set()
    threads.submit(has_run.set)
    assert has_run.wait(SECONDS)
    threads.close()


def test_a_run_that_exceeds_the_limit_is_told_of_once_and_its_end_counts_no_more() -> None:
    limits, expired = TimeLimits(0.01), threading.Event()
    number = limits.begin(expired.set)
    assert expired.wait(SECONDS)
    assert limits.end(number) is False
    limits.close()


def test_a_run_that_ends_in_time_is_never_told_of() -> None:
    limits, late = TimeLimits(0.01), threading.Event()

    def fail() -> None:
        raise AssertionError("It had ended.")

    assert limits.end(limits.begin(fail)) is True
    limits.begin(late.set)
    assert late.wait(SECONDS)  # By now the first would have been reported, too.
    limits.close()


def test_one_that_cannot_be_told_of_does_not_keep_others_from_it() -> None:
    limits, expired = TimeLimits(0.01), threading.Event()

    def fail() -> None:
        raise RuntimeError("can't start new thread")

    limits.begin(fail)
    limits.begin(expired.set)
    assert expired.wait(SECONDS)
    limits.close()


def test_without_a_limit_ends_are_counted_all_the_same() -> None:
    limits = TimeLimits(None)
    number = limits.begin(lambda: None)
    assert (limits.end(number), limits.end(number)) == (True, False)
