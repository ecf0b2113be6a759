"""A real Azurite for tests: in memory, on free ports, started and stopped once per session.

Use it from a conftest with ``from tests.azurite import azurite``; ``azurite.connection_string`` is what the app's
``AzureWebJobsStorage`` would be. Tests share it, so each uses its own ids.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[1] / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_ACCOUNT = "devstoreaccount1"
# The published key of every storage emulator: not a secret.
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_START_SECONDS = 120


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

    @property
    def blob_endpoint(self) -> str:
        """Base URL of the blobs."""
        return f"http://127.0.0.1:{self.blob_port}/{_ACCOUNT}"


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def running_azurite() -> Iterator[Azurite]:
    """Start Azurite, wait until it answers, stop it at the end."""
    node = shutil.which("node")
    if node is None or not _SCRIPT.exists():
        pytest.fail("Azurite is not installed: run 'make setup' (it needs Node 20 or newer)")
    ports = free_ports(3)
    named = [
        argument
        for name, port in zip(("blob", "queue", "table"), ports, strict=True)
        for argument in (f"--{name}Port", str(port), f"--{name}Host", "127.0.0.1")
    ]
    flags = ["--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    process = subprocess.Popen([node, str(_SCRIPT), *flags, *named], stdout=subprocess.DEVNULL)
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
