"""From a document's file to its result file. Runs in a worker process, one document at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from emulators.document_intelligence import images, pdf_document, pdf_pages
from emulators.document_intelligence.document_formats import DocumentFormat, detect_format
from emulators.document_intelligence.extracted_pages import Line, Page
from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.page_layout import angle_of, in_reading_order
from emulators.document_intelligence.page_ranges import select_pages
from emulators.document_intelligence.result_writer import write_result


class OcrNeeded(Exception):
    """A page shows more than its text layer has: the document needs a worker with OCR."""


# Called before each part of a page that takes long: a tile, or a few lines.
BeginPart = Callable[[], None]


def extract(
    job: ExtractionJob, with_ocr: bool, report_page: Callable[[int], None], begin_part: BeginPart = lambda: None
) -> int:
    """Extract the selected pages into the result file and return their number.

    Args:
        job: the document and the parameters of the request.
        with_ocr: whether this process may use OCR.
        report_page: called with the number of each finished page, as a sign of life.
        begin_part: called before each part of a page that OCR reads.

    Raises:
        OcrNeeded: `with_ocr` is false and a page needs it.
        ServiceError: the document cannot be analyzed.
    """
    pages = read_pages(Path(job.document), job.pages, with_ocr, begin_part)
    return write_result(job, _reporting(pages, report_page))


def read_pages(
    path: Path, selection: str = "", with_ocr: bool = True, begin_part: BeginPart = lambda: None
) -> Iterator[Page]:
    """Yield the selected pages of a document; raises as `extract`."""
    is_pdf = detect_format(path) is DocumentFormat.PDF
    yield from (_pdf_pages if is_pdf else _image_pages)(path, selection, with_ocr, begin_part)


def _reporting(pages: Iterator[Page], report_page: Callable[[int], None]) -> Iterator[Page]:
    for page in pages:
        yield page
        report_page(page.number)


def _pdf_pages(path: Path, selection: str, with_ocr: bool, begin_part: BeginPart) -> Iterator[Page]:
    pictures = pdf_pages.RepeatedPictures(partial(_read_image, begin_part=begin_part))
    read_picture = pictures.read if with_ocr else _refuse_picture
    with pdf_document.open_pdf(path) as document:
        for number in select_pages(selection, len(document)):
            yield pdf_pages.read_page(document, number, read_picture)


def _refuse_picture(draw: pdf_pages.DrawPicture) -> list[Line]:
    raise OcrNeeded


def _read_image(image: Image.Image, units_per_pixel: float, begin_part: BeginPart) -> list[Line]:
    # Imported here, so that the worker for digital PDFs does not load the OCR libraries.
    from emulators.document_intelligence.ocr import read_image

    return read_image(image, units_per_pixel, begin_part)


def _image_pages(path: Path, selection: str, with_ocr: bool, begin_part: BeginPart) -> Iterator[Page]:
    with images.open_image(path) as image:
        numbers = select_pages(selection, images.frame_count(image))
        images.check_frames(image, numbers, path.stat().st_size)
        if not with_ocr:
            raise OcrNeeded
        for number in numbers:
            frame = images.load_frame(image, number)
            lines = in_reading_order((), _read_image(frame, 1.0, begin_part))
            yield Page(number, frame.width, frame.height, "pixel", angle_of(lines), lines)
