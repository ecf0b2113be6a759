"""Words and lines from the characters of a PDF's own text layer."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from emulators.document_intelligence.extracted_pages import Box, Line, Polygon, Word, around, enclosing, rectangle
from emulators.document_intelligence.pdf_characters import Character
from emulators.document_intelligence.right_to_left import is_right_to_left, logical_words

# A text layer is certain, unless a glyph has no character.
TEXT_CONFIDENCE = 0.995
UNMAPPED_CONFIDENCE = 0.3
# In heights of the characters around it: from this gap on, the text continues elsewhere, as in another column.
WIDEST_GAP = 1.5
# The next character on a line is to the right by at least this much.
LEAST_STEP = 0.3

_Characters = list[Character]


@dataclass(frozen=True)
class Segment:
    """Words that follow each other on one line; at least one."""

    words: list[_Characters]
    box: Box

    @property
    def word_count(self) -> int:
        """How many words it has."""
        return len(self.words)

    @property
    def turned(self) -> int | None:
        """As of its characters."""
        return self.words[0][0].turned


def segments(characters: Iterable[Character]) -> Iterator[Segment]:
    """Yield pieces of lines, in the order in which PDFium gives the characters."""
    words: list[_Characters] = []
    for character in characters:
        if words and _goes_on_elsewhere(words, character):
            yield _segment(words)
            words = []
        if words and not character.follows:
            words[-1].append(character)
        else:
            words.append([character])
    if words:
        yield _segment(words)


def _segment(words: list[_Characters]) -> Segment:
    return Segment(words, around(character.box for word in words for character in word))


def _goes_on_elsewhere(words: list[_Characters], character: Character) -> bool:
    before = words[-1][-1]
    if character.follows == "\n" or character.turned != before.turned:
        return True
    if character.turned is None:
        return False
    (left, top, right, bottom), (next_left, next_top, next_right, next_bottom) = before.box, character.box
    # Points and dashes are low, so the height is that of the whole word.
    height = max(next_bottom - next_top, *(part.box[3] - part.box[1] for part in words[-1]))
    below = max(top, next_top) - min(bottom, next_bottom)
    # PDFium joins single digits below each other, as in a column of a table, to one number.
    is_on_another_line = below > height or (below > LEAST_STEP * height and next_left < left + LEAST_STEP * height)
    return is_on_another_line or max(left, next_left) - min(right, next_right) > WIDEST_GAP * height


def line_of(row: Sequence[Segment]) -> Line:
    """Return the segments of one row, given from left to right, as a line with its words as they are read."""
    words = [word for segment in row for word in segment.words]
    text = "".join(character.text for word in words for character in word)
    if is_right_to_left(text) and row[0].turned is not None:
        words = logical_words([character for word in words for character in word], _runs_right_to_left(text))
    return _line([_word(word) for word in words], row[0].turned or 0)


def _runs_right_to_left(text: str) -> bool:
    kinds = [unicodedata.bidirectional(character) for character in text]
    return sum(kind in ("R", "AL") for kind in kinds) >= kinds.count("L")


def plain_line(text: str, box: Box) -> Line:
    """Return as a line a text whose box is known, but not the boxes of its words."""
    polygon = rectangle(*box)
    return _line([(word, polygon, TEXT_CONFIDENCE) for word in text.split()], 0)


def _line(words: Iterable[tuple[str, Polygon, float]], turned: int) -> Line:
    placed: list[Word] = []
    for content, polygon, confidence in words:
        # Words are joined with single blanks, so a word starts one position after the end of the last.
        offset = placed[-1].offset + len(placed[-1].content) + 1 if placed else 0
        placed.append(Word(content, offset, polygon, confidence))
    polygon = enclosing((word.polygon for word in placed), turned)
    return Line(" ".join(word.content for word in placed), polygon, placed, turned)


def _word(characters: _Characters) -> tuple[str, Polygon, float]:
    content = "".join(character.text for character in characters)
    confidence = TEXT_CONFIDENCE if all(character.is_mapped for character in characters) else UNMAPPED_CONFIDENCE
    box = rectangle(*around(character.shown for character in characters))
    return content, enclosing([box], characters[0].turned or 0), confidence
