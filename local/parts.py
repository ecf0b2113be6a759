"""The three parts, Azurite, the emulators and the Functions host: the command of each, and when it is ready."""

from __future__ import annotations

import http.client
import shutil
import signal
import sys
from pathlib import Path

from local.errors import PartNotInstalled
from local.part_process import Part
from local.ports import HOST, Ports, accepts_connections

AZURITE = "azurite"
EMULATORS = "emulators"
DEVHOST = "devhost"
_AZURITE_SCRIPT = Path("node_modules", "azurite", "dist", "src", "azurite.js")


def azurite(root: Path, state_dir: Path, ports: Ports) -> Part:
    """The storage emulator. Node starts it directly: `npx` would be a process in between, and not pass signals on.

    Raises:
        PartNotInstalled: node or Azurite is missing.
    """
    node, script = shutil.which("node"), root / _AZURITE_SCRIPT
    if node is None:
        raise PartNotInstalled("node", "Azurite needs Node 20 or newer: install it from https://nodejs.org.")
    if not script.is_file():
        raise PartNotInstalled(f"Azurite ({_AZURITE_SCRIPT})", "Install it with: make setup")
    command = [node, str(script), "--location", str(state_dir / AZURITE)]
    command += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    services = {"blob": ports.blob, "queue": ports.queue, "table": ports.table}
    for service, port in services.items():
        command += [f"--{service}Host", HOST, f"--{service}Port", str(port)]
    return Part(
        name=AZURITE,
        command=command,
        is_ready=lambda: all(accepts_connections(port) for port in services.values()),
        # At SIGTERM it writes what it has in memory to disk. SIGKILL would lose the last seconds.
        death_signal=signal.SIGTERM,
    )


def emulators(state_dir: Path, ports: Ports) -> Part:
    """Document Intelligence, compliance, notifications and telemetry, all on one port."""
    command = [sys.executable, "-m", "emulators", "--port", str(ports.emulators), "--state-dir", str(state_dir)]
    return Part(name=EMULATORS, command=command, is_ready=lambda: answers(ports.emulators, "/health"))


def functions_host(app: Path, state_dir: Path, ports: Ports, clock: str, engine: str = "devhost") -> Part:
    """The Functions host with the app.

    `clock` is `system`, or `virtual` for tests that skip time; `engine` is `devhost`, or `extension` for
    Microsoft's Durable Task extension.
    """
    command = [sys.executable, "-m", "devhost", "start", "--app", str(app), "--port", str(ports.functions)]
    # Only the app's own client binding uses the local RPC API, and it is told the port.
    command += ["--rpc-port", "0", "--state-dir", str(state_dir), "--clock", clock, "--engine", engine]
    return Part(name=DEVHOST, command=command, is_ready=lambda: answers(ports.functions, "/admin/host/status"))


def answers(port: int, path: str) -> bool:
    """Whether `GET path` on this port of 127.0.0.1 is answered with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
