"""All local parts together: started in order, watched, and stopped in reverse order, whatever happens.

with LocalStack(tmp_path) as stack:                   # free ports, a folder of its own
    requests.get(f"{stack.base_url}/health")          # http://127.0.0.1:.../api/health
    stack.kill_devhost()                              # SIGKILL, as a crash
    stack.start_devhost()                             # goes on with the documents in flight
    stack.logs("devhost")                             # what it wrote
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from devhost.protection.private_files import private_folder
from local import endpoints, parts
from local.errors import PartDied
from local.part_process import Part, PartProcess
from local.ports import HOST, Ports, is_free
from local.state_folder import StateFolder

ROOT = Path(__file__).resolve().parents[1]
"""The repository. It has the default app, `node_modules` and `emulators`."""

ClockName = Literal["system", "virtual"]
EngineName = Literal["devhost", "extension"]
Listener = Callable[[str, str], None]
"""Called with a part and an event: "starting", "ready" or "stopping"."""

_PORT_ATTEMPTS = 3


def _nobody(part: str, event: str) -> None:
    """The default listener, which does nothing."""


class LocalStack:
    """Azurite, the emulators and the Functions host with an app. Not for use from several threads at once.

    Args:
        state_dir: the folder for everything that the parts write. The next stack on it continues the last one.
        ports: where they listen. None: free ports, picked again when another program takes one of them.
        settings: environment variables of the parts, which override the local settings: `{"COUNTER_SHARDS": "2"}`.
        clock: `virtual` starts a host whose time tests can advance.
        engine: what runs the durable functions: devhost's own engine, or Microsoft's Durable Task extension.
        app: the folder with `function_app.py`.
        listener: called when a part starts, is ready, or stops.
    """

    def __init__(
        self,
        state_dir: Path | str,
        ports: Ports | None = None,
        settings: Mapping[str, str] | None = None,
        clock: ClockName = "system",
        engine: EngineName = "devhost",
        app: Path = ROOT,
        listener: Listener = _nobody,
    ) -> None:
        self.state_dir = Path(state_dir).resolve()
        self._picks_ports = ports is None
        self.ports = ports or Ports.free()
        self._settings = dict(settings or {})
        self._clock: ClockName = clock
        self._engine: EngineName = engine
        self._app = app
        self._listener = listener
        self._folder = StateFolder(self.state_dir)
        self._running: dict[str, PartProcess] = {}

    @property
    def host_url(self) -> str:
        """The Functions host, without a path: `http://127.0.0.1:7071`."""
        return f"http://{HOST}:{self.ports.functions}"

    @property
    def base_url(self) -> str:
        """The pipeline's HTTP API: `http://127.0.0.1:7071/api`."""
        return f"{self.host_url}/api"

    @property
    def emulator_url(self) -> str:
        """The emulators, without a path: `http://127.0.0.1:7080`."""
        return f"http://{HOST}:{self.ports.emulators}"

    @property
    def storage_connection_string(self) -> str:
        """How to reach Azurite with the storage SDKs."""
        return endpoints.storage_connection_string(self.ports)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every part and wait until it is ready. When one fails, stop those that run.

        Raises:
            LocalPartsError: a port or the folder is in use, or a part is missing, died, or was not ready in time.
        """
        self._folder.claim()
        try:
            self._start_on_free_ports() if self._picks_ports else self._start_parts()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the parts in reverse order, each by its id, and release the folder. May be called again."""
        try:
            self._stop_parts()
        finally:
            self._folder.release()

    def check_running(self) -> None:
        """Check that every part that was started still runs.

        Raises:
            PartDied: names the part and shows the end of its log.
        """
        for process in list(self._running.values()):
            process.check_running()

    def kill_devhost(self) -> None:
        """End the Functions host with SIGKILL, as a crash would."""
        self._running.pop(parts.DEVHOST).kill()

    def start_devhost(self, app: Path | None = None) -> None:
        """Start the Functions host, after a crash on the same port and folder, and wait until it is ready.

        Args:
            app: runs from now on, as after a deployment. None: the same as before.
        """
        self._app = app or self._app
        self._start(parts.functions_host(self._app, self.state_dir, self.ports, self._clock, self._engine))

    def stop_azurite(self) -> None:
        """End the storage account, in order: killed, it would lose its last seconds, which no real one does."""
        self._running[parts.AZURITE].stop()

    def start_azurite(self) -> None:
        """Start the storage account again, on its data, and wait until it is ready."""
        self._running[parts.AZURITE].start()
        self._running[parts.AZURITE].wait_until_ready()

    def pid(self, part: str) -> int | None:
        """The process id of a part (`azurite`, `emulators`, `devhost`), None when it does not run."""
        return self._running[part].pid if part in self._running else None

    def log_path(self, part: str) -> Path:
        """Where a part's output goes."""
        return self._folder.log(part)

    def logs(self, part: str) -> str:
        """What a part has written in this run, restarts included."""
        log = self.log_path(part)
        return log.read_text(errors="replace") if log.exists() else ""

    def _start_on_free_ports(self) -> None:
        for attempts_left in reversed(range(_PORT_ATTEMPTS)):
            try:
                return self._start_parts()
            except PartDied:
                # Between picking a port and listening on it, another program may have taken it.
                self._stop_parts()
                if attempts_left == 0 or all(is_free(port) for _, port, _ in self.ports.uses()):
                    raise
                self.ports = Ports.free()

    def _start_parts(self) -> None:
        if not self._picks_ports:
            self.ports.check_free()
        for name in (parts.AZURITE, parts.EMULATORS, parts.DEVHOST):
            self._folder.keep_previous_log(name)
        # Azurite makes its files readable for everybody, and they have every document.
        private_folder(self.state_dir / parts.AZURITE)
        self._start(parts.azurite(ROOT, self.state_dir, self.ports))
        self._start(parts.emulators(self.state_dir, self.ports))
        self.start_devhost()

    def _start(self, part: Part) -> None:
        self._listener(part.name, "starting")
        environment = endpoints.part_environment(os.environ, self.ports, self._settings)
        process = PartProcess(part, self.log_path(part.name), environment, ROOT)
        # Registered before it starts, so that it is stopped whatever interrupts the next lines.
        self._running[part.name] = process
        process.start()
        process.wait_until_ready()
        self._listener(part.name, "ready")

    def _stop_parts(self) -> None:
        while self._running:
            name, process = self._running.popitem()
            self._listener(name, "stopping")
            process.stop()
