"""The pages, lines and words that extraction finds, before they become an analyzeResult."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

# Eight numbers: x and y of the corners, clockwise from the top left as the text is read, in the page's unit.
Polygon = list[float]
# Left, top, right, bottom.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Word:
    """A word; `offset` counts the code points before it in its line; `confidence` is 0.0 to 1.0."""

    content: str
    offset: int
    polygon: Polygon
    confidence: float


@dataclass(frozen=True)
class Line:
    """A line and its words in reading order; `turned` is 0, 90, 180 or 270 degrees clockwise."""

    content: str
    polygon: Polygon
    words: list[Word]
    turned: int = 0


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


def edges(polygon: Polygon) -> Box:
    """Return the smallest upright rectangle around a polygon."""
    return min(polygon[0::2]), min(polygon[1::2]), max(polygon[0::2]), max(polygon[1::2])


def around(boxes: Iterable[Box]) -> Box:
    """Return the smallest box around at least one box."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def enclosing(polygons: Iterable[Polygon], turned: int = 0) -> Polygon:
    """Return the smallest rectangle around at least one polygon, from the top left of text that is `turned`."""
    corners = rectangle(*around(edges(polygon) for polygon in polygons))
    first = turned // 90 * 2
    return corners[first:] + corners[:first]


def upright(box: Box, turned: int) -> Box:
    """Return the box of `turned` text after the page is turned upright. The origin is turned with it."""
    left, top, right, bottom = box
    if turned == 90:
        return top, -right, bottom, -left
    if turned == 180:
        return -right, -bottom, -left, -top
    return (-bottom, left, -top, right) if turned == 270 else box
