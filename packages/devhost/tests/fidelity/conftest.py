"""A host that serves the app, once for all cases."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.devhost_process import DevhostProcess
from tests.fidelity.called_server import PORT_SETTING, called_server
from tests.fidelity.driver import Driver

APP = Path(__file__).parent / "app"
_LAUNCHER = (sys.executable, "-m", "tests.fidelity.paced_host")


@pytest.fixture(scope="session")
def devhost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """Devhost, whose time moves when told to."""
    with called_server() as called, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, PORT_SETTING, called)
        folder = tmp_path_factory.mktemp("fidelity")
        host = DevhostProcess(folder, "--clock", "virtual", "--workers", "0", app=APP, launcher=_LAUNCHER)

        def pause(seconds: float) -> None:
            assert host.ask("POST", "/devhost/clock", {"advanceSeconds": seconds}).status == 200, host.output[
                -3000:
            ]

        try:
            yield Driver(host.origin, pause)
        finally:
            host.stop()
