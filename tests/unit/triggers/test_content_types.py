"""The type of a document is found by its first bytes."""

import pytest

from docpipeline.models.file_types import header_offset, sniff
from triggers.content_types import media_type


@pytest.mark.parametrize(
    ("first_bytes", "content_type"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"junk before it\n%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"\xff\xd8\xff\xe1", "image/jpeg"),
        (b"II*\x00\x08", "image/tiff"),
        (b"MM\x00*\x00", "image/tiff"),
        (b"x" * 1024 + b"%PDF-1.7", "application/pdf"),
        (b"x" * 1025 + b"%PDF-1.7", None),
        (b"\x89PNG\n", None),
        (b"PK\x03\x04", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_the_first_bytes_determine_the_type(first_bytes: bytes, content_type: str | None) -> None:
    assert sniff(first_bytes) == content_type


@pytest.mark.parametrize(
    ("first_bytes", "offset"),
    [
        (b"%PDF-1.7 of %PDF-1.4", 0),
        (b"\xef\xbb\xbf%PDF-1.7", 3),
        (b"x" * 1024 + b"%PDF-1.7", 1024),
        (b"x" * 1025 + b"%PDF-1.7", 0),
        (b"\xff\xd8\xff a photo of %PDF-1.7", 0),
        (b"", 0),
    ],
)
def test_only_a_pdf_has_something_before_its_header(first_bytes: bytes, offset: int) -> None:
    assert header_offset(first_bytes) == offset


@pytest.mark.parametrize(
    ("header", "bare"),
    [("Image/PNG; charset=x", "image/png"), (" application/json ", "application/json"), (None, "")],
)
def test_a_header_is_read_without_its_parameters(header: str | None, bare: str) -> None:
    assert media_type(header) == bare
