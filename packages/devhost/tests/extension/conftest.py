"""Hosts whose durable work is done by Microsoft's extension, on a real Azurite."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from devhost.extension.program import STORAGE_SETTING
from devhost.testing import NO_EXTENSION, has_extension
from tests.azurite import Azurite, running_azurite
from tests.end_to_end.devhost_process import SAMPLE_APP, DevhostProcess


class StartHost(Protocol):
    """Starts a host on the extension."""

    def __call__(self, *options: str, app: Path = SAMPLE_APP) -> DevhostProcess: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests where the program is not found; marked, so that pytest says so in one line."""
    if has_extension():
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=NO_EXTENSION))


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
