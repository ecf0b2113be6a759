"""Finds what a PDF page draws beside reliable text: pictures, and text that must be read by OCR.

Scanning programs put invisible text under or over the scan, fonts may not map their glyphs to letters, and
designers turn letters into outlines. All of that is read as people read it: from the picture of the page.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pypdfium2.raw as pdfium

from emulators.document_intelligence.extracted_pages import Box, around
from emulators.document_intelligence.pdf_characters import Character
from emulators.document_intelligence.pdf_document import PageSpace

DEEPEST_FORM = 8
# Smaller pictures are bullets and rules (inches, square inches).
SHORTEST_SIDE, SMALLEST_AREA = 0.1, 0.1
# Outlines of letters have at least this many segments on this much of the page. A logo has fewer, or is small.
FEWEST_SEGMENTS_OF_LETTER, FEWEST_SEGMENTS, SMALLEST_SHARE = 8, 1000, 0.1
_Matrix = tuple[float, float, float, float, float, float]
_UNCHANGED: _Matrix = (1, 0, 0, 1, 0, 0)
_UNSEEN_MODES = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)


@dataclass(frozen=True)
class DrawnObject:
    """A text, picture or path. `order`: when it is drawn. `box`: in inches, as shown. `handle`: that of PDFium."""

    handle: Any
    kind: int
    order: int
    box: Box

    @property
    def id(self) -> int:
        """The same as the `source` of the characters of a text."""
        return ctypes.cast(self.handle, ctypes.c_void_p).value or 0


@dataclass(frozen=True)
class Survey:
    """The reliable texts of a page, and the places for OCR.

    Attributes:
        believed: the ids of the texts whose characters are what people see.
        to_look_at: the boxes that may have other text, in inches as shown.
    """

    believed: dict[int, DrawnObject]
    to_look_at: list[Box]


def survey(page: Any, space: PageSpace, characters: Sequence[Character]) -> Survey:
    """Find the reliable texts of an open page, and the places for OCR."""
    drawn = list(_drawn_objects(page, space))
    texts = [item for item in drawn if item.kind == pdfium.FPDF_PAGEOBJ_TEXT]
    pictures = [item for item in drawn if item.kind == pdfium.FPDF_PAGEOBJ_IMAGE and _is_large(item.box)]
    visible = _visible_sources(characters)
    seen = [text for text in texts if not _is_unseen(text, pictures)]
    believed = [text for text in seen if text.id in visible]
    # Text that is drawn twice, to look bold, has no characters the second time. It lies upon the first text.
    unreliable = [text.box for text in seen if text.id not in visible and not _is_upon(text.box, believed)]
    width, height = space.size
    return Survey(
        {text.id: text for text in believed},
        [picture.box for picture in pictures] + unreliable + _outlines(drawn, width * height),
    )


def hide(texts: Iterable[DrawnObject]) -> None:
    """Hide texts from now on when the page is rendered."""
    for text in texts:
        pdfium.FPDFPageObj_SetIsActive(text.handle, False)


def _drawn_objects(page: Any, space: PageSpace) -> Iterator[DrawnObject]:
    for order, (handle, matrix) in enumerate(_handles(page.raw, _UNCHANGED, 0)):
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        pdfium.FPDFPageObj_GetBounds(handle, left, bottom, right, top)
        corners = [_apply(matrix, x.value, y.value) for x in (left, right) for y in (bottom, top)]
        xs, ys = zip(*corners, strict=True)
        box = space.box(min(xs), min(ys), max(xs), max(ys))
        yield DrawnObject(handle, pdfium.FPDFPageObj_GetType(handle), order, box)


def _handles(container: Any, matrix: _Matrix, depth: int) -> Iterator[tuple[Any, _Matrix]]:
    """Yield the handles of what a page or a form draws, in order, each with its matrix to the page's space."""
    of = "FPDFFormObj" if depth else "FPDFPage"
    get = getattr(pdfium, f"{of}_GetObject")
    for index in range(getattr(pdfium, f"{of}_CountObjects")(container)):
        handle = get(container, index)
        if pdfium.FPDFPageObj_GetType(handle) != pdfium.FPDF_PAGEOBJ_FORM:
            yield handle, matrix
        elif depth < DEEPEST_FORM:
            own = pdfium.FS_MATRIX()
            pdfium.FPDFPageObj_GetMatrix(handle, own)
            yield from _handles(handle, _chain(own, matrix), depth + 1)


def _chain(first: Any, then: _Matrix) -> _Matrix:
    a, b, c, d, _, _ = then
    x, y = _apply(then, first.e, first.f)
    return (
        first.a * a + first.b * c,
        first.a * b + first.b * d,
        first.c * a + first.d * c,
        first.c * b + first.d * d,
        x,
        y,
    )


def _apply(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _visible_sources(characters: Sequence[Character]) -> set[int]:
    """Return the texts whose characters are what people see: all with characters, unless their font maps none."""
    sources = {character.source for character in characters}
    if not any(not (one.is_mapped or other.is_mapped or other.follows) for one, other in pairwise(characters)):
        return sources  # At most single symbols, such as bullets.
    counts = Counter((character.source, character.is_mapped) for character in characters)
    return {source for source in sources if counts[source, True] > counts[source, False]}


def _is_unseen(text: DrawnObject, pictures: Iterable[DrawnObject]) -> bool:
    """Whether a text is a layer under a picture, or an invisible one over it."""
    is_invisible = pdfium.FPDFTextObj_GetTextRenderMode(text.handle) in _UNSEEN_MODES
    hiding = [picture for picture in pictures if is_invisible or text.order < picture.order]
    return _is_upon(text.box, hiding)


def _is_upon(box: Box, items: Iterable[DrawnObject]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(item.box[0] <= x <= item.box[2] and item.box[1] <= y <= item.box[3] for item in items)


def _is_large(box: Box) -> bool:
    return min(box[2] - box[0], box[3] - box[1]) >= SHORTEST_SIDE and _area(box) >= SMALLEST_AREA


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _outlines(drawn: Iterable[DrawnObject], page_area: float) -> list[Box]:
    """Return the boxes of letters that are drawn as outlines: many filled paths of many segments each."""
    letters, segments = [], 0
    for path in (item for item in drawn if item.kind == pdfium.FPDF_PAGEOBJ_PATH):
        count = pdfium.FPDFPath_CountSegments(path.handle)
        if count >= FEWEST_SEGMENTS_OF_LETTER and _is_filled(path.handle):
            letters.append(path.box)
            segments += count
    is_enough = segments >= FEWEST_SEGMENTS and _area(around(letters)) >= SMALLEST_SHARE * page_area
    return [around(letters)] if is_enough else []


def _is_filled(path: Any) -> bool:
    fill_mode, has_stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill_mode, has_stroke)
    return bool(fill_mode.value)
