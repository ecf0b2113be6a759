"""Identifying numbers are found if their check digits are right, and only then."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

from emulators import check_digits, ibans, payment_cards
from emulators.check_digits import DETECTORS

LABELLED = json.loads(Path(__file__).with_name("labelled_numbers.json").read_text(encoding="utf-8"))


HOSTILE_UNITS = ("1", "4 ", "4-", "4111 ", "4111\n", "4 1 ", "4. . . .", "LC11AAAA", "NL91 ABNA 0417 1643 0 ")


def labelled(label: str) -> list[object]:
    """The cases of one label, `found` or `notFound`, of every detector in the list."""
    return [
        pytest.param(detector, case["text"], id=f"{detector}: {case['case']}")
        for detector, labels in LABELLED.items()
        for case in labels[label]
    ]


def found(detector: str, text: str) -> bool:
    return any(True for _ in DETECTORS[detector](text))


@pytest.mark.parametrize(
    ("detector", "text"),
    [
        ("paymentCard", "Card 4111111111111111 was charged"),
        ("paymentCard", "Card 4111 1111 1111 1111."),
        ("paymentCard", "5500-0055-5555-5559"),
        ("paymentCard", "4111 1111 1111 1111 12/27"),
        ("paymentCard", "Amex 3782 822463 10005,"),
        ("iban", "IBAN DE89 3704 0044 0532 0130 00 at the bank"),
        ("iban", "GB82WEST12345698765432"),
        ("iban", "pay to GB82 WEST 1234 5698 7654 32 by Friday"),
        ("iban", "PL61 1090 1014 0000 0712 1981 2874"),
        ("usSocialSecurityNumber", "SSN: 123-45-6789"),
        ("spanishDni", "DNI 12345678Z"),
        ("spanishDni", "NIE X1234567L"),
        ("polishPesel", "PESEL 44051401359"),
    ],
)
def test_right_number_is_found(detector: str, text: str) -> None:
    assert found(detector, text)


@pytest.mark.parametrize(
    ("detector", "text"),
    [
        ("paymentCard", "Card 4111 1111 1111 1112"),
        ("paymentCard", "order 94111111111111111, part of a longer number 41111111111111110000"),
        ("paymentCard", "12 34 56 78 90 12 34 56"),
        ("paymentCard", "DE89 4111 1111 1111 1111 00"),
        ("iban", "DE89 3704 0044 0532 0130 01"),
        ("iban", "ZZ89 3704 0044 0532 0130 00"),
        ("iban", "DE89 3704"),
        ("usSocialSecurityNumber", "000-12-3456, 666-12-3456, 123-00-4567 and +1-123-45-67890"),
        ("spanishDni", "DNI 12345678A"),
        ("polishPesel", "44051401358"),
        ("polishPesel", "99999999999"),
    ],
)
def test_wrong_or_unrelated_number_is_not_found(detector: str, text: str) -> None:
    assert not found(detector, text)


@pytest.mark.parametrize(("detector", "text"), labelled("found"))
def test_number_is_found_however_people_write_it_and_ocr_reads_it(detector: str, text: str) -> None:
    """Guards against a card or an account that is missed because a blank is missing, or is a dash."""
    assert found(detector, text)
    assert found(detector, f"Please pay: {text} (thank you)")


def test_cards_on_one_line_do_not_hide_each_other() -> None:
    """Guards against two neighbouring cards that look like one long number."""
    text = "4111 1111 1111 1111 5500 0000 0000 0004 1500 3782 822463 10005"

    assert list(DETECTORS["paymentCard"](text)) == [0, 20, 45]


@pytest.mark.parametrize(("detector", "text"), labelled("notFound"))
def test_number_that_only_looks_like_one_is_not_found(detector: str, text: str) -> None:
    """Guards against needless reviews because of orders, phones, serial numbers and tables."""
    assert not found(detector, text)
    assert not found(detector, f"Please note: {text} (thank you)")


@pytest.mark.parametrize("unit", HOSTILE_UNITS)
@pytest.mark.parametrize("detector", sorted(LABELLED))
def test_long_rows_of_digits_take_no_more_steps_for_each_than_short_ones(detector: str, unit: str) -> None:
    """Guards against a search whose time grows with the square of the text: megabytes would take hours."""
    short, long = (steps(detector, unit * count) for count in (500, 2_000))

    assert long <= 5 * short + 100  # Four times the text. The square would be 16 times as many.


@pytest.mark.parametrize("module", [check_digits, ibans, payment_cards])
def test_no_pattern_searches_further_than_the_length_of_a_number(module: ModuleType) -> None:
    """Guards against a pattern that searches the rest of the text from each position."""
    patterns = [value for value in vars(module).values() if isinstance(value, re.Pattern)]
    patterns += [ibans._form(country) for country in ibans._FORMS]
    reach = {pattern.pattern: widest_match(pattern) for pattern in patterns}

    # Consecutive digits are found by one search, which continues after them.
    assert {pattern for pattern, width in reach.items() if width > 500} <= {"[0-9]+"}


@pytest.mark.parametrize("detector", sorted(LABELLED))
def test_number_behind_megabytes_of_hostile_text_is_found(detector: str) -> None:
    hostile = "4111 " * 100_000 + "DE89" * 100_000 + "1" * 300_000 + "X1234567" * 30_000 + "\n\nPlease pay: "
    number = LABELLED[detector]["found"][0]["text"]
    [place] = DETECTORS[detector](f"Please pay: {number}")

    assert list(DETECTORS[detector](hostile + number)) == [len(hostile) + place - len("Please pay: ")]


class CountingText(str):
    """A text that counts the characters that are copied from it."""

    cut = 0

    def __getitem__(self, key: Any) -> str:
        piece = super().__getitem__(key)
        self.cut += len(piece)
        return piece


def steps(detector: str, text: str) -> int:
    """The number of Python lines that a search runs, and of the characters that it copies."""
    counted, lines, before = CountingText(text), 0, sys.gettrace()

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    sys.settrace(trace)
    try:
        list(DETECTORS[detector](counted))
    finally:
        sys.settrace(before)
    return lines + counted.cut


def widest_match(pattern: re.Pattern[str]) -> int:
    """The maximum number of characters that a pattern matches."""
    return int(importlib.import_module("re._parser").parse(pattern.pattern, pattern.flags).getwidth()[1])
