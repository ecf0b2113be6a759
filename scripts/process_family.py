"""Runs a command to its end, and then ends whatever it has left behind.

A worker of pytest that dies, or a Ctrl-C at a bad moment, leaves servers behind. They are known by a setting in
their environment, which processes inherit.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psutil

_MARK = "RUN_OF_TESTS"
_SECONDS_TO_END = 2


def run_family(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """Run the command in a folder; returns its exit code.

    Ctrl-C is left to the command, which the terminal tells as well: it has things to stop.
    """
    run = uuid4().hex
    with _interrupts_left_to_others():
        code = subprocess.run(command, cwd=folder, env={**environment, _MARK: run}, check=False).returncode
        # Some end by themselves, as soon as they notice that they are alone.
        _, left = psutil.wait_procs(_processes_of(run), timeout=_SECONDS_TO_END)
        for process in filter(_runs, left):
            print(f"tests: ended a process that was left behind: {_shown(process)}", flush=True)
            process.kill()
    return code


@contextmanager
def _interrupts_left_to_others() -> Iterator[None]:
    # SIG_IGN would be inherited by the command.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _processes_of(run: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _environment(process).get(_MARK) == run]


def _environment(process: psutil.Process) -> Mapping[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}  # of another user, or it has just ended


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _shown(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.Error:
        return str(process.pid)
