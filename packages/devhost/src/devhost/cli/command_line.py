"""The command ``devhost``: reads its arguments, runs one of its commands, ends the process."""

import argparse
import atexit
import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from devhost.cli.instance_commands import add_commands, run_command
from devhost.cli.start import add_start, start


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 after a stop by signal, 1 if the command fails."""
    parsed, unknown = _parser().parse_known_args(arguments)
    if unknown:
        # Reported by the command itself, so that its own usage is shown.
        parsed.command.error(f"unrecognized arguments: {' '.join(unknown)}")
    return run_command(parsed) if "run" in parsed else start(parsed)


def run_and_exit() -> NoReturn:
    """Run the command line and end the process, even after an unexpected error."""
    try:
        code = main()
    except Exception:
        logging.getLogger("devhost.host").exception("The host failed")
        code = 1
    _exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="devhost", description="Local host for Azure Functions in Python.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_start(commands)
    add_commands(commands)
    return parser


def _exit(code: int) -> NoReturn:
    """End the process even if user code still runs in threads, for which Python would wait forever."""
    atexit._run_exitfuncs()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
