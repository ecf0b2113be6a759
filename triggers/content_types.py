"""Whether content may be sent here: its own first bytes decide, and its header must not say otherwise."""

from docpipeline.models.file_types import ACCEPTED, sniff
from triggers.problem_details import ProblemError


def media_type(header: str | None) -> str:
    """The bare media type of a Content-Type header, in lower case; empty when there is none."""
    return (header or "").partition(";")[0].strip().lower()


def require_accepted(declared: str) -> str:
    """``declared``, or a 415 that names what is accepted."""
    if declared not in ACCEPTED:
        named = f"'{declared[:100]}' is not accepted" if declared else "There is no Content-Type"
        raise ProblemError(
            "unsupported-type",
            f"{named}; send the file as {', '.join(ACCEPTED)}, or a reference to it as application/json.",
        )
    return declared


def require_match(first_bytes: bytes, declared: str) -> str:
    """What the content is; a 415 when it is nothing we accept, or not what the header says."""
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
