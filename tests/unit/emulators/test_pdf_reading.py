"""Reads PDFs without OCR: order, direction, hyphens, fields, annotations, and pages that need OCR."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from emulators.document_intelligence.extracted_pages import Page
from emulators.document_intelligence.extraction import OcrNeeded, read_pages
from emulators.document_intelligence.service_errors import ServiceError
from tests.unit.emulators import sample_documents
from tests.unit.emulators.sample_documents import FILES, annotated_pdf, drawn_pdf

# The texts of the left and of the right column.
LEFT = (
    "The seller hands over the goods in",
    "the port of the town of Ellery before",
    "the end of the month of October.",
)
RIGHT = (
    "The buyer pays the price for them",
    "within ten days of the day when they",
    "were handed over, by bank transfer.",
)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Page]:
    """Read the only page of a document without OCR."""

    def read_only_page(document: bytes) -> Page:
        path = tmp_path / "document.pdf"
        path.write_bytes(document)
        [page] = read_pages(path, with_ocr=False)
        return page

    return read_only_page


def lines_of(page: Page) -> list[str]:
    return [line.content for line in page.lines]


def test_lines_are_read_from_top_to_bottom_in_whichever_order_they_were_drawn(
    read: Callable[[bytes], Page],
) -> None:
    lines = lines_of(read((FILES / "shuffled.pdf").read_bytes()))

    assert lines[:3] == [
        "Dear Ms Hamilton,",
        "This letter is the notice that we end the supply agreement",
        "number 4471 of 3 March 2024 on the last day of December.",
    ]
    assert lines[-2:] == ["Jonathan Archer", "Brightwater Office Supplies Ltd"]


def test_words_drawn_singly_and_in_disorder_make_one_line(read: Callable[[bytes], Page]) -> None:
    def draw(pdf: Canvas) -> None:
        for left, word in ((130, "two"), (160, "three"), (100, "one")):
            pdf.drawString(left, 700, word)

    assert lines_of(read(drawn_pdf(draw))) == ["one two three"]


def test_hyphen_at_the_end_of_a_line_does_not_join_it_with_the_next(read: Callable[[bytes], Page]) -> None:
    page = read((FILES / "hyphens.pdf").read_bytes())

    assert lines_of(page)[:2] == [
        "The board of the company has considered the pro-",
        "posal and will answer it within the com-",
    ]
    assert page.lines[1].polygon[1] > page.lines[0].polygon[5] - 0.1


def test_columns_of_prose_drawn_row_by_row_are_read_one_after_the_other(read: Callable[[bytes], Page]) -> None:
    def draw(pdf: Canvas) -> None:
        pdf.drawString(72, 740, "Terms of sale, which stand above both of the columns of this page as a heading")
        for row, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
            pdf.drawString(72, 700 - 14 * row, left)
            pdf.drawString(310, 700 - 14 * row, right)

    assert lines_of(read(drawn_pdf(draw)))[1:] == [*LEFT, *RIGHT]


def test_rows_of_a_table_are_read_across(read: Callable[[bytes], Page]) -> None:
    rows = (
        ("Copy paper, box of five reams", "12", "18.50"),
        ("Ballpoint pens, blue, fifty", "4", "9.90"),
        ("Filing cabinet, three drawers", "2", "149.00"),
        ("Desk lamp with LED bulb, grey", "6", "24.75"),
    )

    def draw(pdf: Canvas) -> None:
        for column, left in enumerate((72, 320, 420)):
            for row, cells in enumerate(rows):
                pdf.drawString(left, 700 - 16 * row, cells[column])

    assert lines_of(read(drawn_pdf(draw))) == [" ".join(cells) for cells in rows]


def test_hebrew_drawn_letter_by_letter_is_read_in_its_order_with_its_numbers(
    read: Callable[[bytes], Page],
) -> None:
    page = read((FILES / "hebrew.pdf").read_bytes())

    assert lines_of(page) == ["שלום חבר יקר. מספר החשבונית 4471 מיום 3 במרץ 2024 והסכום 2350 אירו."]
    assert page.lines[0].words[0].polygon[0] > page.lines[0].words[-1].polygon[0]


def test_arabic_given_in_forms_and_ligatures_is_read_in_letters_and_in_its_order(
    read: Callable[[bytes], Page],
) -> None:
    """Fonts draw ligatures, such as the lam-alef in this word, and producers draw from left to right."""
    document = sample_documents.mapped_pdf("42 ABC", {"A": "\u0645", "B": "\ufefc", "C": "\ufeb3"})

    assert lines_of(read(document)) == ["\u0633\u0644\u0627\u0645 42"]


def test_text_turned_by_its_page_or_by_itself_is_read_with_its_angle(
    read: Callable[[bytes], Page], tmp_path: Path
) -> None:
    def draw(pdf: Canvas) -> None:
        pdf.translate(300, 400)
        pdf.rotate(-90)  # clockwise
        pdf.drawString(0, 20, "first line of the turned page")
        pdf.drawString(0, 0, "second line of the turned page")

    document = drawn_pdf(draw)
    page = read(document)
    with pypdfium2.PdfDocument(document) as pdf:
        pdf[0].set_rotation(270)
        pdf.save(tmp_path / "upright.pdf")
    upright = read((tmp_path / "upright.pdf").read_bytes())

    assert (
        lines_of(page) == lines_of(upright) == ["first line of the turned page", "second line of the turned page"]
    )
    assert (page.angle, upright.angle) == (90.0, 0.0)
    left, top, right, right_top = page.lines[0].polygon[:4]
    assert (left, right_top > top + 1) == (right, True)


def test_values_of_form_fields_are_read_beside_their_labels(read: Callable[[bytes], Page]) -> None:
    lines = lines_of(read((FILES / "form.pdf").read_bytes()))

    assert lines[3:] == [
        "Name of the member:", "Zebulon Quackenbush", "Pay by card:", "4111 1111 1111 1111",
        "Remarks:", "I live at 99 Hollyhock Crescent",
    ]  # fmt: skip


def test_free_text_put_upon_a_page_is_read(read: Callable[[bytes], Page]) -> None:
    assert lines_of(read((FILES / "free_text.pdf").read_bytes()))[-1] == (
        "REJECTED by finance: account frozen since May"
    )


@pytest.mark.parametrize(
    ("annotation", "form"),
    [
        ("/Subtype /Widget /FT /Tx /T (card) /V (4111 1111 1111 1111)", ""),
        ("/Subtype /Widget /FT /Tx /T (card) /V (4111 1111 1111 1111) /DA (/Helv 12 Tf)", "/NeedAppearances true"),
        ("/Subtype /FreeText /Contents (4111 1111 1111 1111)", ""),
        ("/Subtype /Text /Contents (4111 1111 1111 1111)", ""),
    ],
    ids=["field", "field-to-be-drawn", "free-text", "comment"],
)
def test_annotation_without_an_appearance_is_read_from_its_value(
    read: Callable[[bytes], Page], annotation: str, form: str
) -> None:
    page = read(annotated_pdf(annotation, form))

    assert lines_of(page) == ["4111 1111 1111 1111"]
    assert page.lines[0].polygon[0] == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(
    "annotation",
    [
        "/Subtype /FreeText /F 2 /Contents (hidden)",
        "/Subtype /Link /Contents (link)",
        "/Subtype /Widget /FT /Btn /T (b) /V /Off",
    ],
    ids=["hidden", "link", "checkbox"],
)
def test_annotation_that_shows_no_text_gives_none(read: Callable[[bytes], Page], annotation: str) -> None:
    assert lines_of(read(annotated_pdf(annotation))) == []


def test_password_in_a_field_stays_hidden(read: Callable[[bytes], Page]) -> None:
    page = read(annotated_pdf("/Subtype /Widget /FT /Tx /T (p) /Ff 8192 /V (secret)"))

    assert "secret" not in "".join(lines_of(page))


@pytest.mark.parametrize(
    "document",
    [
        sample_documents.scan_pdf("Scanned words", "Scanned with a free program"),
        sample_documents.scan_pdf("Scanned words", "page 1", invisible="Scnanead wodrs"),
        sample_documents.unmapped_pdf("The quick brown fox"),
    ],
    ids=["footer", "invisible-text", "font-without-a-map"],
)
def test_page_that_shows_more_than_its_text_layer_needs_ocr(
    read: Callable[[bytes], Page], document: bytes
) -> None:
    with pytest.raises(OcrNeeded):
        read(document)


def test_picture_without_anything_to_read_needs_no_ocr(read: Callable[[bytes], Page]) -> None:
    def draw(pdf: Canvas) -> None:
        pdf.drawInlineImage(Image.linear_gradient("L").convert("RGB"), 0, 0, 595, 842)
        pdf.drawString(72, 700, "Text upon a shaded background")

    assert lines_of(read(drawn_pdf(draw))) == ["Text upon a shaded background"]


def test_list_with_bullets_of_a_symbol_font_needs_no_ocr(read: Callable[[bytes], Page]) -> None:
    """Word draws bullets with unmapped codes. Twenty of them are not a reason for OCR."""

    def draw(pdf: Canvas) -> None:
        for row in range(20):
            pdf.setFont("ZapfDingbats", 10)
            pdf.drawString(72, 760 - 20 * row, "n")
            pdf.setFont("Helvetica", 10)
            pdf.drawString(90, 760 - 20 * row, f"item {row}")

    assert lines_of(read(drawn_pdf(draw)))[0].endswith("item 0")


def test_damaged_file_is_corrupt_also_right_after_an_encrypted_one(read: Callable[[bytes], Page]) -> None:
    """PDFium keeps its last error, and some damage sets none. Such a file seemed to need a password."""
    with pytest.raises(ServiceError) as locked:
        read(sample_documents.digital_pdf(password="local-test"))
    with pytest.raises(ServiceError) as damaged:
        read((FILES / "damaged.pdf").read_bytes())

    assert "password" in locked.value.to_json()["innererror"]["message"]
    assert "corrupted" in damaged.value.to_json()["innererror"]["message"]
