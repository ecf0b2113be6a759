"""Find payment card numbers, as people write them and as OCR reads them.

A number counts if it has the prefix and the length of a card brand, passes the Luhn check, and is written in one
piece or in the groups of a card. Groups may be separated by nothing, by blanks, dots or dashes, and by one line
break. A card in boxes has a blank after each digit. Parts of longer numbers and names do not count.

In doubt it counts: a needless review costs a minute, but nobody sees a missed card. One more group of four digits
beside it does not matter: it may be a room, a price or a code. Two more groups make it a row of a table or a
serial number, unless they belong to another card. So does one group that is joined by the same dash or dot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from emulators.ibans import LENGTHS
from emulators.written_numbers import GAP, LONGEST_WORD, has_mark, is_glued, line_breaks_in, with_plain_digits

SHORTEST_CARD, LONGEST_CARD = 13, 19
LONGEST_GAP = 10
# This many more groups of four digits beside a card make it a part of a row.
ROW = 2
MOST_GROUPS_OF_IBAN = 8
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
# The numbers of digits after which a blank may be.
_LONG_GROUPS = ({4, 8, 12, 16}, {6})
_GROUPS = {13: ({4, 8, 12}, {4, 7, 10}), 14: ({4, 10}, {4, 8, 12}), 15: ({4, 10}, {4, 8, 12})}
_ENDS = {4, 6, 7, 8, 10, 12, 16}
# What may be right before a card, without a blank or with a dash.
_CARD_WORD = re.compile(
    r"(?:card|karte|carte|tarjeta|carta|kaart|karta|visa|amex|pan|nr|no|n[uú]m(?:mer|ber|ero)?)$", re.I
)
# A digit and a dash belong to the group that they end.
_NAME_AND_DASH = re.compile(r"[^\W\d_][-_/]$")
_IBAN_START = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(LENGTHS)})$", re.I)
_LINE_START = re.compile(r"[\r\n\x0b\x0c\x85\u2028\u2029][^\S\r\n]{0,80}$")
_ADDRESS = re.compile(r"(?:://|www\.)\S{0,200}$")
_DATE = re.compile(r"(?:0[1-9]|1[0-2])[2-4]\d|(?:19|20)\d\d")

Group = re.Match[str]


class _Numbers(NamedTuple):
    """The groups of digits in a text, and the gaps between them. A gap is None if it separates numbers."""

    text: str
    groups: Sequence[Group]
    gaps: Sequence[str | None]


class _Neighbour(NamedTuple):
    """A group of digits beside a card, the gap towards the card, and whether it belongs to another card."""

    digits: str
    gap: str | None
    is_card: bool


def passes_luhn(digits: str) -> bool:
    """Return whether a string of digits passes the Luhn check."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * value, 10)) for value in values[1::2]]
    return (sum(values[0::2]) + sum(doubled)) % 10 == 0


def find_payment_cards(text: str) -> Iterator[int]:
    """Yield the positions of payment card numbers."""
    text = with_plain_digits(text)
    groups = list(_DIGITS.finditer(text))
    numbers = _Numbers(text, groups, [_gap(text, group, following) for group, following in pairwise(groups)])
    cards = [(first, last) for first in range(len(groups)) for last in _ends_of_cards(numbers, first)]
    # Cards in two groups do not count as neighbours: with dashes, they are the end of a UUID.
    neighbours = [(first, last) for first, last in cards if last - first != 1]
    firsts, lasts = {first for first, _ in neighbours}, {last for _, last in neighbours}
    for first, last in cards:
        if not _is_part(numbers, first, last, firsts, lasts):
            yield groups[first].start()


def _gap(text: str, group: Group, following: Group) -> str | None:
    """Return the text between two groups; None if they cannot belong to one number."""
    gap = text[group.end() : following.start()] if following.start() - group.end() <= LONGEST_GAP else "?"
    return gap if _GAP.fullmatch(gap) else None


def _ends_of_cards(numbers: _Numbers, first: int) -> Iterator[int]:
    """Yield the last groups of the cards that begin with this group, without regard to their surroundings."""
    text, groups, gaps = numbers
    if text[groups[first].start()] not in "23456":
        return
    length = line_breaks = 0
    may_end_anywhere = _is_first_box(groups, gaps, first)
    for last in range(first, min(first + LONGEST_CARD, len(groups))):
        length += groups[last].end() - groups[last].start()
        if length > LONGEST_CARD:
            return
        if length >= SHORTEST_CARD and _are_card(groups[first : last + 1]):
            yield last
        gap = gaps[last] if last < len(gaps) else None
        if gap is None or not (length in _ENDS or may_end_anywhere):
            return
        line_breaks += line_breaks_in(gap)
        if line_breaks > 1:
            return


def _is_first_box(groups: Sequence[Group], gaps: Sequence[str | None], index: int) -> bool:
    """Return whether a single digit is the first in a series."""
    if len(groups[index].group()) > 1:
        return False
    return not index or gaps[index - 1] is None or len(groups[index - 1].group()) > 1


def _are_card(groups: Sequence[Group]) -> bool:
    return _is_card("".join(group.group() for group in groups)) and _is_grouped(groups)


def _is_card(digits: str) -> bool:
    return _BRANDS.fullmatch(digits) is not None and passes_luhn(digits) and not _is_barcode(digits)


def _is_barcode(digits: str) -> bool:
    """Return whether 13 digits are an article number (EAN). Many of those have the prefix of a card."""
    weighted = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits))
    return len(digits) == 13 and weighted % 10 == 0


def _is_grouped(groups: Sequence[Group]) -> bool:
    lengths = [len(group.group()) for group in groups]
    ends = {sum(lengths[:count]) for count in range(1, len(lengths))}
    shapes = _GROUPS.get(sum(lengths), _LONG_GROUPS)
    return set(lengths) == {1} or any(ends <= shape for shape in shapes)


def _is_part(numbers: _Numbers, first: int, last: int, firsts: set[int], lasts: set[int]) -> bool:
    """Return whether the groups are a part of a longer number, a name or an address."""
    if _is_in_name(numbers, first, last) or _is_in_iban(numbers, first, last):
        return True
    groups, gaps = numbers.groups, numbers.gaps
    inside = {gap for gap in gaps[first:last] if gap is not None}
    places = range(first - 1, max(first - 1 - ROW, -1), -1)
    before = [_Neighbour(groups[place].group(), gaps[place], place in lasts) for place in places]
    places = range(last + 1, min(last + 1 + ROW, len(groups)))
    after = [_Neighbour(groups[place].group(), gaps[place - 1], place in firsts) for place in places]
    follows_card = last - first != 1 and first - 1 in lasts
    if before and _is_joined(before[0].gap, inside) and not (follows_card or _is_list_number(numbers, first - 1)):
        return True
    return _are_fours(groups[first : last + 1]) and (_is_row(before, inside) or _is_row(after, inside))


def _is_in_name(numbers: _Numbers, first: int, last: int) -> bool:
    start, end = numbers.groups[first].start(), numbers.groups[last].end()
    before, after = numbers.text[max(0, start - 200) : start], numbers.text[end : end + LONGEST_WORD]
    in_groups = first < last
    if before.endswith("+") or _ADDRESS.search(before) or is_glued("", after, in_groups=in_groups):
        return True
    if _CARD_WORD.search(before[-20:].rstrip("-_/")):
        return False
    return _NAME_AND_DASH.search(before[-2:]) is not None or is_glued(
        before[-LONGEST_WORD:], "", in_groups=in_groups
    )


def _is_in_iban(numbers: _Numbers, first: int, last: int) -> bool:
    """Return whether earlier groups begin an account number that is long enough to include these."""
    text, groups, gaps = numbers
    length = sum(len(group.group()) for group in groups[first : last + 1])
    for index in range(first - 1, max(first - 1 - MOST_GROUPS_OF_IBAN, -1), -1):
        gap, start = gaps[index], groups[index].start()
        if gap is None or line_breaks_in(gap):
            return False
        length += len(groups[index].group())
        country = _IBAN_START.search(text[max(0, start - 3) : start])
        if country:
            return 2 + length <= LENGTHS[country.group().upper()]
        if len(groups[index].group()) != 4:
            return False
    return False


def _is_joined(gap: str | None, inside: set[str]) -> bool:
    """Return whether a mark joins a card to the number before it: the card has no marks, or the same one."""
    return gap in (".", "-", "/", "_") and (not inside or gap in inside)


def _is_list_number(numbers: _Numbers, index: int) -> bool:
    """Return whether a group numbers an item of a list: one to three digits at the start of a line, then a dot."""
    start = numbers.groups[index].start()
    line = ("\n" if start < LONGEST_WORD else "") + numbers.text[max(0, start - LONGEST_WORD) : start]
    is_short = len(numbers.groups[index].group()) <= 3 and numbers.text[start] != "0"
    return is_short and numbers.gaps[index] == "." and _LINE_START.search(line) is not None


def _are_fours(groups: Sequence[Group]) -> bool:
    """Return whether a card is written like a row of groups of four digits. Blanks may be missing."""
    return all(len(group.group()) % 4 == 0 for group in groups[:-1])


def _is_row(neighbours: Sequence[_Neighbour], inside: set[str]) -> bool:
    """Return whether more groups of four digits follow a card, as in a row of a table or a serial number."""
    for neighbour in neighbours:
        gap, digits = neighbour.gap, neighbour.digits
        if gap is None or gap not in inside or line_breaks_in(gap) or neighbour.is_card:
            return False
        if len(digits) != 4 or _DATE.fullmatch(digits):
            return False
        if has_mark(gap):
            return True
    return len(neighbours) == ROW
