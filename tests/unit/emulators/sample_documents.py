"""Makes small documents with known text."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

# Files of other programs.
FILES = Path(__file__).parent / "documents"
LINES = ("The invoice is for the work of the month.", "Total due: 1.234,56 EUR")


def digital_pdf(page_count: int = 1, lines: Sequence[str] = LINES, password: str | None = None) -> bytes:
    """A PDF with a text layer; page n starts with the line `Page n`."""
    buffer = io.BytesIO()
    # invariant: the same call makes the same bytes, so that tests can compare SHA-256.
    encryption = StandardEncryption(password, canPrint=0) if password else None
    pdf = canvas.Canvas(buffer, pagesize=(595, 842), invariant=True, encrypt=encryption)
    for number in range(1, page_count + 1):
        for row, line in enumerate((f"Page {number}", *lines)):
            pdf.drawString(72, 770 - 16 * row, line)
        pdf.showPage()
    pdf.save()
    return buffer.getvalue()


def picture(text: str) -> Image.Image:
    """A small image with one line of text, so that OCR is quick. Without a text it is blank."""
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


def frames_without_content(count: int, width: int, height: int) -> bytes:
    """A TIFF of `count` headers, all of which point to the same few bytes."""
    tags = {256: width, 257: height, 258: 1, 259: 4, 262: 0, 273: 8, 278: height, 279: 8}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    size = 2 + len(entries) + 4
    starts = [16 + size * number for number in range(count)]
    frames = [struct.pack("<H", len(tags)) + entries + struct.pack("<I", after) for after in (*starts[1:], 0)]
    return b"II*\0" + struct.pack("<I", starts[0]) + bytes(8) + b"".join(frames)


def blank_png(side: int) -> bytes:
    """A black square, one bit for a pixel."""
    return _saved(Image.new("1", (side, side)), "PNG", compress_level=1)


def strip_png(width: int, height: int) -> bytes:
    """A white image with a black bar down its left."""
    image = Image.new("L", (width, height), "white")
    image.paste(0, (0, 0, 5, height))
    return _saved(image, "PNG")


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


def drawn_pdf(draw: Callable[[canvas.Canvas], object], compress: bool = True) -> bytes:
    """A PDF with one page of 595 x 842 points that `draw` draws."""
    buffer = io.BytesIO()
    pdf = canvas.Canvas(buffer, pagesize=(595, 842), invariant=True, pageCompression=int(compress))
    draw(pdf)
    pdf.showPage()
    pdf.save()
    return buffer.getvalue()


def scan_pdf(scanned: str, footer: str, invisible: str = "") -> bytes:
    """A scan with the footer and the invisible text of its scanning program."""

    def draw(pdf: canvas.Canvas) -> None:
        pdf.drawInlineImage(picture(scanned), 72, 600)
        pdf.drawString(72, 40, footer)
        layer = pdf.beginText(80, 650)
        layer.setTextRenderMode(3)
        layer.textLine(invisible)
        pdf.drawText(layer)

    return drawn_pdf(draw)


def letters_pdf(texts: Sequence[str], letterhead: str) -> bytes:
    """A PDF with a page for each text, all under the same picture."""
    buffer = io.BytesIO()
    pdf = canvas.Canvas(buffer, pagesize=(595, 842), invariant=True)
    for text in texts:
        pdf.drawInlineImage(picture(letterhead), 72, 700)
        pdf.drawString(72, 600, text)
        pdf.showPage()
    pdf.save()
    return buffer.getvalue()


def unmapped_pdf(text: str) -> bytes:
    """A PDF whose font does not map its glyphs to letters."""
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf", asciiReadable=False))

    def draw(pdf: canvas.Canvas) -> None:
        pdf.setFont("Vera", 24)
        pdf.drawString(72, 700, text)

    return drawn_pdf(draw).replace(b"/ToUnicode", b"/NoUnicode")


def mapped_pdf(drawn: str, letters: Mapping[str, str]) -> bytes:
    """A PDF that draws ASCII letters and maps each of them to another letter."""
    mapping = "".join(f"<{ord(key):02x}> <{ord(letter):04x}>\n" for key, letter in letters.items())
    to_unicode = (
        f"begincmap\n1 begincodespacerange\n<00> <ff>\nendcodespacerange\n"
        f"{len(letters)} beginbfchar\n{mapping}endbfchar\nendcmap"
    )
    content = f"BT /F1 24 Tf 72 700 Td ({drawn}) Tj ET"
    return _written_pdf(
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 6 0 R >>",
        f"<< /Length {len(to_unicode)} >>\nstream\n{to_unicode}\nendstream",
    )


def annotated_pdf(annotation: str, form: str = "") -> bytes:
    """A PDF with an empty page and one annotation. `form` is added to its form."""
    return _written_pdf(
        f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] {form} >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots [4 0 R] >>",
        f"<< /Type /Annot /Rect [72 600 372 640] {annotation} >>",
    )


def _written_pdf(*objects: str) -> bytes:
    body = b"%PDF-1.7\n"
    for number, text in enumerate(objects, start=1):
        body += f"{number} 0 obj\n{text}\nendobj\n".encode()
    return body + b"trailer << /Root 1 0 R >>\n%%EOF\n"


def page_of_forms(levels: int, repeats: int, media_box: str = "0 0 595 842") -> bytes:
    """A PDF with one page that draws a form `repeats` times, which draws another form as often, and so on.

    With 7 levels and 10 repeats, 2 KB draw ten million words.
    """
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{media_box}] /Contents 5 0 R {_resources(6)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        _stream("/X Do " * repeats),
    ]
    form = "/Type /XObject /Subtype /Form /BBox [0 0 595 842]"
    objects += [_stream("/X Do " * repeats, f"{form} {_resources(7 + level)}") for level in range(levels - 1)]
    objects.append(_stream("BT /F 8 Tf 10 10 Td (word ) Tj ET", f"{form} {_resources(4)}"))
    return _pdf_of(objects)


def _resources(form: int) -> str:
    return f"/Resources << /XObject << /X {form} 0 R >> /Font << /F 4 0 R >> >>"


def _stream(content: str, entries: str = "") -> str:
    return f"<< /Length {len(content)} {entries} >>\nstream\n{content}\nendstream"


def _pdf_of(objects: Sequence[str]) -> bytes:
    # Without a table of offsets. Readers rebuild it.
    body = "\n".join(f"{number} 0 obj\n{content}\nendobj" for number, content in enumerate(objects, start=1))
    return f"%PDF-1.5\n{body}\ntrailer << /Root 1 0 R /Size {len(objects) + 1} >>\n%%EOF".encode()


def _saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()
