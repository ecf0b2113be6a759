"""The command line as a process, against a running host that asks for keys."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.devhost_process import PACKAGE, DevhostProcess


@pytest.fixture
def host(tmp_path: Path) -> Iterator[DevhostProcess]:
    host = DevhostProcess(tmp_path, "--enable-auth")
    yield host
    host.stop()


def devhost(host: DevhostProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person would, with port, key and state folder in the environment."""
    keys = json.loads((host.folder / "state" / "devhost" / "keys.json").read_text())
    environ = {
        **os.environ,
        "PORT": host.origin.rpartition(":")[2],
        "DEVHOST_KEY": keys["master"],
        "STATE_DIR": str(host.folder / "state"),
        "PYTHONIOENCODING": "utf-8",
    }
    command = [sys.executable, "-m", "devhost", *arguments]
    return subprocess.run(
        command, cwd=PACKAGE, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_instance_is_found_drawn_steered_and_wiped(host: DevhostProcess) -> None:
    keys = json.loads((host.folder / "state" / "devhost" / "keys.json").read_text())
    started = host.ask("POST", f"/api/start/wait_for_approval?id=waiting&code={keys['master']}")
    assert started.status == 202, started

    assert "waiting" in devhost(host, "list", "--name", "wait").stdout
    assert devhost(host, "raise", "waiting", "approval", '"yes"').stdout == "approval was raised to waiting.\n"
    shown = json.loads(devhost(host, "history", "waiting", "--json").stdout)
    assert shown["instanceId"] == "waiting"
    refused = devhost(host, "wipe", "--yes")
    assert (refused.returncode, "Stop it first" in refused.stderr) == (1, True)

    host.stop()
    gone = devhost(host, "show", "waiting")
    assert (gone.returncode, "devhost start" in gone.stderr) == (1, True)
    assert devhost(host, "wipe", "--yes").returncode == 0
    assert [path.name for path in (host.folder / "state" / "devhost").iterdir()] == ["keys.json"]
