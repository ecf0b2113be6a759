"""What a document's content is, judged by its own first bytes."""

from triggers.problem_details import ProblemError

PDF, PNG, JPEG, TIFF = "application/pdf", "image/png", "image/jpeg", "image/tiff"
ACCEPTED = (PDF, PNG, JPEG, TIFF)

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)
_PDF_HEADER_WITHIN = 1024
"""Readers of PDF accept something before ``%PDF-``, as long as it starts within the first 1024 bytes."""


def sniff(first_bytes: bytes) -> str | None:
    """The content type that the first bytes (1 KiB is enough) tell, or None when it is none we accept."""
    for signature, content_type in _SIGNATURES:
        if first_bytes.startswith(signature):
            return content_type
    return PDF if b"%PDF-" in first_bytes[: _PDF_HEADER_WITHIN + len(b"%PDF-")] else None


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


def require_match(first_bytes: bytes, declared: str | None = None) -> str:
    """What the content is; a 415 when it is nothing we accept, or not what the header says."""
    actual = sniff(first_bytes)
    if actual is None:
        claimed = f"The header says {declared}, but the" if declared else "The"
        raise ProblemError(
            "unsupported-type", f"{claimed} content does not begin as any of {', '.join(ACCEPTED)} does."
        )
    if declared and actual != declared:
        raise ProblemError(
            "unsupported-type",
            f"The header says {declared}, but the content is {actual}; send it with its own type.",
        )
    return actual
