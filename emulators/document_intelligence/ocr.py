"""Text from images by OCR: RapidOCR with the models of its wheel; needs no network.

The models are loaded at first use (about a second and 0.7 GB). Use this in one thread of one process.
"""

from __future__ import annotations

import math
import statistics
from functools import cache
from typing import Any

import numpy
from PIL import Image

from emulators.document_intelligence.extracted_pages import Line, Polygon, Word, enclosing

# What RapidOCR read as one word: its text, its confidence and its polygon.
Piece = tuple[str, float, Polygon]


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    # The line-orientation classifier turns good lines upside down, so it stays off.
    return RapidOCR(params={"Global.use_cls": False, "Global.log_level": "error"})


def read_image(image: Image.Image, units_per_pixel: float = 1.0) -> tuple[list[Line], float]:
    """Read an RGB image.

    Args:
        image: the page, upright.
        units_per_pixel: factor from pixels to the page's unit.

    Returns:
        The lines from top to bottom, and the angle of the text in degrees. A blank page gives no lines.
    """
    result = _engine()(numpy.asarray(image), return_word_box=True)
    if result.txts is None:
        return [], 0.0
    lines = []
    found = zip(result.txts, result.scores, result.boxes, result.word_results, strict=True)
    for text, score, box, pieces in found:
        polygon = _polygon(box, units_per_pixel)
        words = _pieces(pieces, units_per_pixel)
        if text.strip():
            lines.append(_line(text, float(score), polygon, words))
    return lines, _angle(lines)


def _polygon(box: Any, factor: float) -> Polygon:
    return [round(float(coordinate) * factor, 4) for corner in box for coordinate in corner]


def _pieces(pieces: Any, factor: float) -> list[Piece]:
    return [(text, float(score), _polygon(box, factor)) for text, score, box in pieces if box is not None]


def _line(text: str, score: float, polygon: Polygon, pieces: list[Piece]) -> Line:
    words: list[Word] = []
    offset = 0
    for token in text.split():
        own, pieces = _take_pieces(token, pieces)
        box = enclosing(piece[2] for piece in own) if own else _share_of(polygon, offset, len(token), len(text))
        confidence = min((piece[1] for piece in own), default=score)
        words.append(Word(token, offset, box, round(min(max(confidence, 0.0), 1.0), 4)))
        offset += len(token) + 1
    return Line(" ".join(word.content for word in words), polygon, words)


def _take_pieces(token: str, pieces: list[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Split off the pieces that make up `token`: RapidOCR may cut one word into several."""
    taken, rest = "", token
    for count, (text, _, _) in enumerate(pieces, start=1):
        if not rest.startswith(text):
            return [], pieces
        taken, rest = taken + text, rest[len(text) :]
        if taken == token:
            return pieces[:count], pieces[count:]
    return [], pieces


def _share_of(polygon: Polygon, offset: int, length: int, total: int) -> Polygon:
    """Return where a word would be if all characters of its line had one width."""
    corners = numpy.array(polygon).reshape(4, 2)
    start, end = offset / max(total, 1), min(1.0, (offset + length) / max(total, 1))
    above, below = corners[1] - corners[0], corners[2] - corners[3]
    box = (
        corners[0] + above * start,
        corners[0] + above * end,
        corners[3] + below * end,
        corners[3] + below * start,
    )
    return [round(float(value), 4) for corner in box for value in corner]


def _angle(lines: list[Line]) -> float:
    slopes = [math.atan2(line.polygon[3] - line.polygon[1], line.polygon[2] - line.polygon[0]) for line in lines]
    return round(math.degrees(statistics.median(slopes)), 2) if slopes else 0.0
