"""Find international bank account numbers (IBAN), as people write them and as OCR reads them.

A number counts if it has the length and form of its country and passes the mod 97 check. It may have blanks, dots,
dashes and up to two line breaks between its characters. Case does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from emulators.written_numbers import GAP, LONGEST_WORD, is_glued, line_breaks_in, with_plain_digits

MOST_LINE_BREAKS = 2
# The form after country and check digits, as in the IBAN registry: n digits, a letters, c letters or digits.
# fmt: off
_FORMS = {
    "AD": "n8c12", "AE": "n19", "AL": "n8c16", "AT": "n16", "AZ": "a4c20", "BA": "n16", "BE": "n12",
    "BG": "a4n6c8", "BH": "a4c14", "BR": "n23a1c1", "BY": "c4n4c16", "CH": "n5c12", "CR": "n18",
    "CY": "n8c16", "CZ": "n20", "DE": "n18", "DK": "n14", "DO": "c4n20", "EE": "n16", "EG": "n25",
    "ES": "n20", "FI": "n14", "FO": "n14", "FR": "n10c11n2", "GB": "a4n14", "GE": "a2n16", "GI": "a4c15",
    "GL": "n14", "GR": "n7c16", "GT": "c24", "HR": "n17", "HU": "n24", "IE": "a4n14", "IL": "n19",
    "IQ": "a4n15", "IS": "n22", "IT": "a1n10c12", "JO": "a4n4c18", "KW": "a4c22", "KZ": "n3c13",
    "LB": "n4c20", "LC": "a4c24", "LI": "n5c12", "LT": "n16", "LU": "n3c13", "LV": "a4c13", "MC": "n10c11n2",
    "MD": "c20", "ME": "n18", "MK": "n3c10n2", "MR": "n23", "MT": "a4n5c18", "MU": "a4n19a3", "NL": "a4n10",
    "NO": "n11", "PK": "a4c16", "PL": "n24", "PS": "a4c21", "PT": "n21", "QA": "a4c21", "RO": "a4c16",
    "RS": "n18", "SA": "n2c18", "SC": "a4n20a3", "SE": "n20", "SI": "n15", "SK": "n20", "SM": "a1n10c12",
    "TL": "n19", "TN": "n20", "TR": "n6c16", "UA": "n6c19", "VA": "n18", "VG": "a4n16", "XK": "n16",
}
# fmt: on
LENGTHS = {country: 4 + sum(map(int, re.findall(r"\d+", form))) for country, form in _FORMS.items()}
_CHARACTERS = {"n": "[0-9]", "a": "[A-Za-z]", "c": "[A-Za-z0-9]"}
# In small letters there must be no blank: "no. 1234" and "is 12" are not the start of an account number.
_COUNTRIES = "|".join(_FORMS)
_START = re.compile(f"(?:(?:{_COUNTRIES})(?= {{0,2}}[0-9])|(?:{_COUNTRIES.lower()})(?=[0-9]))")


def passes_mod_97(iban: str) -> bool:
    """Return whether an IBAN without blanks passes the mod 97 check (ISO 7064)."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def find_ibans(text: str) -> Iterator[int]:
    """Yield the positions of IBANs."""
    text = with_plain_digits(text)
    for start in _START.finditer(text):
        match = _form(start.group().upper()).match(text, start.end())
        if match and _is_iban(text, start.start(), match.end()):
            yield start.start()


@cache
def _form(country: str) -> re.Pattern[str]:
    parts = re.findall(r"([nac])(\d+)", "n2" + _FORMS[country])
    return re.compile("".join(f"(?:{GAP}{_CHARACTERS[kind]}){{{count}}}" for kind, count in parts))


def _is_iban(text: str, start: int, end: int) -> bool:
    written = text[start:end]
    compact = "".join(character for character in written if character.isalnum())
    before, after = text[max(0, start - LONGEST_WORD) : start], text[end : end + LONGEST_WORD]
    if before.lower().endswith("iban"):
        before = ""
    if is_glued(before, after, in_groups=compact != written):
        return False
    return line_breaks_in(written) <= MOST_LINE_BREAKS and passes_mod_97(compact)
