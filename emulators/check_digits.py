"""Find numbers that identify a card, an account or a person; only those whose check digits are right count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

_BLANK = "[ \u00a0]"
# A card as people write it: in one piece, or in its usual groups with one kind of separator. What stands before
# keeps the inside of a longer number (an IBAN, say) from being read as a card; an expiry date may well follow.
_CARD = re.compile(
    r"(?<!\w)(?<!\d{4}[ \u00a0-])(?<![A-Z]{2}\d{2}[ \u00a0-])"
    r"(?:[2-6]\d{12,18}|[2-6]\d{3}([ \u00a0-])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3[47]\d{2}([ \u00a0-])\d{6}\2\d{5})"
    r"(?!\w)"
)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_DNI = re.compile(r"(?<![\w-])(?:\d{8}|[XYZ]-?\d{7})[ -]?[A-Z](?!\w)")
_PESEL = re.compile(r"(?<![\w.-])\d{11}(?![\w-])")
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
# Month offsets of a PESEL tell the century.
_PESEL_CENTURIES = {0: 1900, 20: 2000, 40: 2100, 60: 2200, 80: 1800}
# fmt: off
_IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18,
    "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26,
}
# fmt: on

Detector = Callable[[str], Iterator[int]]


def passes_luhn(digits: str) -> bool:
    """Tell whether a string of digits passes the Luhn check."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * value, 10)) for value in values[1::2]]
    return (sum(values[0::2]) + sum(doubled)) % 10 == 0


def passes_mod_97(iban: str) -> bool:
    """Tell whether an IBAN without blanks leaves 1 when divided by 97 (ISO 7064)."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def find_payment_cards(text: str) -> Iterator[int]:
    """Yield where payment card numbers start."""
    for match in _CARD.finditer(text):
        if passes_luhn(re.sub(r"\D", "", match.group())):
            yield match.start()


def find_ibans(text: str) -> Iterator[int]:
    """Yield where IBANs start, written in one piece or with single blanks."""
    for match in _IBAN_START.finditer(text):
        length = _IBAN_LENGTHS.get(match.group()[:2])
        if length is None:
            continue
        rest = re.compile(f"(?:{_BLANK}?[A-Z0-9]){{{length - 4}}}(?![A-Za-z0-9])").match(text, match.end())
        if rest and passes_mod_97(re.sub(_BLANK, "", match.group() + rest.group())):
            yield match.start()


def find_us_social_security_numbers(text: str) -> Iterator[int]:
    """Yield where US social security numbers start (hyphenated; they have no check digit, only invalid ranges)."""
    return (match.start() for match in _SSN.finditer(text))


def find_spanish_dnis(text: str) -> Iterator[int]:
    """Yield where Spanish DNI and NIE numbers start; the letter is the number modulo 23."""
    for match in _DNI.finditer(text):
        number = re.sub(r"[ -]", "", match.group())
        digits = number[:-1].translate(str.maketrans("XYZ", "012"))
        if _DNI_LETTERS[int(digits) % 23] == number[-1]:
            yield match.start()


def find_polish_pesels(text: str) -> Iterator[int]:
    """Yield where Polish PESEL numbers start: a real birth date and a right check digit."""
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
