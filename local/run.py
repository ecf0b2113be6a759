"""`make run`: starts every part and lets it run until somebody stops it."""

from __future__ import annotations

import time
from pathlib import Path

from local.announcer import Announcer
from local.ports import Ports
from local.stack import EngineName, LocalStack
from local.stop_signals import StopRequested, stop_on_signals

_WATCH_SECONDS = 0.5


def run(ports: Ports, state_dir: Path, engine: EngineName = "devhost") -> int:
    """Start every part, print the URLs, and wait. Returns the exit code: 0 when it was asked to stop.

    Raises:
        LocalPartsError: a part could not be started, or ended by itself; the others are stopped by then.
    """
    try:
        with stop_on_signals(), LocalStack(state_dir, ports, engine=engine, listener=Announcer()) as stack:
            print(welcome(stack), flush=True)
            _watch(stack)
    except StopRequested:
        print("Stopped. make run goes on with the documents in flight.", flush=True)
    return 0


def welcome(stack: LocalStack) -> str:
    """The lines printed once everything runs: the URLs, and a request to try."""
    places = {
        "Health": f"{stack.base_url}/health",
        "Documents": f"{stack.base_url}/documents",
        "Counters": f"{stack.base_url}/counters",
        "Timelines": f"{stack.host_url}/devhost",
        "Inbox": f"{stack.emulator_url}/notifications/inbox",
        "Usage": f"{stack.emulator_url}/usage",
        "Telemetry": f"{stack.emulator_url}/telemetry",
        "Logs": str(stack.log_path("devhost").parent),
    }
    lines = ["", "Everything runs. Ctrl-C stops it.", ""]
    lines += [f"  {name:<10} {place}" for name, place in places.items()]
    lines += [
        "",
        "Send a document, then look at its record:",
        "",
        "  curl -X POST -H 'Content-Type: application/pdf' --data-binary @samples/documents/invoice.pdf \\",
        f"    '{stack.base_url}/documents?userId=me&fileName=invoice.pdf'",
        f"  curl {stack.base_url}/documents",
        "",
    ]
    return "\n".join(lines)


def _watch(stack: LocalStack) -> None:
    """Wait for a signal, or for a part that dies."""
    while True:
        stack.check_running()
        time.sleep(_WATCH_SECONDS)
