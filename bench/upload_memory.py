"""Measure how much memory a host takes while a large upload comes in: `python -m bench.upload_memory --pid PID`.

    python -m bench.upload_memory --pid PID --base-url http://127.0.0.1:7071/api --megabytes 100

Linux only: /proc/PID/status has the highest resident memory of the process, and /proc/PID/clear_refs resets it.
The memory that the process had before the upload does not count. The content begins like a PDF and is random after
that, so the document ends `failed`. Exits 1 when the memory is above the limit, and 2 when nothing was measured.
"""

import argparse
import http.client
import os
import random
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

MEBIBYTE = 1024 * 1024
DEFAULT_LIMIT = 1.6
ANSWER_TIMEOUT_SECONDS = 120
# Writing this to clear_refs resets the highest resident memory to the current one: see proc(5).
RESET_PEAK = "5"
_MEMORY_LINE = re.compile(r"^(VmHWM|VmRSS):\s+(\d+) kB$", re.MULTILINE)


class NotMeasured(Exception):
    """There is no result. The message says why, and what to do."""


@dataclass(frozen=True)
class Measurement:
    """One upload. Sizes in bytes."""

    content: int
    before: int
    """Resident memory before the upload."""
    peak: int
    """Highest resident memory until the upload was answered."""
    seconds: float

    @property
    def multiple(self) -> float:
        """The memory that the upload added at its peak, as a multiple of the content's size."""
        return (self.peak - self.before) / self.content


def parse_memory(status: str) -> dict[str, int]:
    """Return the bytes of VmRSS and VmHWM in the text of /proc/PID/status. Raises NotMeasured."""
    found = {name: int(kilobytes) * 1024 for name, kilobytes in _MEMORY_LINE.findall(status)}
    if found.keys() != {"VmRSS", "VmHWM"}:
        raise NotMeasured("The process has no memory that Linux tells of: give the --pid of a running host.")
    return found


def content_chunks(size: int, seed: int) -> Iterator[bytes]:
    """Yield content of exactly ``size`` bytes that begins like a PDF. Each seed has its own content."""
    noise = random.Random(seed).randbytes(MEBIBYTE)
    chunk = b"%PDF-1.7\n" + noise
    while size > 0:
        yield chunk[:size]
        size -= len(chunk)
        chunk = noise


def send(base_url: str, size: int, seed: int) -> int:
    """Upload ``size`` bytes in pieces and return the status of the answer. Raises OSError, HTTPException."""
    parts = urlsplit(f"{base_url.rstrip('/')}/documents")
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_TIMEOUT_SECONDS)
    headers = {"Content-Type": "application/pdf", "Content-Length": str(size)}
    if key := os.environ.get("FUNCTIONS_KEY"):
        headers["x-functions-key"] = key
    query = urlencode({"userId": "load.generator", "fileName": "large.pdf"})
    try:
        connection.request("POST", f"{parts.path}?{query}", body=content_chunks(size, seed), headers=headers)
        with connection.getresponse() as response:
            response.read()
            return response.status
    finally:
        connection.close()


def measure(pid: int, base_url: str, size: int) -> Measurement:
    """Measure an upload of ``size`` bytes to the host whose process is ``pid``. Raises NotMeasured."""
    process = Path("/proc", str(pid))
    try:
        (process / "clear_refs").write_text(RESET_PEAK)
        before = parse_memory((process / "status").read_text())["VmRSS"]
        begun = time.monotonic()
        status = send(base_url, size, seed=time.time_ns())
        seconds = time.monotonic() - begun
        peak = parse_memory((process / "status").read_text())["VmHWM"]
    except (OSError, http.client.HTTPException) as error:
        raise NotMeasured(f"{error!r}: is {pid} the process of a host at {base_url}, and is it yours?") from error
    if status != http.client.ACCEPTED:
        raise NotMeasured(f"The upload was answered with {status}, not 202: see the log of the host.")
    return Measurement(size, before, peak, seconds)


def report(measured: Measurement, limit: float) -> list[str]:
    """Return the lines of the report."""
    added = measured.peak - measured.before
    return [
        f"content      {_megabytes(measured.content)}, answered after {measured.seconds:.1f} s",
        f"memory       {_megabytes(measured.before)} before, {_megabytes(measured.peak)} at the peak",
        f"added        {_megabytes(added)}, {measured.multiple:.2f} times the content (limit {limit:.2f})",
    ]


def _megabytes(size: int) -> str:
    return f"{size / MEBIBYTE:.0f} MB"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.upload_memory", description=__doc__.split("\n")[0])
    parser.add_argument("--pid", type=int, required=True, help="process id of the host")
    parser.add_argument("--base-url", default="http://127.0.0.1:7071/api", help="of the API (default %(default)s)")
    parser.add_argument("--megabytes", type=int, default=100, help="of content (default %(default)s)")
    parser.add_argument(
        "--limit", type=float, default=DEFAULT_LIMIT, help="most times the content (default %(default)s)"
    )
    options = parser.parse_args(arguments)
    if options.megabytes < 1:
        parser.error("--megabytes must be 1 or more")
    try:
        measured = measure(options.pid, options.base_url, options.megabytes * MEBIBYTE)
    except NotMeasured as reason:
        print(reason, file=sys.stderr)
        return 2
    print("\n".join(report(measured, options.limit)))
    return 0 if measured.multiple <= options.limit else 1


if __name__ == "__main__":
    sys.exit(main())
