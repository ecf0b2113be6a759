"""A real Azurite for tests: in memory, on free ports, started and stopped once per session.

Use it from a conftest with ``from tests.azurite import azurite``; ``azurite.connection_string`` is what the app's
``AzureWebJobsStorage`` would be. Tests share it, so each uses its own ids.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devhost.testing import Azurite, AzuriteUnavailable, azurite_command, free_ports
from devhost.testing import running_azurite as started_azurite

__all__ = ["Azurite", "azurite", "free_ports", "running_azurite"]

ROOT = Path(__file__).parents[1]


@contextmanager
def running_azurite() -> Iterator[Azurite]:
    """Start Azurite, wait until it answers, stop it at the end."""
    try:
        command = azurite_command({}, ROOT)
    except AzuriteUnavailable:
        pytest.fail("Azurite is not installed: run 'make setup' (it needs Node 20 or newer)")
    with started_azurite(command) as running:
        yield running


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """The session's Azurite."""
    with running_azurite() as started:
        yield started
