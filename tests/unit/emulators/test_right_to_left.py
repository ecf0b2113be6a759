"""Converts the characters on a line, left to right, to the order in which they are read."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from emulators.document_intelligence.extracted_pages import Box
from emulators.document_intelligence.right_to_left import logical_words


class Glyph(NamedTuple):
    """A letter in its cell."""

    text: str
    box: Box


def read(line: str, runs_right_to_left: bool = True) -> str:
    glyphs = [Glyph(text, (x + 0.05, 0, x + 0.95, 1)) for x, text in enumerate(line) if text != " "]
    words = logical_words(glyphs, runs_right_to_left)
    return " ".join("".join(glyph.text for glyph in word) for word in words)


@pytest.mark.parametrize(
    ("shown", "logical"),
    [
        ("גבא", "אבג"),
        ("ד גבא", "אבג ד"),
        ("1234 גבא", "אבג 1234"),
        (".2,350 גבא", "אבג 2,350."),
        ("5678 1234 גבא", "אבג 1234 5678"),
        ("ד Acme Trading Ltd גבא", "אבג Acme Trading Ltd ד"),
        ("12-גבא", "אבג-12"),
    ],
)
def test_line_of_hebrew_is_read_from_the_right_but_numbers_and_latin_are_not(shown: str, logical: str) -> None:
    assert read(shown) == logical


def test_only_the_hebrew_phrase_in_a_latin_line_is_reversed() -> None:
    assert read("pay דג בא now", runs_right_to_left=False) == "pay אב גד now"


def test_vowel_points_stay_behind_their_letters() -> None:
    point = Glyph("\u05b8", (1.4, 0.9, 1.6, 1))
    letters = [Glyph("ב", (0, 0, 0.9, 1)), Glyph("א", (1, 0, 1.9, 1))]

    [word] = logical_words([point, *letters], runs_right_to_left=True)

    assert "".join(glyph.text for glyph in word) == "א\u05b8ב"
