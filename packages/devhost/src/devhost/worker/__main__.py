"""``python -m devhost.worker``: one worker process. Started by the host, never by hand."""

import argparse
import atexit
import ctypes
import faulthandler
import io
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from devhost.functions.logging_setup import set_up_logging
from devhost.worker.frames import FrameStream
from devhost.worker.serving import WorkerServer

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve the host on the inherited socket until it sends a stop or is gone; never returns."""
    parsed = _parser().parse_args()
    _die_with(parsed.parent)
    # Ctrl-C reaches every process of the terminal, and the host decides what happens. Not SIG_IGN, which programs
    # that the app starts would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: None)
    # A crash leaves nothing but its stack.
    faulthandler.enable()
    set_up_logging(parsed.verbose, parsed.label)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Otherwise output of the app would be lost with the process.
        sys.stdout.reconfigure(line_buffering=True)
    connection = socket.socket(fileno=parsed.socket)
    # Programs that the app starts must not hold the connection open.
    connection.set_inheritable(False)
    if WorkerServer(FrameStream(connection, parsed.spool), parsed.script, parsed.strict).serve():
        _exit_orderly()
    os._exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devhost.worker", description="A worker of the local host.")
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--spool", type=Path, required=True)
    parser.add_argument("--label", default="")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    return parser


def _die_with(parent: int) -> None:
    """Have the kernel end this process with the host, even while user code holds the interpreter's lock."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The host may have ended before that call.
    if os.getppid() != parent:
        os._exit(0)


def _exit_orderly() -> None:
    """Let the app's exit functions run, and end even if its threads still do."""
    atexit._run_exitfuncs()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()


if __name__ == "__main__":
    main()
