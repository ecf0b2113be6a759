"""`python -m local run|demo`: what `make run` and `make demo` call.

Ports and folder come from the environment: PORT (7071), EMULATOR_PORT (7080), AZURITE_PORT (10000, with the two
ports after it), STATE_DIR (.local), ENGINE (devhost; extension is Microsoft's Durable Task extension).
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
from local.stack import EngineName

DEFAULT_STATE_DIR = ".local"


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments name. Returns the exit code."""
    options = _parser().parse_args(arguments)
    state_dir = Path(os.environ.get("STATE_DIR") or DEFAULT_STATE_DIR)
    try:
        ports, engine = Ports.from_environment(os.environ), _engine(os.environ.get("ENGINE") or "devhost")
        if options.command == "run":
            return run(ports, state_dir, engine)
        return demo(ports, state_dir, deadline_seconds=options.deadline_seconds, engine=engine)
    except LocalPartsError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1


def _engine(name: str) -> EngineName:
    match name:
        case "devhost" | "extension":
            return name
    raise LocalPartsError(
        f"ENGINE is {name!r}. Give devhost, or extension for Microsoft's Durable Task extension."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Runs the pipeline on this machine: Azurite, the emulators and the Functions host.",
        epilog="Environment: PORT, EMULATOR_PORT, AZURITE_PORT, STATE_DIR, ENGINE.",
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
