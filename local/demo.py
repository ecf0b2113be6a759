"""`make demo`: starts every part, sends the samples, decides reviews, compares results, and stops every part."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from local.announcer import Announcer
from local.demo_api import PipelineApi, patiently
from local.demo_journey import Journey, travel
from local.demo_progress import shown
from local.demo_report import DemoOutcome, print_outcome, save_texts, write_report
from local.demo_samples import load_samples
from local.errors import DemoError
from local.ports import Ports
from local.stack import ROOT, EngineName, LocalStack
from local.stop_signals import StopRequested, stop_on_signals

_REFRESH_SECONDS = 0.25
_SETTLE_SECONDS = 10.0
_REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=30.0)
_PLAIN_WIDTH = 160


def demo(
    ports: Ports,
    state_dir: Path,
    deadline_seconds: float,
    samples: Path = ROOT / "samples",
    engine: EngineName = "devhost",
) -> int:
    """Run the demo. Returns the exit code: 0 all samples ended as expected, 1 otherwise, 130 it was stopped.

    `deadline_seconds` includes the start of the parts.

    Raises:
        LocalPartsError: the demo could not be run; every part is stopped by then.
    """
    deadline = time.monotonic() + deadline_seconds
    # Without a terminal the width is unknown, and a log must not be cut at 80 columns.
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    journeys = [Journey(sample) for sample in load_samples(samples)]
    try:
        with stop_on_signals(), LocalStack(state_dir, ports, engine=engine, listener=Announcer()) as stack:
            outcome = asyncio.run(_send_and_show(stack, journeys, deadline, console))
    except StopRequested:
        print("Stopped before the end; the next make demo takes up what is in flight.", flush=True)
        return 130
    save_texts(journeys, outcome.state_dir)
    write_report(outcome)
    print_outcome(outcome, console)
    return 1 if outcome.surprises else 0


async def _send_and_show(
    stack: LocalStack, journeys: Sequence[Journey], deadline: float, console: Console
) -> DemoOutcome:
    """Send all samples at once through the running pipeline, and collect the outcome."""
    started_at = datetime.now(UTC)
    async with aiohttp.ClientSession(timeout=_REQUEST_TIMEOUT) as session:
        api = PipelineApi(session, stack.base_url, stack.emulator_url)
        with shown(journeys, console) as show:
            await _travel_all(stack, journeys, api, deadline, show)
        counters = await _settled_counters(api)
        received = await patiently(api.notifications()) or []
    return DemoOutcome(
        journeys=journeys,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        counters=counters,
        notifications=[each for each in received if _moment(each) >= started_at],
        state_dir=stack.state_dir,
    )


async def _travel_all(
    stack: LocalStack, journeys: Sequence[Journey], api: PipelineApi, deadline: float, show: Callable[[], None]
) -> None:
    """Wait until every journey is over. At the deadline, give up those that are not.

    Raises:
        PartDied: a part ended by itself.
    """
    tasks = [asyncio.create_task(travel(journey, api)) for journey in journeys]
    try:
        while not all(task.done() for task in tasks) and time.monotonic() < deadline:
            stack.check_running()
            show()
            await asyncio.sleep(_REFRESH_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        failures = await asyncio.gather(*tasks, return_exceptions=True)
    for journey, failure in zip(journeys, failures, strict=True):
        if isinstance(failure, asyncio.CancelledError):
            journey.give_up(f"was still {journey.stage} when the demo's time was up ({journey.seconds:.0f} s)")
        elif failure is not None:
            journey.give_up(f"was answered in a way that the demo does not understand: {failure!r}")
    show()


async def _settled_counters(api: PipelineApi) -> dict[str, int]:
    """The counters once nothing is pending, or as they are after a while.

    A record is final a moment before its run is counted and its notification is sent.
    """
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        counters = await patiently(api.counters())
        if counters is not None and (counters.get("pending") == 0 or time.monotonic() >= deadline):
            return counters
        if time.monotonic() >= deadline:
            return {}
        await asyncio.sleep(_REFRESH_SECONDS)


def _moment(notification: dict[str, Any]) -> datetime:
    """When the inbox received a notification."""
    try:
        return datetime.fromisoformat(notification["receivedAt"])
    except (KeyError, ValueError) as error:
        raise DemoError(f"The inbox lists a notification without a usable receivedAt: {error!r}.") from error
