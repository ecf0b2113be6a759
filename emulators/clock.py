"""The time of day as the emulators write it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime | None = None) -> str:
    """Write `moment` (default: now) as ISO 8601 in UTC with milliseconds and `Z`."""
    return (moment or utc_now()).isoformat(timespec="milliseconds").replace("+00:00", "Z")
