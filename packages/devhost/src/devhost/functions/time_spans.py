"""The .NET ``TimeSpan`` text which host.json and timer schedules use: ``[d.]hh:mm:ss[.fraction]``."""

import re
from datetime import timedelta

_TIME_SPAN = re.compile(
    r"(?:(?P<days>\d{1,8})\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2})(?:\.(?P<ticks>\d{1,7}))?)?"
)


def parse_time_span(text: str) -> timedelta | None:
    """Read ``00:05:00`` or ``1.02:00:00``; None if the text is no time span (hours go to 23, minutes to 59)."""
    match = _TIME_SPAN.fullmatch(text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(match[name] or 0) for name in ("days", "hours", "minutes", "seconds"))
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    microseconds = int((match["ticks"] or "0").ljust(7, "0")) // 10
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds)


def format_time_span(span: timedelta) -> str:
    """Write a span as ``hh:mm:ss``, with the days in front if there are any."""
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days = f"{span.days}." if span.days else ""
    return f"{days}{hours:02}:{minutes:02}:{seconds:02}"
