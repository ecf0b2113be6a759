"""Merges the lines of a page's text layer and those of OCR in one reading order."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from emulators.document_intelligence.extracted_pages import Box, Line, edges, upright
from emulators.document_intelligence.pdf_text import Segment, line_of
from emulators.document_intelligence.reading_order import reading_rows
from emulators.document_intelligence.right_to_left import is_right_to_left

# In heights of a line.
LONG = 3.0


@dataclass(frozen=True)
class WholeLine:
    """A line that is complete, as OCR gives them."""

    line: Line

    @property
    def box(self) -> Box:
        """Its box after the page is turned so that the text is upright."""
        return upright(edges(self.line.polygon), self.line.turned)

    @property
    def word_count(self) -> int:
        """How many words it has."""
        return len(self.line.words)


_Piece = Segment | WholeLine


def in_reading_order(segments: Iterable[Segment], lines: Iterable[Line] = ()) -> list[Line]:
    """Return all lines of a page in reading order. Lines with the most common direction come first."""
    groups: dict[int | None, list[_Piece]] = {}
    for segment in segments:
        groups.setdefault(segment.turned, []).append(segment)
    for line in lines:
        groups.setdefault(line.turned, []).append(WholeLine(line))
    ordered: list[Line] = []
    for turned, pieces in sorted(groups.items(), key=lambda group: -_weight(group[1])):
        # Oblique text, such as a watermark, keeps the order in which it was drawn.
        rows = [[piece] for piece in pieces] if turned is None else reading_rows(pieces)
        for row in rows:
            ordered += _lines_of(row)
    return ordered


def angle_of(lines: Sequence[Line]) -> float:
    """Return the angle of a page's text in degrees clockwise, above -180 and up to 180."""
    words = Counter[int]()
    for line in lines:
        words[line.turned] += len(line.words)
    if not words:
        return 0.0
    turned = words.most_common(1)[0][0]
    deviations = [_deviation(line) for line in lines if line.turned == turned and _is_long(line)]
    angle = turned + (statistics.median(deviations) if deviations else 0.0)
    return round(180 - (180 - angle) % 360, 2)


def _deviation(line: Line) -> float:
    """Return the angle of a line beyond its multiple of 90 degrees."""
    left, top, right, right_top = line.polygon[:4]
    slope = math.degrees(math.atan2(right_top - top, right - left))
    return (slope - line.turned + 180) % 360 - 180


def _is_long(line: Line) -> bool:
    """Whether a line is long enough to have a meaningful slope."""
    corners = [line.polygon[index : index + 2] for index in (0, 2, 6)]
    return math.dist(corners[0], corners[1]) > LONG * math.dist(corners[0], corners[2])


def _weight(pieces: Iterable[_Piece]) -> int:
    return sum(piece.word_count for piece in pieces)


def _lines_of(row: Sequence[_Piece]) -> Iterator[Line]:
    """Yield the lines of a row. Neighbouring pieces of a text layer make one line."""
    parts = [list(run) for _, run in groupby(row, key=lambda piece: isinstance(piece, Segment))]
    lines = [line for part in parts for line in _joined(part)]
    yield from reversed(lines) if is_right_to_left(lines[0].content[:1]) else lines


def _joined(run: Sequence[_Piece]) -> list[Line]:
    segments = [piece for piece in run if isinstance(piece, Segment)]
    return [line_of(segments)] if segments else [piece.line for piece in run if isinstance(piece, WholeLine)]
