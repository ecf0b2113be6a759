"""Times as texts: exact in storage, whole seconds in status objects."""

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """Return the moment as ISO 8601 UTC with microseconds and ``Z``; such texts sort in time's order."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """Read an aware moment from an ISO 8601 text. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def with_offset(text: str) -> str:
    """Return a stored time with ``+00:00`` at its end, as some of .NET's times have it."""
    return text.rstrip("Z") + "+00:00"


def to_seconds(text: str) -> str:
    """Return a stored time cut to whole seconds, as status objects show it."""
    return text[:19] + "Z"
