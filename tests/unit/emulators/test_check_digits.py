"""Numbers that identify: found when their check digits are right, and only then."""

from __future__ import annotations

import pytest

from emulators.check_digits import DETECTORS


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


@pytest.mark.parametrize("detector", sorted(DETECTORS))
def test_megabytes_of_hostile_text_are_searched_quickly(detector: str) -> None:
    text = "4111 " * 100_000 + "DE89" * 100_000 + "1" * 300_000 + "X1234567" * 30_000

    found(detector, text)  # the suite's timeout would end a search that backtracks
