"""The Azurite that tests share, each working on ids of its own.

Use it from a conftest with ``from tests.azurite import azurite``; ``azurite.connection_string`` is what the app's
``AzureWebJobsStorage`` would be. Without Azurite the tests are skipped; where ``DEVHOST_AZURITE`` names one, it
must be there.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from devhost.testing import azurite as real
from devhost.testing.azurite import AZURITE_SETTING, Azurite, azurite_command, free_ports
from devhost.testing.errors import AzuriteUnavailable

__all__ = ["Azurite", "azurite", "command_or_skip", "free_ports", "running_azurite"]

PACKAGE = Path(__file__).parents[1]


def command_or_skip(environ: Mapping[str, str], folder: Path) -> list[str]:
    """How Azurite is started; skips the test where there is none, and fails it where the setting is wrong."""
    try:
        return azurite_command(environ, folder)
    except AzuriteUnavailable as reason:
        if named := environ.get(AZURITE_SETTING):
            pytest.fail(f"{AZURITE_SETTING} is {named}, and that or Node is not there. {reason}")
        pytest.skip(str(reason))


@contextmanager
def running_azurite() -> Iterator[Azurite]:
    """Start Azurite, wait until it answers, stop it at the end."""
    with real.running_azurite(command_or_skip(os.environ, PACKAGE)) as running:
        yield running


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """The session's Azurite."""
    with running_azurite() as started:
        yield started
