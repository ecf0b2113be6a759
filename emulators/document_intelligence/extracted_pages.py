"""What extraction finds on a page, before it becomes an analyzeResult."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

# Eight numbers: x and y of the corners, clockwise from the top left, in the page's unit.
Polygon = list[float]


@dataclass(frozen=True)
class Word:
    """A word; `offset` counts the code points before it in its line; `confidence` is 0.0 to 1.0."""

    content: str
    offset: int
    polygon: Polygon
    confidence: float


@dataclass(frozen=True)
class Line:
    """A line of text and its words in reading order."""

    content: str
    polygon: Polygon
    words: list[Word]


@dataclass(frozen=True)
class Page:
    """A page; `number` counts from 1 in the document, sizes are in `unit` (inch or pixel), `angle` in degrees."""

    number: int
    width: float
    height: float
    unit: str
    angle: float = 0.0
    lines: list[Line] = field(default_factory=list)


def rectangle(left: float, top: float, right: float, bottom: float) -> Polygon:
    """Return an upright rectangle as a polygon."""
    return [round(value, 4) for value in (left, top, right, top, right, bottom, left, bottom)]


def enclosing(polygons: Iterable[Polygon]) -> Polygon:
    """Return the smallest upright rectangle around at least one polygon."""
    corners = list(polygons)
    xs = [x for polygon in corners for x in polygon[0::2]]
    ys = [y for polygon in corners for y in polygon[1::2]]
    return rectangle(min(xs), min(ys), max(xs), max(ys))
