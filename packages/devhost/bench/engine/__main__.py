"""``python -m bench.engine``: the speed of the durable engine, beside its ceilings and other engines.

Every measurement has its own process and database. Other programs on the machine distort the seconds more than the
ratios within one run.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.engine.engine_section import EngineLoad, EngineSection
from bench.engine.extension_section import print_extension
from bench.engine.fresh_runs import FreshRuns
from bench.engine.peers.environment import PeerError
from bench.engine.peers_section import print_how_to_get_peers, print_peers
from bench.engine.table import print_row
from bench.engine.workers_section import print_workers
from devhost.functions import sdk_speedups

_SECTIONS = ("engine", "workers", "extension", "peers")
_FULL = {"finished": 100_000, "memory": 10_000}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 0, or 1 if a peer cannot be measured."""
    options = _parser().parse_args(arguments)
    if options.no_sdk_speedups:
        os.environ[sdk_speedups.SETTING] = "0"
    if options.full:
        vars(options).update(_FULL)
    with tempfile.TemporaryDirectory(prefix="bench-engine-", dir=options.folder) as folder:
        try:
            _run(FreshRuns(Path(folder)), options)
        except PeerError as error:
            print(f"bench-engine: {error}", file=sys.stderr)
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description="Measure the durable engine.")
    parser.add_argument("--workflows", type=int, default=1000, help="submitted together (default: 1000)")
    parser.add_argument("--singles", type=int, default=50, help="workflows on an idle host (default: 50)")
    parser.add_argument("--fan-out", type=int, nargs="*", default=[100, 1000], help="widths (default: 100 1000)")
    parser.add_argument("--finished", type=int, default=10_000, help="in the store already (default: 10000)")
    parser.add_argument("--memory", type=int, default=2000, help="workflows before memory is read (default: 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="of what is measured in turns (default: 3)")
    parser.add_argument("--full", action="store_true", help="100000 finished instances, memory after 10000")
    parser.add_argument("--peers", action="store_true", help="other engines, too; sets them up if need be")
    parser.add_argument("--only", choices=_SECTIONS, help="one part of the table")
    parser.add_argument("--no-sdk-speedups", action="store_true", help="with the SDK as it is shipped")
    parser.add_argument("--folder", type=Path, help="where the databases go (default: the temporary folder)")
    return parser


def _run(runs: FreshRuns, options: argparse.Namespace) -> None:
    sections = (options.only,) if options.only else _SECTIONS
    print_row("measurement", "value", "against")
    if "engine" in sections:
        EngineSection(runs, _load(options)).run()
    if "workers" in sections:
        print_workers(runs, options.workflows, options.rounds)
    if "extension" in sections:
        print_extension(runs, options.workflows, options.rounds)
    if options.peers or options.only == "peers":
        print_peers(runs, options.workflows, options.rounds)
    elif "peers" in sections:
        print_how_to_get_peers()


def _load(options: argparse.Namespace) -> EngineLoad:
    return EngineLoad(
        workflows=options.workflows,
        singles=options.singles,
        widths=options.fan_out,
        finished=options.finished,
        memory=options.memory,
        rounds=options.rounds,
    )


if __name__ == "__main__":
    raise SystemExit(main())
