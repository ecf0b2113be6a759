"""Hebrew and Arabic: from characters on a page, left to right, to words in the order in which they are read."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import Protocol, TypeVar

from emulators.document_intelligence.extracted_pages import Box

# A gap of this share of the usual height of characters separates two words.
WORD_GAP = 0.3
# Letters and digits, also Arabic digits, that run from left to right even within a word that does not.
_KEPT = ("L", "EN", "AN")


class Glyph(Protocol):
    """A character on a page. `box` is upright."""

    @property
    def text(self) -> str:
        """One character, or the characters of a ligature, as they are read."""

    @property
    def box(self) -> Box:
        """Left, top, right and bottom."""


G = TypeVar("G", bound=Glyph)


def is_right_to_left(text: str) -> bool:
    """Return whether a text has letters that are read from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)


def logical_character(character: str) -> str:
    """Return the letters which a positional form of Arabic or a Hebrew ligature stands for."""
    is_form = "\ufb1d" <= character <= "\ufdff" or "\ufe70" <= character <= "\ufefc"
    return unicodedata.normalize("NFKC", character) if is_form else character


def logical_words(glyphs: Sequence[G], runs_right_to_left: bool) -> list[list[G]]:
    """Return the words of one line in the order in which they are read, each with its characters in that order.

    Args:
        glyphs: the line's characters without blanks, in any order.
        runs_right_to_left: whether the line as a whole does. Words of the other direction in it make phrases.
    """
    words = list(_words(_with_marks(glyphs)))
    if runs_right_to_left:
        words.reverse()
    ordered: list[list[G]] = []
    for is_reversed, phrase in groupby(words, key=lambda word: _is_reversed(word, runs_right_to_left)):
        read = [_logical_word(word) if is_reversed else list(chain.from_iterable(word)) for word in phrase]
        ordered += read if is_reversed == runs_right_to_left else reversed(read)
    return ordered


def _is_reversed(word: list[list[G]], runs_right_to_left: bool) -> bool:
    text = "".join(glyph.text for cluster in word for glyph in cluster)
    # Numbers and signs go with the letters around them, Latin words with each other.
    is_latin = any(unicodedata.bidirectional(character) == "L" for character in text)
    return is_right_to_left(text) or (runs_right_to_left and not is_latin)


def _with_marks(glyphs: Sequence[G]) -> list[list[G]]:
    """Return characters from left to right, each followed by its vowel points and accents."""
    marks = [glyph for glyph in glyphs if unicodedata.combining(glyph.text[:1])]
    others = (glyph for glyph in glyphs if not unicodedata.combining(glyph.text[:1]))
    # The letters of a ligature share its box, and come in the order in which they are read.
    bases = [list(letters) for _, letters in groupby(others, key=lambda glyph: glyph.box)]
    for mark in marks:
        if bases:
            min(bases, key=lambda base: abs(_middle(base[0]) - _middle(mark))).append(mark)
    return sorted(bases, key=lambda base: _middle(base[0]))


def _middle(glyph: Glyph) -> float:
    return (glyph.box[0] + glyph.box[2]) / 2


def _words(clusters: list[list[G]]) -> Iterator[list[list[G]]]:
    heights = sorted(cluster[0].box[3] - cluster[0].box[1] for cluster in clusters)
    gap = WORD_GAP * heights[len(heights) * 3 // 4] if heights else 0.0
    word: list[list[G]] = []
    for cluster in clusters:
        if word and cluster[0].box[0] - max(before[0].box[2] for before in word[-2:]) > gap:
            yield word
            word = []
        word.append(cluster)
    if word:
        yield word


def _logical_word(clusters: list[list[G]]) -> list[G]:
    """Reverse the characters of a word, but not the numbers and Latin letters in it."""
    reversed_clusters = clusters[::-1]
    kinds = [unicodedata.bidirectional(cluster[0].text[:1]) for cluster in reversed_clusters]
    for index in range(1, len(kinds) - 1):
        # A point or comma belongs to a number only between two digits.
        if kinds[index] in ("ES", "CS") and kinds[index - 1] == kinds[index + 1] == "EN":
            kinds[index] = "EN"
    ordered: list[G] = []
    for is_kept, run in groupby(zip(kinds, reversed_clusters, strict=True), key=lambda item: item[0] in _KEPT):
        parts = [cluster for _, cluster in run]
        ordered += chain.from_iterable(reversed(parts) if is_kept else parts)
    return ordered
