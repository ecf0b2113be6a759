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
        # By the command itself, whose usage shows what it takes.
        parsed.command.error(f"unrecognized arguments: {' '.join(unknown)}")
    return run_command(parsed) if "run" in parsed else start(parsed)


def run_and_exit() -> NoReturn:
    """Run the command line and end the process, also when it fails in a way that nobody thought of."""
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
    """End the process even if user code still runs in threads, which Python would wait for without end."""
    atexit._run_exitfuncs()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
