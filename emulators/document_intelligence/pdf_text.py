"""Text, words and their boxes from a PDF's own text layer, through PDFium; renders the pages that have none.

PDFium is not thread-safe: use this in one thread of one process.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from emulators.document_intelligence.document_limits import at_most_cpu_seconds
from emulators.document_intelligence.extracted_pages import Line, Page, Polygon, Word, enclosing, rectangle
from emulators.document_intelligence.service_errors import CORRUPT, LOCKED, invalid_request

POINTS_PER_INCH = 72
OCR_DOTS_PER_INCH = 150
LONGEST_RENDERED_SIDE = 5000
LONGEST_RENDERING_SECONDS = 6
THINNEST_PAGE_POINTS = 3
# A text layer is certain, unless a glyph has no character to it.
TEXT_CONFIDENCE = 0.995
UNMAPPED_CONFIDENCE = 0.3
_LINE_ENDS = "\r\n\x0b\x0c"
_HYPHENS = {0x02: "-", 0xFFFE: "-"}  # how PDFium writes a hyphen at a line's end


@contextmanager
def open_pdf(path: Path) -> Iterator[Any]:
    """Open a PDF and close it at the end of the block.

    Raises:
        ServiceError: it is corrupt, without a page, or asks for a password.
    """
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise invalid_request("InvalidContent", LOCKED if "password" in str(error).lower() else CORRUPT) from error
    try:
        if not len(document):
            raise invalid_request("InvalidContent", CORRUPT)
        yield document
    finally:
        document.close()


def shows_something(page: Any) -> bool:
    """Tell whether anything legible may be drawn on a page; a blank one needs no OCR, nor one without room."""
    return min(page.get_size()) >= THINNEST_PAGE_POINTS and bool(pdfium.FPDFPage_CountObjects(page.raw) > 0)


def load_page(document: Any, number: int) -> Any:
    """Return page `number`, counted from 1.

    Raises:
        ServiceError: the page is broken.
    """
    try:
        return document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise invalid_request("InvalidContent", CORRUPT) from error


def read_text_layer(page: Any, number: int) -> Page:
    """Return the page's lines and words, in inches from the top left."""
    width, height = page.get_size()
    text_page = page.get_textpage()
    try:
        lines = list(_lines(text_page.raw, text_page.count_chars(), _PageSpace(page)))
    finally:
        text_page.close()
    return Page(number, round(width / POINTS_PER_INCH, 4), round(height / POINTS_PER_INCH, 4), "inch", 0.0, lines)


def render(page: Any) -> tuple[Image.Image, float]:
    """Return the page as an image for OCR, and its dots per inch (150, fewer for very large pages)."""
    longest_inches = max(page.get_size()) / POINTS_PER_INCH
    dots_per_inch = min(OCR_DOTS_PER_INCH, LONGEST_RENDERED_SIDE / max(longest_inches, 0.01))
    with at_most_cpu_seconds(LONGEST_RENDERING_SECONDS):
        bitmap = page.render(scale=dots_per_inch / POINTS_PER_INCH)
    image: Image.Image = bitmap.to_pil().convert("RGB")
    bitmap.close()
    return image, dots_per_inch


class _PageSpace:
    """Turns PDF user space (points, origin bottom left, before rotation) into inches from the shown top left."""

    def __init__(self, page: Any) -> None:
        self._left, bottom, right, top = page.get_cropbox()
        self._bottom = bottom
        self._width, self._height = right - self._left, top - bottom
        self._rotation = page.get_rotation()

    def polygon(self, left: float, bottom: float, right: float, top: float) -> Polygon:
        """Return the rectangle as it is shown."""
        xs, ys = zip(self._shown(left, bottom), self._shown(right, top), strict=True)
        return rectangle(min(xs), min(ys), max(xs), max(ys))

    def _shown(self, x: float, y: float) -> tuple[float, float]:
        x, y = x - self._left, y - self._bottom
        turned = {
            0: (x, self._height - y),
            90: (y, x),
            180: (self._width - x, y),
            270: (self._height - y, self._width - x),
        }[self._rotation]
        return turned[0] / POINTS_PER_INCH, turned[1] / POINTS_PER_INCH


def _lines(text_page: Any, character_count: int, space: _PageSpace) -> Iterator[Line]:
    words: list[Word] = []
    for start, characters, ends_line in _runs(text_page, character_count):
        if characters:
            # Words are joined with single blanks, so a word starts one behind the end of the one before it.
            offset = words[-1].offset + len(words[-1].content) + 1 if words else 0
            words.append(_word(text_page, start, characters, offset, space))
        if ends_line and words:
            yield _line(words)
            words = []


def _line(words: list[Word]) -> Line:
    return Line(" ".join(word.content for word in words), enclosing(word.polygon for word in words), words)


def _runs(text_page: Any, character_count: int) -> Iterator[tuple[int, list[int], bool]]:
    """Yield the runs between blanks: PDFium index of the first character, UTF-16 units, whether the line ends."""
    start, run = 0, list[int]()
    for index in range(character_count):
        unit = pdfium.FPDFText_GetUnicode(text_page, index)
        character = chr(unit)
        if not character.isspace() and unit != 0:
            start = start if run else index
            run.append(unit)
            continue
        yield start, run, character in _LINE_ENDS
        run = []
    yield start, run, True


def _word(text_page: Any, start: int, units: list[int], offset: int, space: _PageSpace) -> Word:
    content = _text(units)
    is_mapped = not any(character == "\ufffd" or "\ue000" <= character <= "\uf8ff" for character in content)
    confidence = TEXT_CONFIDENCE if is_mapped else UNMAPPED_CONFIDENCE
    return Word(content, offset, space.polygon(*_box(text_page, start, len(units))), confidence)


def _text(units: list[int]) -> str:
    raw = "".join(_HYPHENS.get(unit, chr(unit)) for unit in units)
    # PDFium hands out characters beyond the BMP as two surrogates; a lone one becomes U+FFFD.
    return raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _box(text_page: Any, start: int, count: int) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of a run of characters, in points."""
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    boxes = []
    for index in range(pdfium.FPDFText_CountRects(text_page, start, count)):
        pdfium.FPDFText_GetRect(text_page, index, left, top, right, bottom)
        boxes.append((left.value, bottom.value, right.value, top.value))
    lefts, bottoms, rights, tops = zip(*boxes, strict=True) if boxes else ((0.0,),) * 4
    return min(lefts), min(bottoms), max(rights), max(tops)
