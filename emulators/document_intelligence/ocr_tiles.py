"""Searches an image for text in tiles. If it were shrunk as a whole, small print would be lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import cv2
import numpy

# The detector works best at about this length (A4 at 170 dots per inch) ...
LONGEST_SIDE = 2000
# ... but images are not made narrower than this: the letters on a long strip are small.
NARROWEST_SIDE = 1250
# Images are not shrunk by more than A4 at 600 dots per inch (7016 pixels), so that plans keep their small print.
SMALLEST_SCALE = LONGEST_SIDE / 7016
# The search takes half a second for each million pixels on one core.
MOST_PIXELS = 16_000_000
# Tiles overlap by more than a line's height, so that each line is whole in one of them.
TILE, OVERLAP = 1600, 200
# Two boxes show one line if they share this part of the smaller one.
SHARED = 0.3

Corners = Any  # an array of four points (x, y), clockwise from the top left


def legible_size(width: int, height: int) -> tuple[int, int]:
    """Return the size in pixels at which an image is read, which is at most its own."""
    usual = max(LONGEST_SIDE / max(width, height), NARROWEST_SIDE / min(width, height), SMALLEST_SCALE)
    scale = min(1.0, usual, math.sqrt(MOST_PIXELS / (width * height)))
    return max(1, round(width * scale)), max(1, round(height * scale))


def in_tiles(pixels: Any, detect: Callable[[Any], list[Corners]]) -> list[Corners]:
    """Return the boxes of the lines that `detect` finds in an image, looking at large ones tile by tile."""
    height, width = pixels.shape[:2]
    if max(height, width) <= LONGEST_SIDE:
        return detect(pixels)
    boxes: list[Corners] = []
    for top, left in product(_starts(height), _starts(width)):
        tile = numpy.ascontiguousarray(pixels[top : top + TILE, left : left + TILE])
        # Most of a long page with one picture is white, and needs no search.
        for box in detect(tile) if tile.min() < tile.max() else ():
            boxes = _added(boxes, box + numpy.array((left, top), dtype=numpy.float32))
    return boxes


def _starts(length: int) -> Iterator[int]:
    """Yield the starts of tiles that cover a length evenly."""
    count = max(1, math.ceil((length - OVERLAP) / (TILE - OVERLAP)))
    for index in range(count):
        yield round(index * (length - TILE) / (count - 1)) if count > 1 else 0


def _added(boxes: list[Corners], box: Corners) -> list[Corners]:
    """Return the boxes with one more, joined with those that show parts of the same line."""
    same = [index for index, other in enumerate(boxes) if _show_one_line(box, other)]
    if not same:
        return [*boxes, box]
    whole = cv2.boxPoints(cv2.minAreaRect(numpy.concatenate([box, *(boxes[index] for index in same)])))
    return [other for index, other in enumerate(boxes) if index not in same] + [_clockwise(whole)]


def _show_one_line(one: Corners, other: Corners) -> bool:
    if (one.max(axis=0) <= other.min(axis=0)).any() or (other.max(axis=0) <= one.min(axis=0)).any():
        return False
    # Two tiles with a long line share only their overlap.
    areas = [min(_length(box, 1), OVERLAP) * min(_length(box, 3), OVERLAP) for box in (one, other)]
    return float(cv2.intersectConvexConvex(one, other)[0]) >= SHARED * min(areas)


def _length(box: Corners, end: int) -> float:
    return float(numpy.linalg.norm(box[0] - box[end]))


def _clockwise(corners: Corners) -> Corners:
    """Return corners from the top left."""
    by_x = corners[numpy.argsort(corners[:, 0], kind="stable")]
    (top_left, bottom_left), (top_right, bottom_right) = (
        side[numpy.argsort(side[:, 1], kind="stable")] for side in (by_x[:2], by_x[2:])
    )
    return numpy.array([top_left, top_right, bottom_right, bottom_left], dtype=numpy.float32)
