"""Small documents, made on the spot, whose text is known."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

LINES = ("The invoice is for the work of the month.", "Total due: 1.234,56 EUR")


def digital_pdf(page_count: int = 1, lines: Sequence[str] = LINES, password: str | None = None) -> bytes:
    """A PDF with a text layer; page n starts with the line `Page n`."""
    buffer = io.BytesIO()
    # invariant: the same call gives the same bytes, so that SHA-256 can be compared.
    encryption = StandardEncryption(password, canPrint=0) if password else None
    pdf = canvas.Canvas(buffer, pagesize=(595, 842), invariant=True, encrypt=encryption)
    for number in range(1, page_count + 1):
        for row, line in enumerate((f"Page {number}", *lines)):
            pdf.drawString(72, 770 - 16 * row, line)
        pdf.showPage()
    pdf.save()
    return buffer.getvalue()


def picture(text: str) -> Image.Image:
    """An image of one line of text, small, so that OCR is quick; no text gives a blank one."""
    image = Image.new("RGB", (420, 110), "white")
    ImageDraw.Draw(image).text((25, 35), text, font=ImageFont.load_default(size=30), fill="black")
    return image


def image_file(text: str, image_format: str = "PNG") -> bytes:
    """A picture of `text` as a file."""
    return _saved(picture(text), image_format)


def tiff(texts: Sequence[str]) -> bytes:
    """A TIFF with one frame for each text."""
    first, *others = [picture(text) for text in texts]
    return _saved(first, "TIFF", save_all=True, append_images=others, compression="tiff_lzw")


def mixed_pdf(scanned: str) -> bytes:
    """A PDF whose first page has a text layer, whose second is a picture, and whose third is blank."""
    buffer = io.BytesIO()
    pdf = canvas.Canvas(buffer, pagesize=(595, 842), invariant=True)
    pdf.drawString(72, 700, LINES[0])
    pdf.showPage()
    pdf.drawInlineImage(picture(scanned), 72, 600)
    pdf.showPage()
    pdf.showPage()
    pdf.save()
    return buffer.getvalue()


def _saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()
