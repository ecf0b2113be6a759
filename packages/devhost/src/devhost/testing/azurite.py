"""A real Azurite for tests and benchmarks: in memory, on free ports of this machine, stopped by its own process.

``DEVHOST_AZURITE`` says where it is; else it is the one of the nearest ``node_modules``.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from devhost.testing.errors import AzuriteUnavailable

AZURITE_SETTING = "DEVHOST_AZURITE"
_SCRIPT = Path("node_modules", "azurite", "dist", "src", "azurite.js")
_HOW_TO_GET_IT = (
    "Azurite is not here: run 'npm install --no-save azurite' in {folder} (with Node 20 or newer), or "
    f"name the file dist/src/azurite.js of one that is installed elsewhere in {AZURITE_SETTING}."
)
_ACCOUNT = "devstoreaccount1"
# Azurite's published constant: no secret.
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_FLAGS = ("--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck")
_START_SECONDS = 60
_LOOK_AGAIN_SECONDS = 0.02


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
    """Ports nobody listens on now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def find_azurite(environ: Mapping[str, str], folder: Path) -> Path | None:
    """Azurite's script: what the setting names, else the one of the nearest node_modules from a folder upwards."""
    if named := environ.get(AZURITE_SETTING):
        return Path(named)
    return next((where / _SCRIPT for where in (folder, *folder.parents) if (where / _SCRIPT).is_file()), None)


def azurite_command(environ: Mapping[str, str], folder: Path) -> list[str]:
    """How the Azurite of a folder is started. Raises AzuriteUnavailable."""
    node, script = shutil.which("node"), find_azurite(environ, folder)
    if node is None or script is None or not script.is_file():
        raise AzuriteUnavailable(_HOW_TO_GET_IT.format(folder=folder))
    return [node, str(script)]


@contextmanager
def running_azurite(command: list[str]) -> Iterator[Azurite]:
    """Start Azurite, wait until it answers, stop it at the end. Raises AzuriteUnavailable."""
    ports = free_ports(3)
    named = [
        argument
        for name, port in zip(("blob", "queue", "table"), ports, strict=True)
        for argument in (f"--{name}Port", str(port), f"--{name}Host", "127.0.0.1")
    ]
    process = subprocess.Popen([*command, *_FLAGS, *named], stdout=subprocess.DEVNULL)
    try:
        _wait_until_open(process, ports)
        yield Azurite(*ports)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_open(process: "subprocess.Popen[bytes]", ports: list[int]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    for port in ports:
        while not _is_open(port):
            if process.poll() is not None:
                raise AzuriteUnavailable(f"Azurite ended at once with code {process.returncode}.")
            if time.monotonic() > deadline:
                raise AzuriteUnavailable(f"Azurite did not listen on port {port} within {_START_SECONDS} s.")
            time.sleep(_LOOK_AGAIN_SECONDS)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
