"""What stands between the groups of a number that people wrote, a layout broke or OCR read."""

from __future__ import annotations

import unicodedata

_BLANKS = " \\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_LINE_BREAKS = "\\r\\n\\x0b\\x0c\x85\u2028\u2029"
# Soft hyphens, joiners and direction marks: in the text, but not on the page.
_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_DOTS = ".\u00b7\u2022\u2027\u2219\u22c5\u30fb\uff0e"
_DASHES = "\\-\u02d7\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_NOTHING = f"[{_BLANKS}{_LINE_BREAKS}{_INVISIBLE}]{{0,4}}"
# Blanks, or one mark with blanks around it. Each text has one way to match, so that no search can backtrack.
GAP = f"{_NOTHING}(?:[{_DOTS}{_DASHES}_/]{_NOTHING})?"


def with_plain_digits(text: str) -> str:
    """Return `text` with the digits of all scripts as 0 to 9; every character keeps its place."""
    if text.isascii():
        return text
    digits = {ord(sign): str(unicodedata.decimal(sign)) for sign in set(text) if sign.isdecimal()}
    return text.translate(digits)


def line_breaks_in(gap: str) -> int:
    """Count the lines that end in a gap."""
    return len(f"{gap}|".splitlines()) - 1


def is_glued(before: str, after: str) -> bool:
    """Tell whether the text right before and after a number make it a part of something longer.

    A word in small letters does not: OCR loses the blank beside it. Names of parts and orders have capitals.
    """
    return _ends_in_name(before) or _begins_with_name(after)


def _ends_in_name(text: str) -> bool:
    last = text[-1:]
    return last == "_" or last.isdigit() or (last.isalpha() and not _is_small_word(text[-3:]))


def _begins_with_name(text: str) -> bool:
    first = text[:1]
    return first == "_" or first.isdigit() or (first.isalpha() and not _is_small_word(text[:3]))


def _is_small_word(letters: str) -> bool:
    return len(letters) == 3 and letters.isalpha() and letters.islower()
