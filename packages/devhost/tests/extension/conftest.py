"""Hosts whose durable work is done by Microsoft's extension, on a real Azurite."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from devhost.extension.errors import ExtensionUnavailable
from devhost.extension.program import PROGRAM_SETTING, STORAGE_SETTING, find_program
from tests.azurite import Azurite, running_azurite
from tests.end_to_end.devhost_process import SAMPLE_APP, DevhostProcess


class StartHost(Protocol):
    """Starts a host on the extension."""

    def __call__(self, *options: str, app: Path = SAMPLE_APP) -> DevhostProcess: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests where the program is not found; marked, so that pytest says so in one line."""
    try:
        find_program(os.environ)
    except ExtensionUnavailable:
        reason = f"no DurableExtensionHost: build it with 'make extension-host', or name one in {PROGRAM_SETTING}"
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """An Azurite for all tests of the extension."""
    with running_azurite() as running:
        yield running


@pytest.fixture
def start_host(azurite: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartHost]:
    """Starts hosts, which are stopped after the test."""
    monkeypatch.setenv(STORAGE_SETTING, azurite.connection_string)
    started: list[DevhostProcess] = []

    def start(*options: str, app: Path = SAMPLE_APP) -> DevhostProcess:
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        started.append(DevhostProcess(folder, "--engine", "extension", *options, app=app))
        return started[-1]

    yield start
    for host in started:
        host.stop()
