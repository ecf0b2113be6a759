"""`python -m local run|demo`: what `make run` and `make demo` call.

Ports and folder come from the environment: PORT (7071), EMULATOR_PORT (7080), AZURITE_PORT (10000, with the two
ports after it), STATE_DIR (.local).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local.demo import demo
from local.errors import LocalPartsError
from local.ports import Ports
from local.run import run

DEFAULT_STATE_DIR = ".local"


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments name. Returns the exit code."""
    options = _parser().parse_args(arguments)
    state_dir = Path(os.environ.get("STATE_DIR") or DEFAULT_STATE_DIR)
    try:
        ports = Ports.from_environment(os.environ)
        if options.command == "run":
            return run(ports, state_dir)
        return demo(ports, state_dir, deadline_seconds=options.deadline_seconds)
    except LocalPartsError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Runs the pipeline on this machine: Azurite, the emulators and the Functions host.",
        epilog="Environment: PORT, EMULATOR_PORT, AZURITE_PORT, STATE_DIR.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start every part and leave them running until Ctrl-C")
    demo_parser = commands.add_parser("demo", help="send the sample documents and show their results")
    demo_parser.add_argument(
        "--deadline-seconds",
        type=float,
        default=300.0,
        help="for the whole demo, the start of the parts included (default: 300)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
