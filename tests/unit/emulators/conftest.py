"""The emulators in this process (`emulators`), and one real process for the tests of Document Intelligence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from emulators.server import start_server
from emulators.settings import EmulatorSettings
from tests.unit.emulators.emulator_process import EmulatorProcess


@pytest.fixture
def settings(tmp_path: Path) -> EmulatorSettings:
    """Settings with a state folder of their own and a free port."""
    return EmulatorSettings(state_dir=tmp_path, port=0)


@pytest_asyncio.fixture
async def emulators(settings: EmulatorSettings) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of emulators in this process. Worker processes start only when a document is sent."""
    runner, port = await start_server(settings)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        yield client
    await runner.cleanup()


@pytest.fixture(scope="session")
def running_emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """One process for all tests that only analyze documents, because loading the OCR models takes seconds."""
    with EmulatorProcess(tmp_path_factory.mktemp("emulators")) as process:
        yield process
