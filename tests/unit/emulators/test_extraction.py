"""The parts of extraction which need no server: geometry, spans, paragraphs, languages, page ranges."""

from __future__ import annotations

import contextlib
import io
import json
import random
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from emulators.document_intelligence import images
from emulators.document_intelligence.extracted_pages import Line, Page, Word, rectangle
from emulators.document_intelligence.extraction import read_pages
from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.languages import detect_language
from emulators.document_intelligence.page_ranges import select_pages
from emulators.document_intelligence.result_writer import write_result
from emulators.document_intelligence.service_errors import ServiceError
from tests.unit.emulators import sample_documents


def line(text: str, top: float, offset_words: bool = True) -> Line:
    box = rectangle(1, top, 5, top + 0.2)
    offsets = [text.index(word) for word in text.split()]
    return Line(text, box, [Word(word, at, box, 0.9) for word, at in zip(text.split(), offsets, strict=True)])


def written(tmp_path: Path, *pages: Page) -> dict[str, Any]:
    write_result(job_in(tmp_path), iter(pages))
    result: dict[str, Any] = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["analyzeResult"]
    return result


def job_in(folder: Path) -> ExtractionJob:
    return ExtractionJob(
        document="unused",
        result=str(folder / "result.json"),
        model_id="prebuilt-read",
        api_version="2023-07-31",
        pages="",
        with_languages=True,
        created_at="2026-11-22T00:00:00.000Z",
    )


def test_spans_count_code_points_over_blank_pages_and_beyond_the_bmp(tmp_path: Path) -> None:
    pages = (
        Page(1, 8, 11, "inch", lines=[line("emoji 😀 first", 1), line("Größe zwei", 3)]),
        Page(2, 8, 11, "inch"),
        Page(3, 8, 11, "inch", lines=[line("last", 1)]),
    )
    result = written(tmp_path, *pages)

    content = result["content"]
    assert content == "emoji 😀 first\nGröße zwei\nlast"
    words = [word for page in result["pages"] for word in page["words"]]
    assert [content[word["span"]["offset"] :][: word["span"]["length"]] for word in words] == content.split()
    page_spans = [page["spans"][0] for page in result["pages"]]
    assert [content[span["offset"] :][: span["length"]] for span in page_spans] == [content[:24], "", "last"]


def test_lines_close_together_make_a_paragraph_and_a_gap_ends_it(tmp_path: Path) -> None:
    page = Page(1, 8, 11, "inch", lines=[line("one", 1), line("two", 1.25), line("three", 2)])

    assert [paragraph["content"] for paragraph in written(tmp_path, page)["paragraphs"]] == ["one two", "three"]


def test_paragraph_of_turned_text_ends_where_its_reader_sees_a_gap(tmp_path: Path) -> None:
    lines = [
        Line(text, rectangle(8 - below - 0.2, 1, 8 - below, 5), [], turned=90)
        for text, below in (("one", 1), ("two", 1.25), ("three", 2))
    ]

    paragraphs = written(tmp_path, Page(1, 8, 11, "inch", lines=lines))["paragraphs"]

    assert [paragraph["content"] for paragraph in paragraphs] == ["one two", "three"]


def test_failed_page_leaves_no_result(tmp_path: Path) -> None:
    def pages() -> Iterator[Page]:
        yield Page(1, 8, 11, "inch")
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        write_result(job_in(tmp_path), pages())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rotation", "left", "top"),
    [(0, 1.0, 1.0), (90, 10.49, 1.0), (180, 6.9, 10.5), (270, 1.0, 6.9)],
)
def test_boxes_are_where_the_words_show_on_a_rotated_page(
    tmp_path: Path, rotation: int, left: float, top: float
) -> None:
    path = tmp_path / "rotated.pdf"
    with pypdfium2.PdfDocument(sample_documents.digital_pdf()) as document:
        document[0].set_rotation(rotation)
        document.save(path)

    [page] = read_pages(path)

    box = page.lines[0].words[0].polygon
    assert (round(page.width), round(page.height)) == ((8, 12) if rotation in (0, 180) else (12, 8))
    assert min(box[0::2]) == pytest.approx(left, abs=0.25)
    assert min(box[1::2]) == pytest.approx(top, abs=0.25)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The price of the work is due at the end of the month, as it was agreed.", "en"),
        ("Die Rechnung ist nicht bezahlt und der Betrag wird mit dem Konto verrechnet.", "de"),
        ("La facture est à payer dans les trente jours pour le montant des travaux.", "fr"),
        ("La factura se paga en los treinta días con el importe que consta en la orden.", "es"),
        ("De rekening is niet betaald en het bedrag wordt van de bank gehaald.", "nl"),
        ("La fattura è da pagare nel mese con il totale che non è più di questo.", "it"),
        ("Faktura nie jest zapłacona przez klienta i kwota jest do zapłaty w terminie.", "pl"),
    ],
)
def test_language_is_told_by_its_small_words(text: str, language: str) -> None:
    detected = detect_language(text)

    assert detected is not None
    assert detected[0] == language
    assert 0.3 < detected[1] <= 1.0


def test_too_little_text_has_no_language() -> None:
    assert detect_language("4711 EUR 0815") is None


def test_pages_beyond_the_end_are_left_out_unless_none_remains() -> None:
    assert select_pages("2-9", page_count=3) == [2, 3]
    assert select_pages("", page_count=3) == [1, 2, 3]
    with pytest.raises(ServiceError, match="InvalidArgument"):
        select_pages("7", page_count=3)


def test_more_than_2000_pages_are_refused() -> None:
    assert len(select_pages("1-2000", page_count=3000)) == 2000
    with pytest.raises(ServiceError, match="InvalidRequest"):
        select_pages("", page_count=2001)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_common_kind_of_image_becomes_rgb_with_its_contrast(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "image.tiff"
    picture = sample_documents.picture("contrast")
    image = (
        picture.convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
        if mode == "I;16"
        else None
    )
    (image or picture.convert(mode)).save(path if mode != "P" else path.with_suffix(".png"))

    with images.open_image(path if mode != "P" else path.with_suffix(".png")) as opened:
        page = images.load_frame(opened, 1)

    brightness = page.convert("L").tobytes()
    assert page.mode == "RGB"
    assert min(brightness) < 60
    assert max(brightness) > 200


def test_no_damage_to_an_image_gets_past_as_another_error(tmp_path: Path) -> None:
    chance, path = random.Random(7), tmp_path / "damaged.tiff"
    for _ in range(200):
        damaged = bytearray(sample_documents.tiff(["one", "two"])[:2000])
        for _ in range(20):
            # Behind the signature, which tells the format.
            damaged[chance.randrange(4, 400)] = chance.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(ServiceError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd tags
            with images.open_image(path) as image:
                images.load_frame(image, images.frame_count(image))


def test_photo_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    buffer = io.BytesIO()
    sample_documents.picture("sideways").save(buffer, "JPEG", exif=exif)
    path.write_bytes(buffer.getvalue())

    with images.open_image(path) as image:
        page = images.load_frame(image, 1)
    assert page.height > page.width
