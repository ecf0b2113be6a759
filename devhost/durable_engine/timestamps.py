"""Times as texts: exact in storage, whole seconds in status objects."""

from datetime import UTC, datetime

_EXACT = "%Y-%m-%dT%H:%M:%S.%fZ"


def to_text(moment: datetime) -> str:
    """Return the moment as ISO 8601 UTC with microseconds and ``Z``; such texts sort in time's order."""
    utc = moment.astimezone(UTC)
    # strftime does not pad years before 1000.
    return f"{utc.year:04}" + utc.strftime(_EXACT.removeprefix("%Y"))


def from_text(text: str) -> datetime:
    """Return the aware moment that an ISO 8601 text tells. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def to_seconds(text: str) -> str:
    """Return a stored time cut to whole seconds, as status objects show it."""
    return text[:19] + "Z"
