"""A real Azurite for tests: in memory, on free ports, started once per session and stopped by its own process.

Use it from a conftest with ``from tests.azurite import azurite``; ``azurite.connection_string`` is what the app's
``AzureWebJobsStorage`` would be. Tests share it, so each works on ids of its own. Without Azurite they are
skipped; ``DEVHOST_AZURITE`` says where it is, and then it must be there.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SETTING = "DEVHOST_AZURITE"
PACKAGE = Path(__file__).parents[1]
_SCRIPT = Path("node_modules", "azurite", "dist", "src", "azurite.js")
_HOW_TO_GET_IT = (
    "Azurite is not here: run 'npm install --no-save azurite' in packages/devhost (with Node 20 or newer), or "
    f"name the file dist/src/azurite.js of one that is installed elsewhere in {SETTING}."
)
_ACCOUNT = "devstoreaccount1"
# Azurite's published constant: no secret.
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_START_SECONDS = 60


@dataclass(frozen=True)
class Azurite:
    """A running Azurite."""

    blob_port: int
    queue_port: int
    table_port: int

    @property
    def connection_string(self) -> str:
        """For ``AzureWebJobsStorage``."""
        endpoints = {"Blob": self.blob_port, "Queue": self.queue_port, "Table": self.table_port}
        urls = "".join(f"{name}Endpoint=http://127.0.0.1:{port}/{_ACCOUNT};" for name, port in endpoints.items())
        return f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};{urls}"


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def find_azurite(environ: Mapping[str, str], folder: Path) -> Path | None:
    """Azurite's script: what the setting names, else the one of the nearest node_modules from a folder upwards."""
    if named := environ.get(SETTING):
        return Path(named)
    return next((where / _SCRIPT for where in (folder, *folder.parents) if (where / _SCRIPT).is_file()), None)


def command_or_skip(environ: Mapping[str, str], folder: Path) -> list[str]:
    """How Azurite is started; skips the test where there is none, and fails it where the setting is wrong."""
    node, script = shutil.which("node"), find_azurite(environ, folder)
    if node is not None and script is not None and script.is_file():
        return [node, str(script)]
    if environ.get(SETTING):
        pytest.fail(f"{SETTING} is {script}, and that or Node is not there. {_HOW_TO_GET_IT}")
    pytest.skip(_HOW_TO_GET_IT)


@contextmanager
def running_azurite() -> Iterator[Azurite]:
    """Start Azurite, wait until it answers, stop it at the end."""
    command = command_or_skip(os.environ, PACKAGE)
    ports = free_ports(3)
    named = [
        argument
        for name, port in zip(("blob", "queue", "table"), ports, strict=True)
        for argument in (f"--{name}Port", str(port), f"--{name}Host", "127.0.0.1")
    ]
    flags = ["--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    process = subprocess.Popen([*command, *flags, *named], stdout=subprocess.DEVNULL)
    try:
        _wait_until_open(process, ports)
        yield Azurite(*ports)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_open(process: subprocess.Popen[bytes], ports: list[int]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    for port in ports:
        while not _is_open(port):
            if process.poll() is not None:
                pytest.fail(f"Azurite ended at once with code {process.returncode}")
            if time.monotonic() > deadline:
                pytest.fail(f"Azurite did not listen on port {port} within {_START_SECONDS} s")
            time.sleep(0.02)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """The session's Azurite."""
    with running_azurite() as started:
        yield started
