"""Timer schedules: NCRONTAB with six or five fields, or a constant interval. Evaluated in one time zone."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from devhost.functions.errors import HostConfigError
from devhost.functions.time_spans import parse_time_span

_SUB_MINUTE = timedelta(minutes=1)


class Schedule(Protocol):
    """When a timer fires."""

    def next_after(self, moment: datetime) -> datetime:
        """Return the first occurrence after a moment, both aware and in UTC."""
        ...

    def is_sub_minute(self, moment: datetime) -> bool:
        """Whether occurrences follow each other in less than a minute, so that there is nothing to catch up."""
        ...


@dataclass(frozen=True)
class CronSchedule:
    """``sec min hour day month day-of-week``, or without the seconds.

    Unlike in cron, a day must match the day of month *and* the day of week, as NCRONTAB has it.
    """

    expression: str
    zone: tzinfo

    def next_after(self, moment: datetime) -> datetime:
        """Return the first occurrence after a moment, in UTC."""
        local = moment.astimezone(self.zone)
        occurrences = croniter(self.expression, local, second_at_beginning=True, day_or=False)
        occurrence: datetime = occurrences.get_next(datetime)
        return occurrence.astimezone(UTC)

    def is_sub_minute(self, moment: datetime) -> bool:
        """Whether the next two occurrences lie less than a minute apart."""
        first = self.next_after(moment)
        return self.next_after(first) - first < _SUB_MINUTE


@dataclass(frozen=True)
class IntervalSchedule:
    """A constant interval."""

    interval: timedelta

    def next_after(self, moment: datetime) -> datetime:
        """Return the moment one interval later."""
        return moment.astimezone(UTC) + self.interval

    def is_sub_minute(self, moment: datetime) -> bool:
        """Whether the interval is less than a minute."""
        return self.interval < _SUB_MINUTE


def parse_schedule(text: str, zone: tzinfo = UTC) -> Schedule:
    """Read a schedule. Raises HostConfigError that shows the accepted forms."""
    fields = text.split()
    if len(fields) in (5, 6):
        schedule = CronSchedule(" ".join(fields), zone)
        try:
            schedule.next_after(datetime.now(UTC))
        except (CroniterError, ValueError) as error:
            raise HostConfigError(_unreadable(text, str(error))) from error
        return schedule
    interval = parse_time_span(text)
    if not interval:
        raise HostConfigError(_unreadable(text, "it is neither NCRONTAB nor a time span"))
    return IntervalSchedule(interval)


def _unreadable(text: str, reason: str) -> str:
    return (
        f'The schedule "{text}" cannot be read: {reason}. Give six fields, '
        '"0 */5 * * * *" (second minute hour day month weekday), or an interval, "00:05:00".'
    )


def time_zone(settings: Mapping[str, str] = os.environ) -> tzinfo:
    """The zone of schedules: WEBSITE_TIME_ZONE, or UTC. Raises HostConfigError for an unknown zone."""
    name = settings.get("WEBSITE_TIME_ZONE")
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise HostConfigError(
            f'WEBSITE_TIME_ZONE is "{name}". Give an IANA name, such as Europe/Berlin.'
        ) from error
