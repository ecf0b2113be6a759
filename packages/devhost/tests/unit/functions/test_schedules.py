"""NCRONTAB and time spans, as timer triggers take them."""

from datetime import UTC, datetime, timedelta

import pytest

from devhost.functions.errors import HostConfigError
from devhost.functions.schedules import parse_schedule, time_zone
from devhost.functions.time_spans import format_time_span, parse_time_span

SUNDAY_TEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("0 */5 * * * *", "2026-11-22T10:05:00"),
        ("*/5 * * * *", "2026-11-22T10:05:00"),
        ("30 0 3 * * *", "2026-11-23T03:00:30"),
        ("*/10 * * * * *", "2026-11-22T10:00:10"),
        ("0 30 9 * Jan Mon-Fri", "2027-01-01T09:30:00"),
        ("0 0 12 * * 0", "2026-11-22T12:00:00"),
        ("00:00:10", "2026-11-22T10:00:10"),
        ("1.06:00:00", "2026-11-23T16:00:00"),
    ],
)
def test_schedule_gives_its_next_occurrence(text: str, following: str) -> None:
    assert parse_schedule(text).next_after(SUNDAY_TEN) == datetime.fromisoformat(f"{following}+00:00")


def test_day_of_month_and_day_of_week_must_both_match() -> None:
    friday_13th = parse_schedule("0 0 9 13 * 5").next_after(SUNDAY_TEN)
    assert (friday_13th.day, friday_13th.isoweekday()) == (13, 5)


def test_occurrences_follow_the_configured_time_zone() -> None:
    zone = time_zone({"WEBSITE_TIME_ZONE": "Europe/Berlin"})
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    assert parse_schedule("0 0 9 * * *", zone).next_after(summer) == datetime(2026, 7, 1, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "99 * * * * *", "* * * *", "0 0 0 31 2 *", "24:00:00"])
def test_unreadable_schedule_is_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(HostConfigError, match="Give six fields"):
        parse_schedule(text)


def test_unknown_time_zone_is_refused_with_an_example() -> None:
    with pytest.raises(HostConfigError, match="Europe/Berlin"):
        time_zone({"WEBSITE_TIME_ZONE": "Mars/Olympus"})


def test_only_schedules_below_a_minute_count_as_such() -> None:
    verdicts = [
        parse_schedule(text).is_sub_minute(SUNDAY_TEN) for text in ("*/30 * * * * *", "0 * * * * *", "00:00:59")
    ]
    assert verdicts == [True, False, True]


def test_time_spans_are_read_and_written_as_dotnet_does() -> None:
    assert parse_time_span("1.02:03:04.5") == timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=500)
    assert parse_time_span("25:00:00") is None
    assert format_time_span(timedelta(minutes=30)) == "00:30:00"
    assert format_time_span(timedelta(days=2, hours=1)) == "2.01:00:00"
