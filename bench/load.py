"""Send documents to a running pipeline and time them to their end, over HTTP only: `python -m bench.load`.

    python -m bench.load --base-url http://127.0.0.1:7071/api --documents 50 --concurrency 8

Documents are PDFs and images from a folder, or PDFs that `python -m samples.large_document` makes in a process of
its own. Each is uploaded. Then its record is read until the document is at rest: it ended, or waits for a person.
Requests that fail meanwhile are repeated.
Exits 1 when a document was refused, failed or was not at rest in time, and 2 when there is nothing to send.
"""

import argparse
import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

MAX_DOCUMENTS = 10_000
MAX_CONCURRENCY = 256
# Nobody decides here, so a document that waits for a person stays where it is.
AT_REST = frozenset({"completed", "rejected", "timeout", "failed", "awaitingReview"})
GOOD_ENDS = frozenset({"completed", "rejected", "awaitingReview"})
REQUEST_TIMEOUT_SECONDS = 60
CONTENT_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 30.0
TRANSPORT_ERRORS = (aiohttp.ClientError, TimeoutError, json.JSONDecodeError)
REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass
class Journey:
    """What happened to one document. Times are seconds since the load began; None until then.

    Attributes:
        status: the record's last status, `refused (HTTP nnn)`, or `unreachable (error)`.
        known: the service already had this document, so its times are not counted.
    """

    file: Path
    sent_at: float | None = None
    accepted_at: float | None = None
    ended_at: float | None = None
    status: str = "not sent"
    known: bool = False

    @property
    def seconds(self) -> float | None:
        """From the start of the upload until the record was seen at rest."""
        if self.known or self.sent_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.sent_at


class Load:
    """One load on one service: at most `concurrency` requests at a time, until every document is at rest."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, *, concurrency: int, poll_seconds: float, user_id: str
    ) -> None:
        """Times count from now on."""
        self._session = session
        self._documents_url = f"{base_url.rstrip('/')}/documents"
        self._slots = asyncio.Semaphore(concurrency)
        self._poll_seconds = poll_seconds
        self._user_id = user_id
        self._begun = time.monotonic()

    async def run(self, journeys: Sequence[Journey], *, timeout_seconds: float) -> None:
        """Send every document and follow it until it is at rest or the time is up. Fills in the journeys."""
        travelling = [asyncio.create_task(self._travel(journey)) for journey in journeys]
        arrived, late = await asyncio.wait(travelling, timeout=timeout_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in arrived:
            task.result()

    async def _travel(self, journey: Journey) -> None:
        try:
            document_id = await self._upload(journey)
        except TRANSPORT_ERRORS as error:
            journey.status = f"unreachable ({type(error).__name__})"
            return
        while document_id is not None and journey.ended_at is None:
            await self._look_at_record(journey, document_id)

    async def _upload(self, journey: Journey) -> str | None:
        query = {"userId": self._user_id, "fileName": journey.file.name}
        headers = {"Content-Type": CONTENT_TYPES[journey.file.suffix.lower()]}
        while True:
            async with self._slots:
                journey.sent_at = journey.sent_at or self._now()
                body = await asyncio.to_thread(journey.file.read_bytes)
                async with self._session.post(
                    self._documents_url, params=query, data=body, headers=headers
                ) as response:
                    if response.status in (200, 202):
                        journey.known = response.status == 200
                        journey.accepted_at = self._now()
                        journey.status = "queued"
                        return str((await response.json())["documentId"])
                    wait_seconds = _retry_after(response)
                    journey.status = f"refused (HTTP {response.status})"
            if wait_seconds is None:
                return None
            await asyncio.sleep(wait_seconds)

    async def _look_at_record(self, journey: Journey, document_id: str) -> None:
        try:
            async with self._slots, self._session.get(f"{self._documents_url}/{document_id}") as response:
                response.raise_for_status()
                journey.status = (await response.json())["status"]
        except TRANSPORT_ERRORS as error:
            # The service may be restarting. The time limit of the load ends this loop.
            journey.status = f"unreachable ({type(error).__name__})"
        if journey.status in AT_REST:
            journey.ended_at = self._now()
            return
        await asyncio.sleep(self._poll_seconds)

    def _now(self) -> float:
        return time.monotonic() - self._begun


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    # Seconds to wait after a 429 or 503. The time limit of the load bounds all waits.
    if response.status not in (429, 503):
        return None
    try:
        seconds = float(response.headers.get("Retry-After", "1"))
    except ValueError:
        seconds = 1.0
    return min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the percentile by nearest rank: this share (0.0-1.0) of the values is at most as large."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def fresh_seed(now: float) -> int:
    """Return a seed that no load of another second has had for months.

    It is printed in the documents, so it has ten digits at most: the compliance check may take a longer number for
    that of a card or an id.
    """
    return int(now) % 10**6 * MAX_DOCUMENTS


def make_documents(folder: Path, *, count: int, pages: int, seed: int) -> None:
    """Write distinct PDFs into a folder. The generator is a process: `bench` imports nothing of the samples."""
    options = {"--pages": pages, "--seed": seed, "--count": count, "--output": folder}
    command = [sys.executable, "-m", "samples.large_document"]
    command += [str(part) for option in options.items() for part in option]
    subprocess.run(command, cwd=REPOSITORY, check=True)


def documents_in(folder: Path) -> list[Path]:
    """Return the PDFs and images of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in CONTENT_TYPES)


def summary(journeys: Sequence[Journey]) -> list[str]:
    """Return the lines of the report."""
    accepted = [journey.accepted_at for journey in journeys if journey.accepted_at is not None]
    times = [journey.seconds for journey in journeys if journey.seconds is not None]
    lines = [f"documents    {len(journeys)}, accepted {len(accepted)}"]
    if known := sum(journey.known for journey in journeys):
        lines.append(f"known        {known} had been sent before and are not timed: give another --seed")
    if accepted:
        lines.append(f"accepted/s   {len(accepted) / max(accepted):.1f}")
    if times:
        p50, p95 = percentile(times, 0.5), percentile(times, 0.95)
        lines.append(f"end to end   p50 {p50:.2f} s, p95 {p95:.2f} s, longest {max(times):.2f} s")
    ended = [journey.ended_at for journey in journeys if journey.ended_at is not None]
    if ended:
        lines.append(f"finished/s   {len(ended) / max(ended):.1f}")
    states = Counter(journey.status for journey in journeys)
    return [*lines, "states       " + ", ".join(f"{state} {count}" for state, count in states.most_common())]


async def load(files: Sequence[Path], options: argparse.Namespace) -> list[Journey]:
    """Send the files and return the journey of each. A key in FUNCTIONS_KEY is sent as x-functions-key."""
    journeys = [Journey(file) for file in files]
    key = os.environ.get("FUNCTIONS_KEY")
    headers = {"x-functions-key": key} if key else {}
    patience = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS)
    connections = aiohttp.TCPConnector(limit=options.concurrency)
    async with aiohttp.ClientSession(connector=connections, headers=headers, timeout=patience) as session:
        one_load = Load(
            session,
            options.base_url,
            concurrency=options.concurrency,
            poll_seconds=options.poll_seconds,
            user_id=options.user_id,
        )
        await one_load.run(journeys, timeout_seconds=options.timeout_seconds)
    return journeys


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line. Exits with a message when a number is out of range."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__.split("\n")[0])
    parser.add_argument("--base-url", default="http://127.0.0.1:7071/api", help="of the API (default %(default)s)")
    parser.add_argument("--documents", type=int, default=50, help="how many (default %(default)s)")
    parser.add_argument("--concurrency", type=int, default=8, help="requests at a time (default %(default)s)")
    parser.add_argument("--folder", type=Path, help="send its PDFs and images instead of making some")
    parser.add_argument("--pages", type=int, default=3, help="pages of each made document (default %(default)s)")
    parser.add_argument("--seed", type=int, help="of the first made document (default: new ones every time)")
    parser.add_argument("--user-id", default="load.generator", help="who sends them (default %(default)s)")
    parser.add_argument("--poll-seconds", type=float, default=0.5, help="between two looks (default %(default)s)")
    parser.add_argument("--timeout-seconds", type=float, default=300, help="for the whole (default %(default)s)")
    options = parser.parse_args(arguments)
    if not 1 <= options.documents <= MAX_DOCUMENTS:
        parser.error(f"--documents must be 1 to {MAX_DOCUMENTS}")
    if not 1 <= options.concurrency <= MAX_CONCURRENCY:
        parser.error(f"--concurrency must be 1 to {MAX_CONCURRENCY}")
    if options.poll_seconds < SHORTEST_WAIT_SECONDS or options.timeout_seconds <= 0:
        parser.error(f"--poll-seconds must be {SHORTEST_WAIT_SECONDS} or more, --timeout-seconds above 0")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Send, follow, print the report, and return the exit code."""
    options = parse_arguments(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-load-") as temporary:
        folder = options.folder or Path(temporary)
        if options.folder is None:
            seed = fresh_seed(time.time()) if options.seed is None else options.seed
            make_documents(folder, count=options.documents, pages=options.pages, seed=seed)
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in CONTENT_TYPES)[
            : options.documents
        ]
        if not files:
            print(f"There is no PDF or image in {folder}: give another --folder, or none.", file=sys.stderr)
            return 2
        journeys = asyncio.run(load(files, options))
    print("\n".join(summary(journeys)))
    return 0 if all(journey.ended_at and journey.status in GOOD_ENDS for journey in journeys) else 1


if __name__ == "__main__":
    sys.exit(main())
