"""Intake, the emulator and PDFium agree on what a PDF is, also with bytes before its header."""

from pathlib import Path

import pytest

from docpipeline.models.file_types import PDF, sniff
from emulators.document_intelligence import pdf_document
from emulators.document_intelligence.document_formats import DocumentFormat, detect_format
from emulators.document_intelligence.service_errors import ServiceError
from samples.large_document import make_pdf


@pytest.fixture(scope="module")
def a_pdf() -> bytes:
    return make_pdf(pages=1, seed=1)


@pytest.mark.parametrize("before", [0, 3, 1019, 1020, 1023, 1024])
def test_a_pdf_that_intake_accepts_is_read(tmp_path: Path, a_pdf: bytes, before: int) -> None:
    """A file that passes intake and then fails as unsupported is refused too late."""
    content = b"\n" * before + a_pdf
    path = tmp_path / "document"
    path.write_bytes(content)
    assert sniff(content) == PDF
    assert detect_format(path) is DocumentFormat.PDF
    with pdf_document.open_pdf(path) as document:
        assert len(document) == 1


def test_a_header_that_comes_too_late_does_not_count(tmp_path: Path, a_pdf: bytes) -> None:
    content = b"\n" * 1025 + a_pdf
    (tmp_path / "document").write_bytes(content)
    assert sniff(content) is None
    with pytest.raises(ServiceError, match="InvalidRequest"):
        detect_format(tmp_path / "document")
