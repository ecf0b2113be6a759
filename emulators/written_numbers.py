"""The text between the groups of a number, as people write it, as a layout breaks it, and as OCR reads it."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = " \\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_LINE_BREAKS = "\\r\\n\\x0b\\x0c\x85\u2028\u2029"
# Soft hyphens, joiners and direction marks, which are invisible.
_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_DOTS = ".\u00b7\u2022\u2027\u2219\u22c5\u30fb\uff0e"
_DASHES = "\\-\u02d7\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_NOTHING = f"[{_BLANKS}{_LINE_BREAKS}{_INVISIBLE}]{{0,4}}"
# Blanks, or one mark with blanks around it. Each text has one way to match, so that no search can backtrack.
GAP = f"{_NOTHING}(?:[{_DOTS}{_DASHES}_/]{_NOTHING})?"
_MARK = re.compile(f"[{_DOTS}{_DASHES}_/]")
# How many characters beside a number are searched for a word.
LONGEST_WORD = 40
_WORD_BEFORE = re.compile(r"[^\W\d_]+$")
_WORD_AFTER = re.compile(r"[^\W\d_]+")
# Words in capitals beside a number that are short enough to look like a part of a product name.
_KNOWN = "IBAN|BIC|EXP|CVV|CVC|EUR|USD|GBP|CHF|PLN|CZK|HUF|RON|SEK|NOK|DKK|CAD|AUD|JPY"
_KNOWN_BEFORE, _KNOWN_AFTER = re.compile(f"(?:{_KNOWN})$"), re.compile(_KNOWN)


def with_plain_digits(text: str) -> str:
    """Return `text` with the digits of all scripts as 0 to 9. Every character keeps its position."""
    if text.isascii():
        return text
    digits = {ord(sign): str(unicodedata.decimal(sign)) for sign in set(text) if sign.isdecimal()}
    return text.translate(digits)


def has_mark(gap: str) -> bool:
    """Return whether a gap joins its groups with a dot, a dash, a slash or an underscore."""
    return _MARK.search(gap) is not None


def line_breaks_in(gap: str) -> int:
    """Return the number of line breaks in a gap."""
    return len(f"{gap}|".splitlines()) - 1


def is_glued(before: str, after: str, *, in_groups: bool) -> bool:
    """Return whether the text right before and after a number makes it a part of something longer.

    A word does not: OCR may lose the blank beside it. Digits, underscores and letters mixed with digits do. If the
    number is written in one piece, so do single letters, and a few capitals before it, as in names of parts and
    orders. `before` and `after` are up to LONGEST_WORD characters long.
    """
    return _ends_in_name(before, in_groups) or _begins_with_name(after, in_groups)


def _ends_in_name(text: str, in_groups: bool) -> bool:
    match = _WORD_BEFORE.search(text)
    if match is None:
        return text[-1:] == "_" or text[-1:].isdigit()
    word = match.group()
    if _KNOWN_BEFORE.search(word) or _is_small(word[-3:]):
        return False
    if text[: match.start()][-1:].isdigit() or text[: match.start()].endswith("_"):
        return True
    return not (in_groups or len(word) > 3 or (len(word) > 1 and not word[-1].isupper()))


def _begins_with_name(text: str, in_groups: bool) -> bool:
    match = _WORD_AFTER.match(text)
    if match is None:
        return text[:1] == "_" or text[:1].isdigit()
    word = match.group()
    if _KNOWN_AFTER.match(word) or _is_small(word[:3]) or _is_small(word[1:4]):
        return False
    if text[match.end() : match.end() + 1].isdigit() or text[match.end() :].startswith("_"):
        return len(word) < 3 or (not in_groups and word[1:3] != word[1:3].lower())
    return not in_groups and len(word) < 2


def _is_small(letters: str) -> bool:
    return len(letters) == 3 and letters.islower()
