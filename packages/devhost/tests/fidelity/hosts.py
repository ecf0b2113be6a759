"""Hosts that serve the app of these tests: devhost, whose time moves when told to, and Microsoft's extension."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from devhost.extension.program import STORAGE_SETTING
from tests.azurite import running_azurite
from tests.end_to_end.devhost_process import LAUNCHER, DevhostProcess
from tests.fidelity.called_server import PORT_SETTING, called_server
from tests.fidelity.driver import Driver

APP = Path(__file__).parent / "app"
_PACED_LAUNCHER = (sys.executable, "-m", "tests.fidelity.paced_host")
_WARM_UP_SECONDS = 60
_VERSIONS = {"defaultVersion": "1.0", "versionMatchStrategy": "CurrentOrOlder", "versionFailureStrategy": "Reject"}


@contextmanager
def devhost_driver(folder: Path, app: Path = APP) -> Iterator[Driver]:
    """Serve the app on devhost."""
    with _serving(folder, app, _PACED_LAUNCHER, "--clock", "virtual", "--workers", "0") as host:

        def pause(seconds: float) -> None:
            moved = host.ask("POST", "/devhost/clock", {"advanceSeconds": seconds})
            assert moved.status == 200, host.output[-3000:]

        yield Driver(host.origin, pause)


@contextmanager
def extension_driver(folder: Path, app: Path = APP) -> Iterator[Driver]:
    """Serve the app on Microsoft's extension, which DURABLE_EXTENSION_HOST names, with an Azurite of its own."""
    with (
        running_azurite() as azurite,
        patch.dict(os.environ, {STORAGE_SETTING: azurite.connection_string}),
        _serving(folder, app, LAUNCHER, "--engine", "extension") as host,
    ):
        driver = Driver(host.origin)
        # The first instance of a program's life takes longer than the pauses of the cases.
        driver.start("sub_ok", None, "warm-up")
        driver.wait("warm-up", _WARM_UP_SECONDS)
        yield driver


@contextmanager
def _serving(folder: Path, app: Path, launcher: tuple[str, ...], *options: str) -> Iterator[DevhostProcess]:
    with called_server() as called, patch.dict(os.environ, {PORT_SETTING: called}):
        host = DevhostProcess(folder, *options, app=app, launcher=launcher)
        try:
            yield host
        finally:
            host.stop()


def versioned_app(folder: Path) -> Path:
    """Copy the app, and give its instances a version, as the host.json of a released app does."""
    copy = folder / "versioned_app"
    shutil.copytree(APP, copy)
    return _with_section(copy, _VERSIONS)


def _with_section(app: Path, section: Mapping[str, Any]) -> Path:
    document = json.loads((app / "host.json").read_text())
    document["extensions"]["durableTask"] |= section
    (app / "host.json").write_text(json.dumps(document))
    return app
