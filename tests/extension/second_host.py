"""A second instance of the app on the task hub of a running stack, as when Azure scales out."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

from local import LocalStack, endpoints, parts
from local.part_process import PartProcess
from local.ports import HOST
from local.stack import ROOT
from tests.azurite import free_ports


class SecondHost:
    """`devhost start` on the stack's storage account and emulators, with a port and a folder of its own.

    Args:
        stack: runs, on the extension.
        state_dir: what this host writes goes here.
        settings: those of the stack.
    """

    def __init__(self, stack: LocalStack, state_dir: Path, settings: Mapping[str, str]) -> None:
        self.state_dir = state_dir
        self.emulator_url = stack.emulator_url
        self.storage_connection_string = stack.storage_connection_string
        self._ports = replace(stack.ports, functions=free_ports(1)[0])
        self.host_url = f"http://{HOST}:{self._ports.functions}"
        self.base_url = f"{self.host_url}/api"
        self._environment = endpoints.part_environment(os.environ, self._ports, settings)
        self._log = state_dir / "logs" / "devhost.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    def start(self, app: Path = ROOT) -> None:
        """Start it with an app, and wait until it is ready; when it is not in time, end it."""
        part = parts.functions_host(app, self.state_dir, self._ports, "system", "extension")
        self._process = PartProcess(part, self._log, self._environment, ROOT)
        self._process.start()
        try:
            self._process.wait_until_ready()
        except BaseException:
            self._process.stop()
            raise

    def kill(self) -> None:
        """End it with SIGKILL; the extension dies with it."""
        self._process.kill()

    def logs(self, part: str) -> str:
        """What it has written, restarts included; it has one part, `devhost`."""
        return self._log.with_stem(part).read_text(errors="replace")
