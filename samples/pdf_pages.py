"""Draw plain text on A4 pages of a digital PDF, the same bytes every time.

A page is a string. Its first line is the heading; a tab moves to the next column. Streams are not compressed, so
that the bytes do not depend on the version of zlib.
"""

import io
from collections.abc import Sequence

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

PAGE_WIDTH_POINTS, PAGE_HEIGHT_POINTS = 595.28, 841.89
MARGIN_POINTS = 62
LINE_HEIGHT_POINTS = 15.5
HEADING = ("Helvetica-Bold", 15)
BODY = ("Helvetica", 11)
# Where each column of a tabbed line starts, as a share of the width between the margins.
COLUMN_STARTS = (0.0, 0.52, 0.68, 0.84)


def draw_pdf(pages: Sequence[str], *, title: str, password: str | None = None) -> bytes:
    """Return a digital PDF with one A4 page per string.

    Args:
        pages: the text of each page, in Windows-1252 characters (the built-in fonts have no others).
        title: the title in the document's properties.
        password: opens the file. None for a file without encryption.

    Raises:
        ValueError: a line or a page is too long for the paper, or holds a character the fonts lack.
    """
    encryption = StandardEncryption(password, ownerPassword=f"{password}-owner") if password else None
    target = io.BytesIO()
    canvas = _new_canvas(target, (PAGE_WIDTH_POINTS, PAGE_HEIGHT_POINTS), title, encryption)
    for page in pages:
        _draw_page(canvas, page)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def wrap_image(jpeg: bytes, *, title: str, dots_per_inch: int) -> bytes:
    """Return a PDF of one page that holds nothing but the given JPEG, as a scanner makes it."""
    image = ImageReader(io.BytesIO(jpeg))
    width, height = (pixels * 72 / dots_per_inch for pixels in image.getSize())
    target = io.BytesIO()
    canvas = _new_canvas(target, (width, height), title, None)
    canvas.drawImage(image, 0, 0, width, height)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _new_canvas(
    target: io.BytesIO, size: tuple[float, float], title: str, encryption: StandardEncryption | None
) -> Canvas:
    # invariant=1: fixed dates and a fixed document id, which reportlab otherwise takes from the clock.
    canvas = Canvas(target, pagesize=size, invariant=1, pageCompression=0, encrypt=encryption)
    canvas.setTitle(title)
    return canvas


def _draw_page(canvas: Canvas, page: str) -> None:
    lines = page.rstrip("\n").split("\n")
    if MARGIN_POINTS + len(lines) * LINE_HEIGHT_POINTS > PAGE_HEIGHT_POINTS - MARGIN_POINTS:
        raise ValueError(f"{len(lines)} lines do not fit on one page: put a form feed between two pages.")
    for number, line in enumerate(lines):
        font = HEADING if number == 0 else BODY
        _draw_line(canvas, line, font, PAGE_HEIGHT_POINTS - MARGIN_POINTS - number * LINE_HEIGHT_POINTS)


def _draw_line(canvas: Canvas, line: str, font: tuple[str, int], height: float) -> None:
    line.encode("cp1252")
    canvas.setFont(*font)
    for start, cell in zip(COLUMN_STARTS, line.split("\t"), strict=False):
        left = MARGIN_POINTS + start * (PAGE_WIDTH_POINTS - 2 * MARGIN_POINTS)
        if left + stringWidth(cell, *font) > PAGE_WIDTH_POINTS - MARGIN_POINTS:
            raise ValueError(f"This line does not fit on the page, break it: {line!r}")
        if cell:
            canvas.drawString(left, height, cell)
