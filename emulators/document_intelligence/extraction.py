"""From a document's file to its result file. Runs in a worker process, one document at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from emulators.document_intelligence import images, pdf_text
from emulators.document_intelligence.document_formats import DocumentFormat, detect_format
from emulators.document_intelligence.extracted_pages import Page
from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.page_ranges import select_pages
from emulators.document_intelligence.result_writer import write_result


class OcrNeeded(Exception):
    """A page has no text layer; the document is one for the worker that does OCR."""


def extract(job: ExtractionJob, with_ocr: bool, report_page: Callable[[int], None]) -> int:
    """Extract the selected pages into the result file and return their number.

    Args:
        job: the document and what was asked.
        with_ocr: whether pages without a text layer may be read by OCR here.
        report_page: called with each page's number when it is done, as a sign of life.

    Raises:
        OcrNeeded: `with_ocr` is false and a page needs it.
        ServiceError: the document cannot be analyzed.
    """
    path = Path(job.document)
    is_pdf = detect_format(path) is DocumentFormat.PDF
    pages = (_pdf_pages if is_pdf else _image_pages)(path, job.pages, with_ocr)
    reported = _reporting(pages, report_page)
    return write_result(job, reported)


def _reporting(pages: Iterator[Page], report_page: Callable[[int], None]) -> Iterator[Page]:
    for page in pages:
        yield page
        report_page(page.number)


def _pdf_pages(path: Path, selection: str, with_ocr: bool) -> Iterator[Page]:
    with pdf_text.open_pdf(path) as document:
        for number in select_pages(selection, len(document)):
            page = pdf_text.load_page(document, number)
            yield _pdf_page(page, number, with_ocr)
            page.close()


def _pdf_page(page: Any, number: int, with_ocr: bool) -> Page:
    text_layer = pdf_text.read_text_layer(page, number)
    if text_layer.lines or not pdf_text.shows_something(page):
        return text_layer
    if not with_ocr:
        raise OcrNeeded
    image, dots_per_inch = pdf_text.render(page)
    return _ocr_page(image, number, text_layer.width, text_layer.height, "inch", 1 / dots_per_inch)


def _image_pages(path: Path, selection: str, with_ocr: bool) -> Iterator[Page]:
    with images.open_image(path) as image:
        numbers = select_pages(selection, images.frame_count(image))
        images.check_frames(image, numbers, path.stat().st_size)
        if not with_ocr:
            raise OcrNeeded
        for number in numbers:
            frame = images.load_frame(image, number)
            yield _ocr_page(frame, number, frame.width, frame.height, "pixel", 1.0)


def _ocr_page(
    image: Image.Image, number: int, width: float, height: float, unit: str, units_per_pixel: float
) -> Page:
    # Imported here: the worker for digital PDFs never pays for the OCR libraries.
    from emulators.document_intelligence.ocr import read_image

    lines, angle = read_image(image, units_per_pixel)
    return Page(number, width, height, unit, angle, lines)
