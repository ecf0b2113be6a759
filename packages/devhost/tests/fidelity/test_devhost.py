"""Devhost answers as Microsoft's Durable Task extension has answered, but for what differs on purpose."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fidelity import record
from tests.fidelity.comparing import differences
from tests.fidelity.deliberate import OWN_REASONS, REASONS
from tests.fidelity.driver import Driver

_MOST_DELIBERATE = 12
_MOST_DELIBERATE_OF_OWN = 2


@pytest.fixture(scope="session")
def recorded() -> dict[str, Any]:
    """What the extension answered."""
    return record.recorded()


@pytest.mark.parametrize("name", record.CASES)
def test_it_answers_as_the_extension_or_differs_on_purpose(
    name: str, host_for: Callable[[str], Driver], recorded: dict[str, Any]
) -> None:
    found = [str(one) for one in differences(recorded[name], record.answer(name, host_for(name)))]
    if name in REASONS | OWN_REASONS:
        assert found, f"{name} no longer differs: take it off the list in deliberate.py"
    else:
        assert not found, "\n".join(found[:20])


def test_few_cases_differ_on_purpose_and_each_of_them_exists() -> None:
    assert set(REASONS) <= set(record.GIVEN_CASES)
    assert len(REASONS) <= _MOST_DELIBERATE
    assert set(OWN_REASONS) <= set(record.OWN_CASES)
    assert len(OWN_REASONS) <= _MOST_DELIBERATE_OF_OWN


def test_every_case_is_on_record(recorded: dict[str, Any]) -> None:
    assert recorded.keys() == record.CASES.keys()
