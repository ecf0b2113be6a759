"""Reports of tests that run in several processes (pytest -n)."""

from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Escape what is no text: a captured log with a lone surrogate would end the whole run."""
    return printable((yield))


def printable(value: Any) -> Any:
    """The same value with every lone surrogate escaped, in keys as well."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {printable(key): printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(printable(item) for item in value)
    return value
