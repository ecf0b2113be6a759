"""Text that only OCR can read: scans behind other text, turned pages, tall images."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy
import pytest
from azure.ai.formrecognizer import AnalyzeResult
from PIL import Image

from emulators.document_intelligence.extracted_pages import Line
from emulators.document_intelligence.ocr_tiles import OVERLAP, in_tiles, legible_size
from emulators.document_intelligence.pdf_document import open_pdf
from emulators.document_intelligence.pdf_pages import RepeatedPictures, read_page
from emulators.document_intelligence.pdf_text import plain_line
from tests.unit.emulators import sample_documents
from tests.unit.emulators.emulator_process import EmulatorProcess
from tests.unit.emulators.sample_documents import picture


def lines_of(result: AnalyzeResult) -> list[str]:
    return [line.content for page in result.pages for line in page.lines]


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_scan_is_read_although_its_page_has_a_digital_footer_and_invisible_text(
    running_emulators: EmulatorProcess,
) -> None:
    """The text of a scanning program was taken for that of the whole page, and the scan was lost."""
    document = sample_documents.scan_pdf(
        "Card 4111 1111", "Scanned with a free program", invisible="Cadr 4l11 IIII"
    )

    result = running_emulators.analyze(document)

    assert lines_of(result) == ["Card 4111 1111", "Scanned with a free program"]
    assert result.pages[0].words[0].polygon[0].x == pytest.approx(1.35, abs=0.1)


def test_letterhead_on_every_page_is_read_once(tmp_path: Path) -> None:
    """Otherwise a picture on each of a hundred pages takes a hundred times as long as their text."""
    readings: list[tuple[int, int]] = []

    def read_image(image: Image.Image, _: float) -> list[Line]:
        readings.append(image.size)
        return [plain_line("Letterhead", (1, 1, 2, 2))]

    path = tmp_path / "letter.pdf"
    path.write_bytes(sample_documents.letters_pdf(["first", "second", "third"], letterhead="Letterhead"))
    pictures = RepeatedPictures(read_image)
    with open_pdf(path) as document:
        pages = [read_page(document, number, pictures.read) for number in (1, 2, 3)]

    assert [[line.content for line in page.lines] for page in pages] == [
        ["Letterhead", text] for text in ("first", "second", "third")
    ]
    assert len(readings) == 1


def test_text_with_an_unmapped_font_is_read_as_it_looks(running_emulators: EmulatorProcess) -> None:
    assert lines_of(running_emulators.analyze(sample_documents.unmapped_pdf("The quick brown fox"))) == [
        "The quick brown fox"
    ]


@pytest.mark.parametrize(("degrees", "corner"), [(90, (75, 25)), (180, (395, 75)), (270, (35, 395))])
def test_turned_image_is_read_with_its_angle(
    running_emulators: EmulatorProcess, degrees: int, corner: tuple[int, int]
) -> None:
    turned = picture("Turned as a whole").rotate(-degrees, expand=True)

    [page] = running_emulators.analyze(png(turned)).pages

    assert [line.content for line in page.lines] == ["Turned as a whole"]
    assert page.angle % 360 == pytest.approx(degrees, abs=1.5)
    # The polygon begins at the top left of the text, not of the image.
    first = page.words[0].polygon[0]
    assert (first.x, first.y) == (pytest.approx(corner[0], abs=15), pytest.approx(corner[1], abs=15))


def test_small_print_of_a_tall_image_is_read(running_emulators: EmulatorProcess) -> None:
    """In an image that was shrunk to 2000 pixels, this print was six pixels high."""
    strip = Image.new("RGB", (400, 5000), "white")
    for top, text in ((0, "costs at the top 1.01"), (1480, "costs between 2.02"), (4900, "costs at the end 3.03")):
        strip.paste(picture(text).resize((250, 65)), (20, top))

    assert lines_of(running_emulators.analyze(png(strip))) == [
        "costs at the top 1.01",
        "costs between 2.02",
        "costs at the end 3.03",
    ]


@pytest.mark.parametrize(
    ("size", "legible"),
    [
        ((800, 8000), (800, 8000)),
        ((1240, 1754), (1240, 1754)),
        ((2480, 3508), (1414, 2000)),
        ((4960, 7016), (1414, 2000)),
        ((3468, 4624), (1500, 2000)),
        ((7016, 9933), (2000, 2832)),
        ((50, 10_000), (50, 10_000)),
        ((1600, 20_000), (1131, 14_142)),
    ],
    ids=["strip", "page-150-dpi", "page-300-dpi", "page-600-dpi", "photo", "plan", "thread", "too-many-pixels"],
)
def test_pages_are_shrunk_to_the_usual_scale_and_strips_are_not(
    size: tuple[int, int], legible: tuple[int, int]
) -> None:
    assert legible_size(*size) == legible


def tiles_of(width: int, height: int) -> int:
    tiles: list[numpy.ndarray] = []
    pixels = numpy.zeros(legible_size(width, height)[::-1], dtype=numpy.uint8)
    pixels[::20] = 1

    def detect(tile: numpy.ndarray) -> list[numpy.ndarray]:
        tiles.append(tile)
        return []

    in_tiles(pixels, detect)
    return len(tiles)


@pytest.mark.parametrize("proportion", [0.1, 0.3, 0.5, 0.707, 0.75, 1.0], ids=lambda value: f"{value:.0%}")
def test_larger_image_takes_hardly_more_tiles(proportion: float) -> None:
    """Guards against a limit of pixels above which a photo of a page took twelve tiles instead of one."""
    counts = [tiles_of(round(proportion * height), height) for height in range(500, 10_001, 100)]

    assert max(after - before for before, after in pairwise(counts)) <= 3


def test_page_at_600_dpi_is_read_as_fast_as_at_300() -> None:
    assert tiles_of(4960, 7016) == tiles_of(2480, 3508) == 1


@pytest.mark.parametrize("size", [(3000, 300), (300, 5000), (2600, 2900)])
def test_each_line_of_a_tiled_image_is_found_once_and_whole(size: tuple[int, int]) -> None:
    width, height = size
    lines = [(20, top, width - 20, top + 40) for top in range(30, height - 50, OVERLAP // 2)]
    pixels = numpy.zeros((height, width), dtype=numpy.uint8)
    for number, (left, top, right, bottom) in enumerate(lines, start=1):
        pixels[top:bottom, left:right] = number

    def detect(tile: numpy.ndarray) -> list[numpy.ndarray]:
        found = []
        for number in set(tile.ravel().tolist()) - {0}:
            rows, columns = numpy.nonzero(tile == number)
            left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            found.append(numpy.array([(left, top), (right, top), (right, bottom), (left, bottom)], numpy.float32))
        return found

    boxes = in_tiles(pixels, detect)

    assert sorted((*box[0].round().tolist(), *box[2].round().tolist()) for box in boxes) == sorted(lines)
