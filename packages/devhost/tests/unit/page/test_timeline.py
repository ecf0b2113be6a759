"""Histories become steps, steps get places on an axis."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devhost.page.time_axis import TimeAxis
from devhost.page.timeline import (
    Outcome,
    Step,
    StepKind,
    Timeline,
    build_timeline,
    duration_text,
    moment_of,
    readable,
)
from devhost.testing import OrchestrationTestHost
from tests.unit.page.sample_orders import MARKUP, ORDER_ID, begin_order, order_functions, run_order

START = datetime(2024, 1, 1, tzinfo=UTC)


def at(**parts: float) -> datetime:
    """A moment after the start."""
    return START + timedelta(**parts)


@pytest.fixture(scope="module")
def finished() -> Timeline:
    with OrchestrationTestHost([order_functions()]) as host:
        run_order(host)
        return build_timeline(host.status(ORDER_ID, show_history=True) or {}, host.now())


def the(timeline: Timeline, title: str) -> Step:
    """The only step whose label begins so."""
    (step,) = [step for step in timeline.steps if step.label.startswith(title)]
    return step


def test_steps_stand_in_the_order_in_which_they_began(finished: Timeline) -> None:
    assert [step.label for step in finished.steps] == [
        "reserve",
        "charge",
        "wait to retry charge",
        "charge (try 2)",
        "timer of 2 d",
        "Approval",
        "packing",
        "@stock@pens take",
        "@stock@pencils take",
    ]


def test_failed_activity_shows_its_reason_and_its_next_try_succeeds(finished: Timeline) -> None:
    first = finished.steps[1]
    assert first.outcome == Outcome.FAILED
    assert first.error is not None
    assert "the bank is busy" in first.error
    assert the(finished, "charge (try 2)").outcome == Outcome.DONE


def test_timer_that_lost_against_an_event_was_not_needed(finished: Timeline) -> None:
    timer = the(finished, "timer of 2 d")
    assert (timer.outcome, timer.end) == (Outcome.UNUSED, finished.end)


def test_call_of_an_entity_ends_with_its_answer_and_a_signal_takes_no_time(finished: Timeline) -> None:
    call, signal = the(finished, "@stock@pens"), the(finished, "@stock@pencils")
    assert (call.kind, call.output, call.outcome) == (StepKind.ENTITY_CALL, "98", Outcome.DONE)
    assert (signal.kind, signal.is_point) == (StepKind.SIGNAL, True)


def test_payloads_are_kept_with_their_steps(finished: Timeline) -> None:
    assert the(finished, "packing").output == MARKUP
    assert readable(the(finished, "Approval").input) == '{\n  "approved": true\n}'


def test_unfinished_instance_reaches_until_now_and_its_timer_is_open() -> None:
    with OrchestrationTestHost([order_functions()]) as host:
        begin_order(host)
        host.advance(hours=3)
        timeline = build_timeline(host.status(ORDER_ID, show_history=True) or {}, host.now())
    assert timeline.end == at(hours=3, seconds=5)
    assert the(timeline, "timer of 2 d").outcome == Outcome.OPEN
    assert the(timeline, "timer of 2 d").planned_end == at(hours=48, seconds=4)


def test_pending_instance_has_no_steps() -> None:
    status = {"runtimeStatus": "Pending", "createdTime": "2024-01-01T00:00:00Z"}
    timeline = build_timeline(status, at(seconds=2))
    assert (timeline.start, timeline.end, list(timeline.steps)) == (START, at(seconds=2), [])


def test_suspension_and_termination_are_milestones_with_their_reason() -> None:
    events: list[dict[str, Any]] = [
        {"EventType": "ExecutionStarted", "Timestamp": "2024-01-01T00:00:00Z", "FunctionName": "order"},
        {"EventType": "ExecutionSuspended", "Timestamp": "2024-01-01T00:00:01.1234567Z", "Reason": "lunch"},
        {"EventType": "ExecutionTerminated", "Timestamp": "2024-01-01T00:00:02Z", "Input": "too late"},
        {"EventType": "SomethingNew", "Timestamp": "2024-01-01T00:00:02Z"},
    ]
    status = {"runtimeStatus": "Terminated", "createdTime": "2024-01-01T00:00:00Z", "historyEvents": events}
    timeline = build_timeline(status, at(days=9))
    assert [(step.title, step.input) for step in timeline.steps] == [
        ("suspended", "lunch"),
        ("terminated", "too late"),
    ]
    assert timeline.end == at(seconds=2)


def test_times_with_seven_digits_are_read() -> None:
    assert moment_of("2024-01-01T00:00:01.1234567Z") == at(seconds=1, microseconds=123456)
    assert moment_of("2024-01-01T00:00:01.5Z") == at(seconds=1.5)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        ({"microseconds": 400}, "0 ms"),
        ({"seconds": -3}, "0 ms"),
        ({"milliseconds": 35}, "35 ms"),
        ({"milliseconds": 1400}, "1.4 s"),
        ({"seconds": 5}, "5 s"),
        ({"seconds": 59.99}, "1 min"),
        ({"seconds": 125}, "2 min 5 s"),
        ({"hours": 20}, "20 h"),
        ({"hours": 51}, "2 d 3 h"),
    ],
)
def test_durations_read_well(duration: dict[str, float], text: str) -> None:
    assert duration_text(timedelta(**duration)) == text


def a_step(kind: StepKind, start: float, end: float | None) -> Step:
    """A step between two seconds."""
    return Step(kind, kind, at(seconds=start), None if end is None else at(seconds=end))


def test_axis_is_true_to_scale_without_long_waits() -> None:
    steps = [a_step(StepKind.ACTIVITY, 0, 1), a_step(StepKind.TIMER, 1, 3), a_step(StepKind.ACTIVITY, 3, 4)]
    axis = TimeAxis(Timeline(START, at(seconds=4), steps))
    assert [axis.place(at(seconds=second)) for second in range(5)] == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert axis.breaks == []


def test_axis_shortens_a_wait_that_dwarfs_the_work_and_says_so() -> None:
    steps = [a_step(StepKind.ACTIVITY, 0, 1), a_step(StepKind.ACTIVITY, 100_001, 100_002)]
    axis = TimeAxis(Timeline(START, at(seconds=100_002), steps))
    (the_break,) = axis.breaks
    assert the_break.duration == timedelta(seconds=100_000)
    assert the_break.end - the_break.start == pytest.approx(1 / 6)
    assert axis.place(at(seconds=1)) == pytest.approx(the_break.start)
    assert axis.place(at(seconds=0.5)) == pytest.approx(the_break.start / 2)


def test_axis_keeps_its_length_when_nothing_has_happened() -> None:
    axis = TimeAxis(Timeline(START, START, []))
    assert (axis.place(START), axis.place(at(days=-1)), axis.place(at(days=1))) == (0.0, 0.0, 1.0)


def test_moment_at_is_the_reverse_of_place() -> None:
    steps = [a_step(StepKind.ACTIVITY, 0, 1), a_step(StepKind.ACTIVITY, 500, None)]
    axis = TimeAxis(Timeline(START, at(seconds=502), steps))
    for second in (0, 0.25, 1, 250, 501, 502):
        assert abs(axis.moment_at(axis.place(at(seconds=second))) - at(seconds=second)) < timedelta(milliseconds=1)
