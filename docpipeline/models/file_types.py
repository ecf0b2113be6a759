"""What a document's content is, judged by its own first bytes."""

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
"""Readers of PDF accept something before the header, as long as that is at most 1024 bytes."""
SNIFFED_BYTES = _PDF_HEADER_WITHIN + len(_PDF_HEADER)
"""How much of a file's beginning tells what it is."""


def sniff(first_bytes: bytes) -> str | None:
    """The content type that the first bytes (SNIFFED_BYTES are enough) tell, or None when it is none we accept."""
    for signature, content_type in _SIGNATURES:
        if first_bytes.startswith(signature):
            return content_type
    return PDF if _PDF_HEADER in first_bytes[:SNIFFED_BYTES] else None


def header_offset(first_bytes: bytes) -> int:
    """How many bytes come before a file's own header: of a PDF up to 1024, of anything else none."""
    return first_bytes.index(_PDF_HEADER) if sniff(first_bytes) == PDF else 0
