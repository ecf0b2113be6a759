"""A scripted server for the services that are called over HTTP."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from tests.unit.services.scripted_server import ScriptedServer


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    running = TestServer(scripted.app, host="127.0.0.1")
    await running.start_server()
    scripted.base_url = str(running.make_url("")).rstrip("/")
    yield scripted
    await running.close()
