"""`make run` as a process."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from local import Ports, endpoints
from local.ports import is_free
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]


def free_ports() -> Ports:
    """Free ports below those of outgoing connections. Azurite's three are consecutive."""
    free = Ports.free()
    while True:
        azurite = random.randrange(20000, 32000)
        if all(is_free(azurite + offset) for offset in range(3)):
            return Ports(free.functions, free.emulators, azurite, azurite + 1, azurite + 2)


def environment_of(ports: Ports, state_dir: Path) -> dict[str, str]:
    """The environment that gives `make run` and `make demo` their ports and folder."""
    named = {"PORT": ports.functions, "EMULATOR_PORT": ports.emulators, "AZURITE_PORT": ports.blob}
    return {**os.environ, **{name: str(port) for name, port in named.items()}, "STATE_DIR": str(state_dir)}


class MakeRun:
    """The command of `make run`, `python -m local run`, as a process."""

    def __init__(self, state_dir: Path) -> None:
        self.ports = free_ports()
        self.host_url = f"http://127.0.0.1:{self.ports.functions}"
        self.base_url = f"{self.host_url}/api"
        self.emulator_url = f"http://127.0.0.1:{self.ports.emulators}"
        self.storage_connection_string = endpoints.storage_connection_string(self.ports)
        self.state_dir = state_dir
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start all parts, and wait until the command prints their URLs."""
        command = [sys.executable, "-m", "local", "run"]
        environment = environment_of(self.ports, self.state_dir)
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        while "curl http" not in (line := self._process.stdout.readline()):
            assert line, "make run ended before it was ready"

    def kill_devhost_and_freeze(self) -> None:
        """Kill the Functions host with SIGKILL. The supervisor, which would stop everything, is suspended."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        (host,) = (
            child for child in self._children() if "devhost" in child.cmdline() and "start" in child.cmdline()
        )
        host.kill()
        eventually(lambda: host.status() == psutil.STATUS_ZOMBIE, "the host is dead")

    def thaw(self) -> int:
        """Resume the supervisor, wait until it and every part have ended, and return its exit code."""
        assert self._process is not None
        children = self._children()
        self._process.send_signal(signal.SIGCONT)
        code = self._process.wait(timeout=60)
        self._close()
        _, alive = psutil.wait_procs(children, timeout=60)
        assert not alive
        return code

    def stop(self) -> None:
        """Ctrl-C."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)
            self._close()

    def logs(self, part: str) -> str:
        """The log of a part since `make run` was started."""
        return (self.state_dir / "logs" / f"{part}.log").read_text(errors="replace")

    def _children(self) -> list[psutil.Process]:
        assert self._process is not None
        return psutil.Process(self._process.pid).children(recursive=True)

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
