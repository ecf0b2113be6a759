"""Take every measurement on a stack of its own, and print one table: what `make bench` calls.

The tools in `bench/` measure any app and any base URL from outside. This script starts the local parts on free
ports in a temporary folder, points the tools at them, and stops everything. It takes one to two minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bench import import_time, load, upload_memory
from devhost.testing import NO_EXTENSION, has_extension
from local import LocalStack
from local.errors import LocalPartsError
from local.stop_signals import StopRequested, stop_on_signals
from scripts import host_log

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = 50
LOADS = 3
SINGLE_DOCUMENTS = 10
UPLOADS = 3
LARGE_UPLOAD_BYTES = 100 * upload_memory.MEBIBYTE
SCANS = ("delivery-note.png", "membership-form.pdf", "meeting-minutes.tiff", "receipt.jpg")
HISTORY_LIMIT_BYTES = 16 * 1024


class Unmeasurable(Exception):
    """A measurement has no usable result. The message says why."""


@dataclass(frozen=True)
class Row:
    """A line of the table. ``fits`` is False when the figure is outside its limit."""

    what: str
    figure: str
    limit: str = ""
    fits: bool = True


@dataclass
class Bench:
    """One stack, and what was measured on it."""

    stack: LocalStack
    folder: Path
    rows: list[Row] = field(default_factory=list)

    def load(self, files: list[Path], user_id: str, poll_seconds: float = 0.5) -> list[load.Journey]:
        """Send documents and follow them to their end. Raises Unmeasurable when one ends badly."""
        options = ["--base-url", self.stack.base_url, "--user-id", user_id, "--poll-seconds", str(poll_seconds)]
        journeys = asyncio.run(load.load(files, load.parse_arguments(options)))
        bad = [
            f"{one.file.name} {one.status}" for one in journeys if one.status not in load.GOOD_ENDS or one.known
        ]
        if bad:
            raise Unmeasurable(f"Not every document came through: {', '.join(bad[:5])}.\n{self._end_of_log()}")
        return journeys

    def _end_of_log(self) -> str:
        """For messages: the stack's folder, with the log, is deleted after the measurements."""
        return "The log of devhost ends:\n" + "\n".join(self.stack.logs("devhost").splitlines()[-15:])

    def documents(self, name: str, count: int, pages: int = 3) -> list[Path]:
        """Make PDFs whose content no other measurement sends."""
        folder = self.folder / name
        load.make_documents(folder, count=count, pages=pages, seed=len(list(self.folder.iterdir())) * 1000)
        return load.documents_in(folder)


def measure_import(bench: Bench) -> None:
    """CPU of `import function_app`."""
    seconds = statistics.median(import_time.measure(ROOT, "function_app", 5))
    limit = import_time.DEFAULT_LIMIT_SECONDS
    bench.rows.append(Row("import function_app, CPU", f"{seconds:.2f} s", f"{limit:.1f} s", seconds <= limit))


def measure_load(bench: Bench) -> None:
    """Many documents at once: the median of several loads, after a small load that is not timed."""
    bench.rows += load_rows(bench, f"{DOCUMENTS} documents of 3 pages")


def measure_on_extension(bench: Bench) -> None:
    """The same loads on a second stack, whose durable engine is Microsoft's extension."""
    what = "the same on Microsoft's durable extension"
    if not has_extension():
        bench.rows.append(Row(what, f"not measured: {NO_EXTENSION}"))
        return
    folder = bench.folder.parent / "on-extension"
    documents = folder / "documents"
    documents.mkdir(parents=True)
    with LocalStack(folder / "state", engine="extension") as stack:
        bench.rows += load_rows(Bench(stack, documents), what)


def load_rows(bench: Bench, what: str) -> list[Row]:
    """Measure loads, and return their lines."""
    bench.load(bench.documents("warm-up", 8), "warm.up")
    measured: list[tuple[float, float, float, float]] = []
    cpu_before = host_cpu_seconds(bench.stack)
    for number in range(LOADS):
        journeys = bench.load(bench.documents(f"load-{number}", DOCUMENTS), "load.generator")
        measured.append(rates(journeys))
    cpu = (host_cpu_seconds(bench.stack) - cpu_before) / (LOADS * DOCUMENTS)
    accepted, finished, p50, p95 = (statistics.median(column) for column in zip(*measured, strict=True))
    finishes = [one[1] for one in measured]
    return [
        Row(f"{what}: accepted", f"{accepted:.1f} /s"),
        Row("  finished", f"{finished:.1f} /s ({min(finishes):.1f} to {max(finishes):.1f})"),
        Row("  end to end", f"p50 {p50:.1f} s, p95 {p95:.1f} s"),
        Row("  CPU of devhost", f"{cpu * 1000:.0f} ms a document" if cpu else "unknown"),
    ]


def rates(journeys: list[load.Journey]) -> tuple[float, float, float, float]:
    """Accepted and finished per second, and the median and 95th percentile of the seconds from end to end."""
    accepted = [one.accepted_at for one in journeys if one.accepted_at is not None]
    ended = [one.ended_at for one in journeys if one.ended_at is not None]
    times = [one.seconds for one in journeys if one.seconds is not None]
    count = len(journeys)
    return count / max(accepted), count / max(ended), load.percentile(times, 0.5), load.percentile(times, 0.95)


def measure_stages(bench: Bench) -> None:
    """The time of each stage of a document, from the host's log. Documents are sent one after the other."""
    already_written = len(bench.stack.logs("devhost"))
    for file in bench.documents("single", SINGLE_DOCUMENTS):
        bench.load([file], "one.by.one", poll_seconds=0.2)
    log = bench.stack.logs("devhost")[already_written:]
    whole = statistics.median(host_log.document_seconds(log))
    stages = host_log.median_milliseconds(log)
    bench.rows.append(Row("one document of 3 pages, alone", f"{whole:.2f} s"))
    bench.rows += [Row(f"  {name}", f"{stages[name]:.0f} ms") for name in host_log.STAGES if name in stages]


def measure_ocr(bench: Bench) -> None:
    """Seconds for each scanned page, with one OCR process. A first round, which is not timed, loads the models."""
    files = [ROOT / "samples" / "documents" / name for name in SCANS]
    bench.load(files, "ocr.first")
    pages = pages_analyzed(bench.stack)
    journeys = bench.load(files, "ocr.second", poll_seconds=0.1)
    pages = pages_analyzed(bench.stack) - pages
    seconds = max(one.ended_at or 0.0 for one in journeys)
    bench.rows.append(Row(f"OCR, {pages} pages", f"{seconds / pages:.2f} s a page"))


def measure_history(bench: Bench) -> None:
    """History of a document of 1 page and of one of 200."""
    for pages in (1, 200):
        bench.load(bench.documents(f"history-{pages}", 1, pages), f"history.{pages}")
    short, long = (history_bytes(bench.stack, f"history.{pages}") for pages in (1, 200))
    fits = max(short, long) <= HISTORY_LIMIT_BYTES and abs(long - short) <= 0.05 * short
    figure = f"{short:,} and {long:,} bytes"
    bench.rows.append(Row("history of 1 page, of 200 pages", figure, "16,384 bytes, 5 %", fits))


def measure_upload(bench: Bench) -> None:
    """Memory that the host takes during a large upload: the median of several uploads."""
    limit, pid = upload_memory.DEFAULT_LIMIT, bench.stack.pid("devhost") or 0
    try:
        measured = [
            upload_memory.measure(pid, bench.stack.base_url, LARGE_UPLOAD_BYTES).multiple for _ in range(UPLOADS)
        ]
    except upload_memory.NotMeasured as reason:
        bench.rows.append(Row("memory of a 100 MB upload", f"not measured: {reason}"))
        return
    multiple = statistics.median(measured)
    figure = f"{multiple:.2f} times the content"
    bench.rows.append(Row("memory of a 100 MB upload", figure, f"{limit} times", multiple <= limit))


# Uploads are last: their documents are not readable, and go on failing for a while after the answer.
MEASUREMENTS: dict[str, tuple[str, Callable[[Bench], None]]] = {
    "import": ("the import of the app", measure_import),
    "load": (f"{LOADS} loads of {DOCUMENTS} documents", measure_load),
    "extension": ("the same loads on Microsoft's durable extension", measure_on_extension),
    "stages": (f"{SINGLE_DOCUMENTS} documents one by one", measure_stages),
    "ocr": ("scanned documents", measure_ocr),
    "history": ("history", measure_history),
    "upload": ("large uploads", measure_upload),
}


def host_cpu_seconds(stack: LocalStack) -> float:
    """User and system time of the host so far, in seconds; 0.0 on systems without /proc."""
    path = Path("/proc", str(stack.pid("devhost")), "stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pages_analyzed(stack: LocalStack) -> int:
    """How many pages Document Intelligence has read."""
    with urllib.request.urlopen(f"{stack.emulator_url}/usage", timeout=10) as answer:
        return int(json.load(answer)["documentIntelligence"]["pages"])


def history_bytes(stack: LocalStack, user_id: str) -> int:
    """The size of the stored history of a user's only document, in bytes of UTF-8."""
    [path] = (stack.state_dir / "devhost").glob("*.db")
    query = "SELECT SUM(LENGTH(CAST(event AS BLOB))) FROM history WHERE instance_id LIKE ?"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        return int(database.execute(query, (f"%-{user_id}-%",)).fetchone()[0])


def table(rows: list[Row]) -> Iterator[str]:
    """Yield the lines of the table."""
    width = max(len(row.what) for row in rows)
    for row in rows:
        limit = f"   (limit {row.limit}{'' if row.fits else ', EXCEEDED'})" if row.limit else ""
        yield f"{row.what:<{width}}   {row.figure}{limit}"


def run(names: Sequence[str]) -> list[Row]:
    """Measure on a stack of our own and return the table's rows.

    Raises:
        Unmeasurable, LocalPartsError, ImportFailed: say why there is no table.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        documents = Path(temporary, "documents")
        documents.mkdir()
        with LocalStack(Path(temporary, "state")) as stack:
            bench = Bench(stack, documents)
            for name in names:
                description, measure = MEASUREMENTS[name]
                print(f"Measuring {description} ...", flush=True)
                measure(bench)
            return bench.rows


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and return the exit code: 1 with a figure outside its limit, 2 without a table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=MEASUREMENTS, help="take this measurement alone")
    only = parser.parse_args(arguments).only
    begun = time.monotonic()
    try:
        with stop_on_signals():
            rows = run([only] if only else list(MEASUREMENTS))
    except (Unmeasurable, LocalPartsError, import_time.ImportFailed) as reason:
        print(reason, file=sys.stderr)
        return 2
    except StopRequested:
        return 130
    print(
        f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {time.monotonic() - begun:.0f} s in all\n"
    )
    print("\n".join(table(rows)))
    return 0 if all(row.fits for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
