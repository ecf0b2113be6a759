"""The rows about other engines, measured in turns with ours."""

from collections.abc import Sequence
from pathlib import Path

from bench.engine import measurements
from bench.engine.fresh_runs import FreshRuns
from bench.engine.peers.environment import ensure_environment, run_program
from bench.engine.table import print_row
from bench.engine.timing import Timing, medians

_PEERS = Path(__file__).parent / "peers"
_ENVIRONMENT = Path(__file__).parents[2] / ".setup" / "peers"
_VARIANTS = {
    "shipped": "DBOS Transact on SQLite, as shipped",
    "tuned": "DBOS Transact on SQLite, tuned",
    "relaxed": "the same, last commits not safe in a power cut",
}


def print_how_to_get_peers() -> None:
    """Print how to include the peers, in place of their rows."""
    print_row("DBOS Transact on SQLite", "-", "not measured; --peers sets it up apart and measures it")


def print_peers(runs: FreshRuns, workflows: int, rounds: int) -> None:
    """Measure our engine and the variants of DBOS in turns; print the medians. Raises PeerError."""
    python = ensure_environment(_ENVIRONMENT, _PEERS / "requirements.txt")
    ours: list[Timing] = []
    peers: dict[str, list[Timing]] = {variant: [] for variant in _VARIANTS}
    for _ in range(rounds):
        ours.append(runs.measure(measurements.throughput, workflows))
        for variant, done in peers.items():
            done.append(_measure_dbos(python, runs.new_folder(), workflows, variant))
    rate, cpu_ms = medians(ours)
    print_row("beside DBOS: our engine", f"{rate:.0f}/s", f"CPU each {cpu_ms:.2f} ms")
    for variant, done in peers.items():
        print_row(_VARIANTS[variant], *beside_ours(done, ours))


def _measure_dbos(python: Path, folder: Path, workflows: int, variant: str) -> Timing:
    found = run_program(python, _PEERS / "dbos_workflows.py", str(folder), str(workflows), variant)
    return Timing(workflows, found["wallSeconds"], found["cpuSeconds"])


def beside_ours(runs: Sequence[Timing], ours: Sequence[Timing]) -> tuple[str, str]:
    """A peer's median, and its ratio to ours."""
    rate, cpu_ms = medians(runs)
    our_rate, our_cpu_ms = medians(ours)
    return f"{rate:.0f}/s", (
        f"CPU each {cpu_ms:.2f} ms, {cpu_ms / our_cpu_ms:.1f} x ours; ours does {our_rate / rate:.1f} x as many"
    )
