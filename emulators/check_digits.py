"""Find numbers that identify a person. Those with wrong check digits do not count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from emulators.ibans import find_ibans
from emulators.payment_cards import find_payment_cards

_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_DNI = re.compile(r"(?<![\w-])(?:\d{8}|[XYZ]-?\d{7})[ -]?[A-Z](?!\w)")
_PESEL = re.compile(r"(?<![\w.-])\d{11}(?![\w-])")
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
# The month of a PESEL has an offset for the century.
_PESEL_CENTURIES = {0: 1900, 20: 2000, 40: 2100, 60: 2200, 80: 1800}

Detector = Callable[[str], Iterator[int]]


def find_us_social_security_numbers(text: str) -> Iterator[int]:
    """Yield the positions of US social security numbers. They need hyphens and a valid range."""
    return (match.start() for match in _SSN.finditer(text))


def find_spanish_dnis(text: str) -> Iterator[int]:
    """Yield the positions of Spanish DNI and NIE numbers. The letter stands for the number modulo 23."""
    for match in _DNI.finditer(text):
        number = re.sub(r"[ -]", "", match.group())
        digits = number[:-1].translate(str.maketrans("XYZ", "012"))
        if _DNI_LETTERS[int(digits) % 23] == number[-1]:
            yield match.start()


def find_polish_pesels(text: str) -> Iterator[int]:
    """Yield the positions of Polish PESEL numbers, which have a valid birth date and check digit."""
    for match in _PESEL.finditer(text):
        digits = [int(digit) for digit in match.group()]
        weighted = sum(weight * digit for weight, digit in zip(_PESEL_WEIGHTS, digits, strict=True))
        if weighted % 10 == 0 and _has_pesel_date(match.group()):
            yield match.start()


def _has_pesel_date(pesel: str) -> bool:
    year, month, day = int(pesel[0:2]), int(pesel[2:4]), int(pesel[4:6])
    try:
        date(_PESEL_CENTURIES[month // 20 * 20] + year, month % 20, day)
    except ValueError:
        return False
    return True


DETECTORS: dict[str, Detector] = {
    "paymentCard": find_payment_cards,
    "iban": find_ibans,
    "usSocialSecurityNumber": find_us_social_security_numbers,
    "spanishDni": find_spanish_dnis,
    "polishPesel": find_polish_pesels,
}
