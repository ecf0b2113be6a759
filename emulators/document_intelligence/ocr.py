"""Reads text in images with RapidOCR. The models come with its wheel, so no network is needed.

The models are loaded at first use (about a second and 0.7 GB). Use this in one thread of one process.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy
from PIL import Image

from emulators.document_intelligence.extracted_pages import Line, Polygon, Word
from emulators.document_intelligence.ocr_tiles import in_tiles, legible_size

# Lines are tried upside down, too, unless their mean confidence is above this.
SURE = 0.9
# A line in the other direction than the rest must be surer in it by this.
AGAINST_OTHERS = 0.2
# Below this confidence it is not text but a stain.
LEAST_CONFIDENCE = 0.3
# A box is long and thin if one side is this many times the other.
LONG_AND_THIN = 3.0
# A long line of small print takes a third of a second.
LINES_AT_A_TIME = 24

Corners = Any  # an array of four points (x, y), clockwise from the top left of the text
# Cuts the lines at these corners out of the image, turned by these degrees, and returns their text.
Recognise = Callable[[list[Corners], int], "list[Reading]"]


@dataclass(frozen=True)
class Reading:
    """What a line says if its text is `turned` by this angle.

    Attributes:
        text: as read, with blanks.
        confidence: the mean over the characters, 0.0 to 1.0.
        confidences: of each character.
        places: the position of the middle of each character on the line, 0.0 to 1.0.
        corners: those of the line, from the top left of the text.
        turned: the angle of the text, in degrees clockwise.
    """

    text: str
    confidence: float
    confidences: list[float]
    places: list[float]
    corners: Corners
    turned: int


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            # The line-orientation classifier turns good lines upside down, so it stays off: see `_best_way_round`.
            "Global.use_cls": False,
            "Global.log_level": "error",
            # There is a worker for each core. Threads of several workers would spin and wait for each other.
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        }
    )
    engine.return_word_box = True
    return engine


def read_image(image: Image.Image, units_per_pixel: float, begin_part: Callable[[], None]) -> list[Line]:
    """Read an RGB image in any orientation.

    Args:
        image: the page.
        units_per_pixel: factor from pixels to the page's unit.
        begin_part: called before each tile that is searched and each few lines that are read.

    Returns:
        The lines, in no order. A blank page gives none.
    """
    size = legible_size(*image.size)
    pixels = numpy.asarray(image.resize(size, Image.Resampling.LANCZOS) if size != image.size else image)
    factor = units_per_pixel * image.width / size[0]

    def detect(tile: Any) -> list[Corners]:
        begin_part()
        return _detect(tile)

    def recognise(boxes: list[Corners], turned: int) -> list[Reading]:
        readings = list[Reading]()
        for first in range(0, len(boxes), LINES_AT_A_TIME):
            begin_part()
            readings += _recognise(pixels, boxes[first : first + LINES_AT_A_TIME], turned)
        return readings

    return [_line(reading, factor) for reading in _readings(recognise, in_tiles(pixels, detect))]


def _detect(pixels: Any) -> list[Corners]:
    boxes = _engine()(pixels, use_det=True, use_rec=False).boxes
    return [] if boxes is None else [numpy.asarray(box, dtype=numpy.float32) for box in boxes]


def _readings(recognise: Recognise, boxes: list[Corners]) -> list[Reading]:
    lying, standing = _by_direction(boxes)
    readings = _best_way_round(recognise, lying, 0) + _best_way_round(recognise, standing, 90)
    if not (standing or _are_sure(readings) or any(_is_long_and_thin(box) for box in boxes)):
        # There are only short words, whose boxes have no direction.
        readings = max(readings, _best_way_round(recognise, lying, 90), key=_sense)
    return [reading for reading in readings if reading.text.strip() and reading.confidence >= LEAST_CONFIDENCE]


def _by_direction(boxes: list[Corners]) -> tuple[list[Corners], list[Corners]]:
    """Separate the boxes of horizontal lines from those of vertical lines.

    Short words are square, or higher than wide as a "1" is, so they get the direction of the long and thin boxes.
    """
    surplus = sum(_height(box) - _width(box) for box in boxes if _is_long_and_thin(box))
    threshold = 1 / LONG_AND_THIN if surplus > 0 else LONG_AND_THIN
    lying, standing = list[Corners](), list[Corners]()
    for box in boxes:
        (standing if _height(box) > threshold * _width(box) else lying).append(box)
    return lying, standing


def _is_long_and_thin(box: Corners) -> bool:
    longer, shorter = max(_width(box), _height(box)), min(_width(box), _height(box))
    return longer > LONG_AND_THIN * shorter


def _width(box: Corners) -> float:
    return float(box[:, 0].max() - box[:, 0].min())


def _height(box: Corners) -> float:
    return float(box[:, 1].max() - box[:, 1].min())


def _best_way_round(recognise: Recognise, boxes: list[Corners], turned: int) -> list[Reading]:
    """Read lines that are turned by this angle or by 180 degrees more, whichever makes more sense."""
    readings = recognise(boxes, turned)
    if _are_sure(readings):
        return readings
    doubtful = [index for index, reading in enumerate(readings) if reading.confidence < SURE]
    others = recognise([boxes[index] for index in doubtful], turned + 180)
    is_better = _sense(others) > _sense([readings[index] for index in doubtful])
    for index, other in zip(doubtful, others, strict=True):
        # Two receipts on one sheet may have opposite directions, so a line that is much surer may differ.
        handicap = -AGAINST_OTHERS if is_better else AGAINST_OTHERS
        if other.confidence > readings[index].confidence + handicap:
            readings[index] = other
    return readings


def _are_sure(readings: list[Reading]) -> bool:
    return not readings or statistics.fmean(reading.confidence for reading in readings) >= SURE


def _sense(readings: list[Reading]) -> float:
    return sum(reading.confidence * len(reading.text) for reading in readings)


def _recognise(pixels: Any, boxes: list[Corners], turned: int) -> list[Reading]:
    corners = [numpy.roll(box, -turned // 90, axis=0) for box in boxes]
    result = _engine().recognize_txt([_crop(pixels, corner) for corner in corners])
    found = zip(result.txts, result.scores, result.word_results, corners, strict=True)
    return [
        Reading(text, float(score), *_characters(text, float(score), info), corner, turned)
        for text, score, info, corner in found
    ]


def _characters(text: str, score: float, info: Any) -> tuple[list[float], list[float]]:
    """Return the confidence and the place of each character.

    RapidOCR's WordInfo has the confidences of all characters, and the columns of those that are not blanks.
    """
    columns = iter([column for word in info.word_cols for column in word])
    visible = sum(not character.isspace() for character in text)
    if len(info.confs) != len(text) or sum(map(len, info.word_cols)) != visible:
        return [score] * len(text), [(index + 0.5) / len(text) for index in range(len(text))]
    places = [0.0 if character.isspace() else (next(columns) + 0.5) / info.line_txt_len for character in text]
    return [float(confidence) for confidence in info.confs], places


def _crop(pixels: Any, corners: Corners) -> Any:
    """Cut out a line so that its text is upright."""
    width, height = (max(1, round(float(numpy.linalg.norm(corners[0] - corners[end])))) for end in (1, 3))
    target = numpy.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=numpy.float32)
    transform = cv2.getPerspectiveTransform(numpy.ascontiguousarray(corners), target)
    return cv2.warpPerspective(
        pixels, transform, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def _line(reading: Reading, factor: float) -> Line:
    polygon = [round(float(value) * factor, 4) for corner in reading.corners for value in corner]
    words, offset = list[Word](), 0
    # Half a character, so that a word begins before the middle of its first character.
    half = 0.5 / len(reading.text)
    for match in re.finditer(r"\S+", reading.text):
        places = reading.places[match.start() : match.end()]
        start, end = max(0.0, places[0] - half), min(1.0, places[-1] + half)
        confidence = statistics.fmean(reading.confidences[match.start() : match.end()])
        words.append(
            Word(match[0], offset, _part_of(polygon, start, end), round(min(max(confidence, 0.0), 1.0), 4))
        )
        offset += len(match[0]) + 1
    return Line(" ".join(word.content for word in words), polygon, words, reading.turned % 360)


def _part_of(polygon: Polygon, start: float, end: float) -> Polygon:
    corners = numpy.array(polygon).reshape(4, 2)
    above, below = corners[1] - corners[0], corners[2] - corners[3]
    part = (
        corners[0] + above * start,
        corners[0] + above * end,
        corners[3] + below * end,
        corners[3] + below * start,
    )
    return [round(float(value), 4) for corner in part for value in corner]
