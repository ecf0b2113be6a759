"""Recognises the format of a document by its first bytes. Names and headers do not matter."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from emulators.document_intelligence.service_errors import UNSUPPORTED, invalid_request

# PDF readers, such as PDFium, accept up to 1024 bytes before the header.
_PDF_HEADER = b"%PDF-"
_PDF_HEADER_WITHIN = 1024
_IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\x00", b"MM\x00*")


class DocumentFormat(Enum):
    """The formats that the emulator reads."""

    PDF = "pdf"
    IMAGE = "image"


def detect_format(path: Path) -> DocumentFormat:
    """Return the document's format.

    Raises:
        ServiceError: the emulator does not read this format (UnsupportedContent).
    """
    with path.open("rb") as file:
        start = file.read(_PDF_HEADER_WITHIN + len(_PDF_HEADER))
    if start.startswith(_IMAGE_STARTS):
        return DocumentFormat.IMAGE
    if _PDF_HEADER in start:
        return DocumentFormat.PDF
    raise invalid_request("UnsupportedContent", UNSUPPORTED)
