"""Find payment card numbers, as people write them and OCR reads them.

A number counts if it begins as one of a card brand, has that brand's length, passes the Luhn check, and is
written in one piece or in the groups of a card. Blanks between groups may be lost, doubled, or be dots, dashes and
one line break; a card in boxes has a blank after each digit. Parts of longer numbers and names do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from emulators.written_numbers import GAP, is_glued, line_breaks_in, with_plain_digits

SHORTEST_CARD, LONGEST_CARD = 13, 19
LONGEST_GAP = 10
_DIGITS = re.compile("[0-9]+")
_GAP = re.compile(GAP)
# fmt: off
_BRANDS = re.compile("|".join((
    r"4(?:\d{12}|\d{15}|\d{18})",                                               # Visa
    r"(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}",        # Mastercard
    r"3[47]\d{13}",                                                             # American Express
    r"3(?:0[0-5]|[689]\d)\d{11}",                                               # Diners Club
    r"35(?:2[89]|[3-8]\d)\d{12,15}",                                            # JCB
    r"220[0-4]\d{12,15}",                                                       # Mir
    r"(?:50|5[6-9]|6\d)\d{14,17}",                                              # Maestro, Discover, UnionPay
)))
# fmt: on
# After how many digits a blank may stand.
_LONG_GROUPS = ({4, 8, 12, 16}, {6})
_GROUPS = {13: ({4, 8, 12}, {4, 7, 10}), 14: ({4, 10}, {4, 8, 12}), 15: ({4, 10}, {4, 8, 12})}
_ENDS = {4, 6, 7, 8, 10, 12, 16}
# What may stand right before a card without a blank, or with a dash.
_CARD_WORD = re.compile(
    r"(?:card|karte|carte|tarjeta|carta|kaart|karta|visa|amex|pan|nr|no|n[uú]m(?:mer|ber|ero)?)$", re.I
)
_NAME_AND_DASH = re.compile(r"[^\W_][-_/]$")
_IBAN_START = re.compile(r"(?<![A-Za-z])[A-Za-z]{2}$")
_ADDRESS = re.compile(r"(?:://|www\.)\S{0,200}$")
_EXPIRY = re.compile(r"(?:0[1-9]|1[0-2])[2-4]\d|20[2-4]\d")
_YEAR = re.compile(r"(?:19|20)\d\d")

Group = re.Match[str]


def passes_luhn(digits: str) -> bool:
    """Tell whether a string of digits passes the Luhn check."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * value, 10)) for value in values[1::2]]
    return (sum(values[0::2]) + sum(doubled)) % 10 == 0


def find_payment_cards(text: str) -> Iterator[int]:
    """Yield where payment card numbers start."""
    text = with_plain_digits(text)
    groups = list(_DIGITS.finditer(text))
    gaps = [_gap(text, group, following) for group, following in pairwise(groups)]
    for index, group in enumerate(groups):
        if text[group.start()] in "23456" and _starts_card(text, groups, gaps, index):
            yield group.start()


def _gap(text: str, group: Group, following: Group) -> str | None:
    """Return what stands between two groups; None if they cannot be of one number."""
    gap = text[group.end() : following.start()] if following.start() - group.end() <= LONGEST_GAP else "?"
    return gap if _GAP.fullmatch(gap) else None


def _starts_card(text: str, groups: Sequence[Group], gaps: Sequence[str | None], first: int) -> bool:
    length = line_breaks = 0
    may_end_anywhere = _is_first_box(groups, gaps, first)
    for last in range(first, min(first + LONGEST_CARD, len(groups))):
        length += groups[last].end() - groups[last].start()
        if length > LONGEST_CARD:
            return False
        if length >= SHORTEST_CARD and _are_card(text, groups, gaps, first, last):
            return True
        gap = gaps[last] if last < len(gaps) else None
        if gap is None or not (length in _ENDS or may_end_anywhere):
            return False
        line_breaks += line_breaks_in(gap)
        if line_breaks > 1:
            return False
    return False


def _is_first_box(groups: Sequence[Group], gaps: Sequence[str | None], index: int) -> bool:
    """Tell whether a digit stands alone, and none before it does."""
    if len(groups[index].group()) > 1:
        return False
    return not index or gaps[index - 1] is None or len(groups[index - 1].group()) > 1


def _are_card(text: str, groups: Sequence[Group], gaps: Sequence[str | None], first: int, last: int) -> bool:
    written = groups[first : last + 1]
    digits = "".join(group.group() for group in written)
    return _is_card(digits) and _is_grouped(written) and not _is_part(text, groups, gaps, first, last)


def _is_card(digits: str) -> bool:
    return _BRANDS.fullmatch(digits) is not None and passes_luhn(digits) and not _is_barcode(digits)


def _is_barcode(digits: str) -> bool:
    """Tell whether 13 digits are an article number (EAN); many of those begin like a card."""
    weighted = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits))
    return len(digits) == 13 and weighted % 10 == 0


def _is_grouped(groups: Sequence[Group]) -> bool:
    lengths = [len(group.group()) for group in groups]
    ends = {sum(lengths[:count]) for count in range(1, len(lengths))}
    shapes = _GROUPS.get(sum(lengths), _LONG_GROUPS)
    return set(lengths) == {1} or any(ends <= shape for shape in shapes)


def _is_part(text: str, groups: Sequence[Group], gaps: Sequence[str | None], first: int, last: int) -> bool:
    """Tell whether the groups are a part of a longer number, a name or an address."""
    start, end = groups[first].start(), groups[last].end()
    before, after = text[max(0, start - 200) : start], text[end : end + 3]
    if before.endswith("+") or _ADDRESS.search(before) or is_glued("", after):
        return True
    word = before[-20:].rstrip("-_/")
    if _CARD_WORD.search(word) is None and (is_glued(before, "") or _NAME_AND_DASH.search(before[-2:])):
        return True
    inside = set(gaps[first:last])
    return _follows_number(text, groups, gaps, first, inside) or _precedes_number(groups, gaps, last, inside)


def _follows_number(
    text: str, groups: Sequence[Group], gaps: Sequence[str | None], first: int, inside: set[str | None]
) -> bool:
    """Tell whether the group before is the same number's: the first of an IBAN, or one more of four digits."""
    gap = gaps[first - 1] if first else None
    if gap is None or line_breaks_in(gap):
        return False
    previous = groups[first - 1]
    is_iban = _IBAN_START.search(text[max(0, previous.start() - 3) : previous.start()]) is not None
    is_alike = gap in inside and len(previous.group()) == 4 and _YEAR.fullmatch(previous.group()) is None
    return is_iban or is_alike or gap in (".", "-")


def _precedes_number(
    groups: Sequence[Group], gaps: Sequence[str | None], last: int, inside: set[str | None]
) -> bool:
    """Tell whether one more group of four digits follows that is no date of expiry, as in a row of a table."""
    if last == len(gaps) or gaps[last] is None or gaps[last] not in inside:
        return False
    following = groups[last + 1].group()
    return len(groups[last].group()) == len(following) == 4 and _EXPIRY.fullmatch(following) is None
