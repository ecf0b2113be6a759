"""Hosts that all tests of the contract share: each test uses its own instances and entities."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.azurite import Azurite, azurite
from tests.contract.contract_host import ContractHost
from tests.unit.functions.http_client import Ask

__all__ = ["azurite"]
Api = Ask


@contextmanager
def running(azurite: Azurite, folder: Path, *options: str) -> Iterator[ContractHost]:
    """A host with its own queues and blobs, which must stop cleanly at the end."""
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("AzureWebJobsStorage", azurite.connection_string)
        environ.setenv("PARCELS", f"parcels-{uuid.uuid4().hex}")
        host = ContractHost(folder, *options)
    yield host
    assert host.stop() == 0, host.output


@pytest.fixture(scope="session")
def host(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContractHost]:
    """A host that asks for no keys."""
    with running(azurite, tmp_path_factory.mktemp("contract")) as host:
        yield host


@pytest.fixture(scope="session")
def keyed_host(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContractHost]:
    """A host that asks for keys."""
    with running(azurite, tmp_path_factory.mktemp("keyed"), "--enable-auth") as host:
        yield host


@pytest.fixture(params=["rpc", "webhook"])
def api(request: pytest.FixtureRequest, host: ContractHost) -> Api:
    """The durable API: the local one and then the public one, which answer alike."""
    chosen: Api = getattr(host, request.param)
    return chosen


@pytest.fixture
def new_id() -> str:
    """An id that no other test uses."""
    return uuid.uuid4().hex
