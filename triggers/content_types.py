"""Which content is accepted: its first bytes decide its type, and its header must name the same."""

from docpipeline.models.file_types import ACCEPTED, sniff
from triggers.problem_details import ProblemError


def media_type(header: str | None) -> str:
    """The bare media type of a Content-Type header, in lower case; empty when there is none."""
    return (header or "").partition(";")[0].strip().lower()


def require_accepted(declared: str) -> str:
    """``declared``, if it is an accepted type. Raises a 415 problem that names those."""
    if declared not in ACCEPTED:
        named = f"'{declared[:100]}' is not accepted" if declared else "There is no Content-Type"
        raise ProblemError(
            "unsupported-type",
            f"{named}; send the file as {', '.join(ACCEPTED)}, or a reference to it as application/json.",
        )
    return declared


def require_match(first_bytes: bytes, declared: str) -> str:
    """The type of the content. Raises a 415 problem when it is not accepted, or differs from ``declared``."""
    actual = sniff(first_bytes)
    if actual is None:
        raise ProblemError(
            "unsupported-type",
            f"The header says {declared}, but the content does not begin as any of {', '.join(ACCEPTED)} does.",
        )
    if actual != declared:
        raise ProblemError(
            "unsupported-type",
            f"The header says {declared}, but the content is {actual}; send it with its own type.",
        )
    return actual
