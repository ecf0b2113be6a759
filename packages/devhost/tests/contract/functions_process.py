"""A host process over ``functions_app``; the tests of a module share one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.devhost_process import DevhostProcess

FUNCTIONS_APP = Path(__file__).parent / "functions_app"


def functions_host(folder: Path, *options: str) -> DevhostProcess:
    """Start a host of the app; functions without an answer write into the folder."""
    return DevhostProcess(folder, *options, app=FUNCTIONS_APP)


@pytest.fixture(scope="module", params=["0", "1"], ids=["in the host", "in a worker"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevhostProcess]:
    """One host for all tests of a module, which asks for keys."""
    folder = tmp_path_factory.mktemp("functions")
    host = functions_host(folder, "--workers", request.param, "--enable-auth")
    yield host
    assert host.stop() == 0, host.output


@pytest.fixture(scope="module")
def keys(host: DevhostProcess) -> dict[str, str]:
    """The host's keys: master, function, durable."""
    loaded: dict[str, str] = json.loads((host.folder / "state" / "devhost" / "keys.json").read_text())
    return loaded
