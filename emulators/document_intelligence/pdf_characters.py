"""The characters of a PDF page's text layer, as PDFium finds them."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from emulators.document_intelligence.extracted_pages import Box, upright
from emulators.document_intelligence.pdf_document import PageSpace
from emulators.document_intelligence.right_to_left import logical_character

_LINE_ENDS = "\r\n\x0b\x0c"
_HYPHENS = (0x02, 0xFFFE)  # how PDFium writes a hyphen at a line's end
UNKNOWN = "\ufffd"
# Text within this deviation from a multiple of 90 degrees counts as turned by that, other text as oblique.
MOST_DEGREES_OFF = 10


class Character(NamedTuple):
    """A character that is not a blank.

    Attributes:
        text: the character; U+FFFD if its font does not map it.
        shown: its box on the page, in inches.
        box: its box after the page is turned so that the text is upright.
        turned: 0, 90, 180 or 270 degrees clockwise; None for oblique text.
        source: identifies the text object that draws it.
        is_mapped: whether its font maps it to a character.
        follows: what PDFium inserts before it: nothing, a blank or a line feed.
    """

    text: str
    shown: Box
    box: Box
    turned: int | None
    source: int
    is_mapped: bool
    follows: str


def read_characters(text_page: Any, space: PageSpace) -> list[Character]:
    """Return the characters of an open PDFium text page in the order in which PDFium gives them."""
    return list(_Reader(text_page, space).characters())


class _Reader:
    def __init__(self, text_page: Any, space: PageSpace) -> None:
        self._text_page = text_page
        self._space = space
        self._turned: dict[int, int | None] = {}
        self._edges = tuple(ctypes.c_double() for _ in range(4))

    def characters(self) -> Iterator[Character]:
        follows, high = "\n", 0
        for index in range(pdfium.FPDFText_CountChars(self._text_page)):
            unit = pdfium.FPDFText_GetUnicode(self._text_page, index)
            is_mapped = pdfium.FPDFText_HasUnicodeMapError(self._text_page, index) != 1
            if is_mapped and (unit == 0 or chr(unit).isspace()):
                follows = "\n" if follows == "\n" or chr(unit) in _LINE_ENDS else " "
            elif 0xD800 <= unit < 0xDC00:
                high = unit  # PDFium returns characters beyond the BMP as two surrogates.
            else:
                yield self._character(index, _text(high, unit), is_mapped, follows)
                follows, high = "", 0

    def _character(self, index: int, text: str, is_mapped: bool, follows: str) -> Character:
        source = ctypes.cast(pdfium.FPDFText_GetTextObject(self._text_page, index), ctypes.c_void_p).value or 0
        if source not in self._turned:
            self._turned[source] = self._quarter(index)
        is_mapped = is_mapped and text != UNKNOWN and not "\ue000" <= text <= "\uf8ff"
        shown, turned = self._box(index), self._turned[source]
        return Character(text, shown, upright(shown, turned or 0), turned, source, is_mapped, follows)

    def _quarter(self, index: int) -> int | None:
        degrees = math.degrees(pdfium.FPDFText_GetCharAngle(self._text_page, index)) + self._space.rotation
        quarter = round(degrees / 90)
        return quarter % 4 * 90 if abs(degrees - quarter * 90) <= MOST_DEGREES_OFF else None

    def _box(self, index: int) -> Box:
        pdfium.FPDFText_GetCharBox(self._text_page, index, *self._edges)
        left, right, bottom, top = self._edges
        return self._space.box(left.value, bottom.value, right.value, top.value)


def _text(high: int, unit: int) -> str:
    if unit in _HYPHENS:
        return "-"
    text = chr(unit)
    if high or 0xDC00 <= unit < 0xE000:
        text = (chr(high) + text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")[-1]
    # Control characters are codes of glyphs which the font does not map.
    return UNKNOWN if text < " " or "\x7f" <= text < "\xa0" else logical_character(text)
