"""The type of a document's content, judged by its first bytes."""

PDF, PNG, JPEG, TIFF = "application/pdf", "image/png", "image/jpeg", "image/tiff"
ACCEPTED = (PDF, PNG, JPEG, TIFF)

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)
_PDF_HEADER = b"%PDF-"
_PDF_HEADER_WITHIN = 1024
"""PDF readers accept up to this many bytes before the header."""
SNIFFED_BYTES = _PDF_HEADER_WITHIN + len(_PDF_HEADER)
"""How many of a file's first bytes decide its type."""


def sniff(first_bytes: bytes) -> str | None:
    """The content type by the first bytes (SNIFFED_BYTES are enough); None when it is not accepted."""
    for signature, content_type in _SIGNATURES:
        if first_bytes.startswith(signature):
            return content_type
    return PDF if _PDF_HEADER in first_bytes[:SNIFFED_BYTES] else None


def header_offset(first_bytes: bytes) -> int:
    """How many bytes come before a file's own header: up to 1024 in a PDF, none in other files."""
    return first_bytes.index(_PDF_HEADER) if sniff(first_bytes) == PDF else 0
