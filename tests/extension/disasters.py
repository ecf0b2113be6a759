"""What befalls a stack while documents are in flight: a worker or a storage account that fails."""

import os
import signal
import threading

import psutil

from local import LocalStack
from local.parts import AZURITE, DEVHOST

OUTAGE_SECONDS = 15.0


def kill_the_worker(stack: LocalStack) -> None:
    """End the process that runs the app's functions with SIGKILL; the host stays, and starts another."""
    (worker,) = [
        child for child in psutil.Process(stack.pid(DEVHOST)).children() if "devhost.worker" in child.cmdline()
    ]
    worker.kill()


def let_the_storage_account_hang(stack: LocalStack) -> None:
    """For a while it answers nothing, though it accepts connections."""
    pid = stack.pid(AZURITE)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        _outage()
    finally:
        os.kill(pid, signal.SIGCONT)


def take_the_storage_account_away(stack: LocalStack) -> None:
    """For a while it refuses connections; then it is back with all its data."""
    stack.stop_azurite()
    try:
        _outage()
    finally:
        stack.start_azurite()


def _outage() -> None:
    # Not a wait for something that happens: this long is what the test is about.
    threading.Event().wait(OUTAGE_SECONDS)
