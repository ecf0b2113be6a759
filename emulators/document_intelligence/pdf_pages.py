"""Reads a page of a PDF: the reliable part of its text layer, and the rest as a picture for OCR."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy
from PIL import Image

from emulators.document_intelligence import pdf_annotations, pdf_document
from emulators.document_intelligence.extracted_pages import Box, Line, Page
from emulators.document_intelligence.page_layout import angle_of, in_reading_order
from emulators.document_intelligence.pdf_characters import read_characters
from emulators.document_intelligence.pdf_document import PageSpace
from emulators.document_intelligence.pdf_objects import hide, survey
from emulators.document_intelligence.pdf_text import plain_line, segments

OCR_DOTS_PER_INCH = 150
# Enough to see whether there is anything: letters differ from the next pixel by this much of 255. Blanks and the
# gradients of backgrounds do not.
GLANCE_DOTS_PER_INCH, SLIGHTEST_EDGE = 50, 24
# A page without room for a letter.
THINNEST_INCHES = 0.05

# Draws an RGB image, and returns its dots per inch.
DrawPicture = Callable[[], tuple[Image.Image, float]]
# Reads the lines of a picture, with their places in inches.
ReadPicture = Callable[[DrawPicture], list[Line]]


class RepeatedPictures:
    """Reads the pictures on pages. A picture that repeats, such as a letterhead, is read only once."""

    def __init__(self, read_image: Callable[[Image.Image, float], list[Line]]) -> None:
        """`read_image` reads an RGB image with this number of inches per pixel."""
        self._read_image = read_image
        self._last = b""
        self._lines: list[Line] = []

    def read(self, draw: DrawPicture) -> list[Line]:
        """Return the lines of a picture."""
        image, dots_per_inch = draw()
        shown = hashlib.sha256(image.tobytes()).digest()
        if shown != self._last:
            self._last, self._lines = shown, self._read_image(image, 1 / dots_per_inch)
        return list(self._lines)


def read_page(document: Any, number: int, read_picture: ReadPicture) -> Page:
    """Read page `number`, counted from 1.

    Args:
        document: an open PDF.
        number: of the page.
        read_picture: called if something on the page can only be read by OCR.

    Raises:
        ServiceError: the page is broken.
    """
    page = pdf_document.load_page(document, number)
    annotations = pdf_annotations.read_annotations(page)
    if pdf_annotations.draw_annotations(page):
        page.close()
        page = pdf_document.load_page(document, number)
    space = PageSpace(page)
    text_page = page.get_textpage()
    characters = read_characters(text_page.raw, space)
    typed = [note for note in annotations if not pdf_annotations.are_shown(text_page.raw, note)]
    text_page.close()
    seen = survey(page, space, characters)
    hide(seen.believed.values())
    has_room = min(space.size) >= THINNEST_INCHES
    lines = _read_rest(page, seen.to_look_at if has_room else [], read_picture)
    page.close()
    for note in typed:
        lines += _typed_lines(note.text, space.box(*note.rectangle))
    believed = [character for character in characters if character.source in seen.believed]
    ordered = in_reading_order(segments(believed), lines)
    width, height = (round(side, 4) for side in space.size)
    return Page(number, width, height, "inch", angle_of(ordered), ordered)


def _typed_lines(text: str, box: Box) -> Iterator[Line]:
    left, top, right, bottom = box
    rows = [row for row in text.splitlines() if row.strip()]
    height = (bottom - top) / len(rows)
    for index, row in enumerate(rows):
        yield plain_line(row, (left, top + index * height, right, top + (index + 1) * height))


def _read_rest(page: Any, to_look_at: Sequence[Box], read_picture: ReadPicture) -> list[Line]:
    def draw(dots_per_inch: int) -> tuple[Image.Image, float]:
        rendered, scale = pdf_document.render(page, dots_per_inch)
        return _only(rendered, to_look_at, scale), scale

    if not to_look_at or not _has_edges(draw(GLANCE_DOTS_PER_INCH)[0]):
        return []
    return read_picture(lambda: draw(OCR_DOTS_PER_INCH))


def _only(rendered: Image.Image, boxes: Iterable[Box], dots_per_inch: float) -> Image.Image:
    """Return a page's picture with everything outside of the boxes in white, so that nothing is read twice."""
    picture = Image.new("RGB", rendered.size, "white")
    for left, top, right, bottom in boxes:
        area = (
            max(0, int(left * dots_per_inch) - 2),
            max(0, int(top * dots_per_inch) - 2),
            min(rendered.width, int(right * dots_per_inch) + 3),
            min(rendered.height, int(bottom * dots_per_inch) + 3),
        )
        if area[0] < area[2] and area[1] < area[3]:
            picture.paste(rendered.crop(area), area[:2])
    return picture


def _has_edges(picture: Image.Image) -> bool:
    grey = numpy.asarray(picture.convert("L")).astype(numpy.int16)
    return any(bool((abs(numpy.diff(grey, axis=axis)) > SLIGHTEST_EDGE).any()) for axis in (0, 1))
