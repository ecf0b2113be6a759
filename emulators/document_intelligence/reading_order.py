"""The order in which people read a page: row by row, and columns of prose one after the other.

The order of drawing does not matter: producers draw footers first, and two columns line by line.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

from emulators.document_intelligence.extracted_pages import Box, around

# Pieces are on one row when they share this part of the lower one's height.
SHARED_HEIGHT = 0.5
# A piece may belong to one of this many earlier rows. More would make a page of dots slow.
ROWS_LOOKED_BACK = 8
# What distinguishes two columns of prose from a table, whose rows are read across: the lines on each side, their
# usual number of words without a gap, and how full they usually are.
FEWEST_LINES, FEWEST_WORDS, FULL = 3, 4, 0.6
# In heights of a line: how wide a gutter is at least, and how far apart a column's lines are at most.
NARROWEST_GUTTER, WIDEST_BREAK = 1.0, 2.5
GUTTERS_TRIED = 4
# A row of more pieces belongs to a table.
MOST_PIECES = 8


class Piece(Protocol):
    """A piece of text on a page. `box` is upright."""

    @property
    def box(self) -> Box:
        """Left, top, right and bottom."""

    @property
    def word_count(self) -> int:
        """How many words it has."""


P = TypeVar("P", bound=Piece)
Row = list[P]


def reading_rows(pieces: Sequence[P]) -> list[Row[P]]:
    """Return the pieces in reading order: rows from top to bottom, and in each the pieces from left to right."""
    rows = _rows(pieces)
    ordered: list[Row[P]] = []
    first = 0
    while first < len(rows):
        columns = _columns_from(rows, first)
        if columns is None:
            ordered.append(rows[first])
            first += 1
            continue
        ordered += reading_rows(columns.left) + reading_rows(columns.right)
        first += columns.row_count
    return ordered


def _rows(pieces: Sequence[P]) -> list[Row[P]]:
    rows: list[Row[P]] = []
    for piece in sorted(pieces, key=lambda piece: (_middle(piece), piece.box[0])):
        row = next((row for row in rows[: -ROWS_LOOKED_BACK - 1 : -1] if _is_on(row[0], piece)), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    return [sorted(row, key=lambda piece: piece.box[0]) for row in rows]


def _middle(piece: Piece) -> float:
    return (piece.box[1] + piece.box[3]) / 2


def _is_on(one: Piece, other: Piece) -> bool:
    shared = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    return shared >= SHARED_HEIGHT * min(_height(one.box), _height(other.box))


def _height(box: Box) -> float:
    return box[3] - box[1]


@dataclass
class _Columns(Generic[P]):
    """Two columns of consecutive rows, and the empty space between them."""

    gutter: tuple[float, float]
    left: list[P]
    right: list[P]
    row_count: int = 0

    def take(self, row: Row[P], line_height: float) -> bool:
        """Add a row if it leaves a gutter; tell whether it does."""
        start, end = self.gutter
        middle = (start + end) / 2
        left = [piece for piece in row if (piece.box[0] + piece.box[2]) / 2 < middle]
        right = row[len(left) :]
        start = max([start, *(piece.box[2] for piece in left)])
        end = min([end, *(piece.box[0] for piece in right)])
        if end - start < NARROWEST_GUTTER * line_height:
            return False
        self.gutter = start, end
        self.left += left
        self.right += right
        self.row_count += 1
        return True


def _columns_from(rows: list[Row[P]], first: int) -> _Columns[P] | None:
    row = rows[first]
    gaps = [(before.box[2], after.box[0]) for before, after in pairwise(row)]
    for gutter in sorted(gaps, key=lambda gap: gap[0] - gap[1])[:GUTTERS_TRIED]:
        columns = _Columns[P](gutter, [], [])
        _fill(columns, rows, first)
        if _is_prose(columns.left) and _is_prose(columns.right):
            return columns
    return None


def _fill(columns: _Columns[P], rows: list[Row[P]], first: int) -> None:
    line_height = statistics.median(_height(piece.box) for piece in rows[first])
    bottom = around(piece.box for piece in rows[first])[3]
    for row in rows[first:]:
        box = around(piece.box for piece in row)
        is_apart = box[1] - bottom > WIDEST_BREAK * line_height
        if is_apart or len(row) > MOST_PIECES or not columns.take(row, line_height):
            return
        bottom = max(bottom, box[3])


def _is_prose(pieces: list[P]) -> bool:
    if len(pieces) < FEWEST_LINES:
        return False
    widths = [piece.box[2] - piece.box[0] for piece in pieces]
    words = statistics.median(piece.word_count for piece in pieces)
    return words >= FEWEST_WORDS and statistics.median(widths) >= FULL * max(widths)
