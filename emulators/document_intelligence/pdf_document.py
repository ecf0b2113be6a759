"""Opens PDFs and their pages through PDFium. It is not thread-safe: use this in one thread of one process."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image

from emulators.document_intelligence.document_limits import at_most_cpu_seconds
from emulators.document_intelligence.extracted_pages import Box
from emulators.document_intelligence.service_errors import CORRUPT, LOCKED, invalid_request

POINTS_PER_INCH = 72
MOST_RENDERED_PIXELS = 16_000_000
LONGEST_RENDERING_SECONDS = 6


@contextmanager
def open_pdf(path: Path) -> Iterator[Any]:
    """Open a PDF and close it at the end of the block.

    Raises:
        ServiceError: it is corrupt, without a page, or asks for a password.
    """
    _forget_last_error()
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise invalid_request("InvalidContent", LOCKED if "password" in str(error).lower() else CORRUPT) from error
    try:
        if not len(document):
            raise invalid_request("InvalidContent", CORRUPT)
        # Without it, form fields have neither values nor appearances.
        document.init_forms()
        yield document
    finally:
        document.close()


def _forget_last_error() -> None:
    """Reset PDFium's last error: a failure that sets none would seem to have that of an earlier file."""
    with contextlib.suppress(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(b"no PDF").close()


def load_page(document: Any, number: int) -> Any:
    """Return page `number`, counted from 1.

    Raises:
        ServiceError: the page is broken.
    """
    try:
        return document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise invalid_request("InvalidContent", CORRUPT) from error


def render(page: Any, most_dots_per_inch: int) -> tuple[Image.Image, float]:
    """Return a page as an RGB image and its dots per inch: fewer than the most if the page is very large."""
    width, height = (max(side / POINTS_PER_INCH, 0.01) for side in page.get_size())
    dots_per_inch = min(most_dots_per_inch, math.sqrt(MOST_RENDERED_PIXELS / (width * height)))
    with at_most_cpu_seconds(LONGEST_RENDERING_SECONDS):
        bitmap = page.render(scale=dots_per_inch / POINTS_PER_INCH)
    image: Image.Image = bitmap.to_pil().convert("RGB")
    bitmap.close()
    return image, dots_per_inch


class PageSpace:
    """Converts PDF user space (points, from the bottom left, before rotation) to inches from the top left."""

    def __init__(self, page: Any) -> None:
        """Take the page's box and rotation."""
        self._left, bottom, right, top = page.get_cropbox()
        self._bottom = bottom
        self._width, self._height = right - self._left, top - bottom
        self.rotation = int(page.get_rotation())
        width, height = page.get_size()
        self.size = width / POINTS_PER_INCH, height / POINTS_PER_INCH  # as shown

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Return the rectangle as it is shown."""
        (x1, y1), (x2, y2) = self._shown(left, bottom), self._shown(right, top)
        return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)

    def _shown(self, x: float, y: float) -> tuple[float, float]:
        x, y = x - self._left, y - self._bottom
        turned = {
            0: (x, self._height - y),
            90: (y, x),
            180: (self._width - x, y),
            270: (self._height - y, self._width - x),
        }[self.rotation]
        return turned[0] / POINTS_PER_INCH, turned[1] / POINTS_PER_INCH
