"""The pipeline on Microsoft's Durable Task extension: real processes on free ports, one stack for all tests."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from devhost.testing import NO_EXTENSION, has_extension
from local import LocalStack
from local.demo_api import PipelineApi
from local.demo_journey import Journey, travel
from local.demo_samples import load_samples
from local.stack import ROOT
from tests.end_to_end.client import Client
from tests.end_to_end.conftest import SETTINGS, a_document

__all__ = ["a_document"]

# Over host.json: tests need not wait longer than they must for the next look at a queue.
_QUICK = {"AzureFunctionsJobHost__extensions__durableTask__storageProvider__maxQueuePollingInterval": "00:00:01"}
# For the review that a test lets time out; the others are decided long before. Nearly a second of it would be cut.
_SHORT_REVIEWS = {"APPROVAL_TIMEOUT_HOURS": str(40.999 / 3600)}

EXTENSION_SETTINGS = SETTINGS | _QUICK | _SHORT_REVIEWS
"""Of every instance of the app on the extension's stack."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests where the program is not found; marked, so that pytest says so in one line."""
    if has_extension():
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=NO_EXTENSION))


@pytest.fixture(scope="package")
def extension_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """All local parts, with the durable work on the extension."""
    folder = tmp_path_factory.mktemp("extension")
    with LocalStack(folder, settings=EXTENSION_SETTINGS, engine="extension") as stack:
        yield stack


@pytest.fixture
def client(extension_stack: LocalStack) -> Iterator[Client]:
    """A client of the stack on the extension; the services work again after each test."""
    client = Client(extension_stack)
    client.clear_faults()
    yield client
    client.clear_faults()


@pytest.fixture(scope="package")
def demo(extension_stack: LocalStack) -> list[Journey]:
    """The journeys of all samples, sent at once as the demo sends them; all have ended."""
    journeys = [Journey(sample) for sample in load_samples(ROOT / "samples")]

    async def send_all() -> None:
        async with aiohttp.ClientSession() as session:
            api = PipelineApi(session, extension_stack.base_url, extension_stack.emulator_url)
            await asyncio.wait_for(asyncio.gather(*(travel(journey, api) for journey in journeys)), 150)

    asyncio.run(send_all())
    return journeys
