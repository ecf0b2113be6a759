"""Nothing that a run of tests starts outlives it, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scripts.process_family import run_family
from scripts.run_tests import ROOT
from tests.waiting import eventually

SERVER = "import signal; [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]; print(flush=True); signal.pause()"
LEAVES_A_SERVER = f"""
import os, pathlib, subprocess, sys
server = subprocess.Popen([sys.executable, "-c", {SERVER!r}], stdout=subprocess.PIPE, start_new_session=True)
server.stdout.readline()
pathlib.Path("server.pid").write_text(str(server.pid))
"""
RUN = "import os, sys; from scripts.process_family import run_family; from pathlib import Path; sys.exit({call})"


def server_of(folder: Path) -> psutil.Process:
    """The server that a run has started."""
    path = folder / "server.pid"
    return psutil.Process(
        eventually(lambda: (int(path.read_text() or 0) or None) if path.exists() else None, "it runs")
    )


def has_ended(process: psutil.Process) -> bool:
    """Whether it does not run any more, be it that nobody has asked for its exit code yet."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_what_a_run_leaves_behind_is_named_and_ended(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    dies = f"{LEAVES_A_SERVER}\nos.kill(os.getpid(), {int(signal.SIGKILL)})"

    assert run_family([sys.executable, "-c", dies], tmp_path, os.environ) == -signal.SIGKILL

    pid = int((tmp_path / "server.pid").read_text())
    assert f"ended a process that was left behind: {pid} " in capfd.readouterr().out
    eventually(lambda: not psutil.pid_exists(pid) or has_ended(psutil.Process(pid)), "the server has ended")


def test_a_process_of_another_run_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as other:
        assert run_family([sys.executable, "-c", ""], tmp_path, os.environ) == 0
        assert other.poll() is None
        other.kill()


def test_after_ctrl_c_the_command_ends_in_its_own_time_and_nothing_is_left(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        f"{LEAVES_A_SERVER}\ntry: server.wait()\nexcept KeyboardInterrupt: sys.exit(2)",
    ]
    call = f"run_family({command!r}, Path({str(tmp_path)!r}), os.environ)"
    run = subprocess.Popen([sys.executable, "-c", RUN.format(call=call)], cwd=ROOT, start_new_session=True)
    server = server_of(tmp_path)

    os.killpg(run.pid, signal.SIGINT)

    assert run.wait(60) == 2
    eventually(lambda: has_ended(server), "the server has ended")
