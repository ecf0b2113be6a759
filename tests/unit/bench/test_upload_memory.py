"""The memory benchmark uploads content, reads the memory from /proc, and fails when it is too much."""

import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bench.upload_memory import (
    MEBIBYTE,
    Measurement,
    NotMeasured,
    content_chunks,
    main,
    parse_memory,
    report,
)

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/PID/clear_refs")


class HostStandIn(HTTPServer):
    """Reads the request's body, and answers with `answer`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Upload)
        self.answer = 202
        self.received: list[tuple[str, bytes]] = []

    @property
    def base_url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self.server_port}/api"


class Upload(BaseHTTPRequestHandler):
    """Answer an upload."""

    server: HostStandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, body))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def host() -> Iterator[HostStandIn]:
    """A host in a thread of this process, so that its memory is that of this process."""
    with HostStandIn() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(host: HostStandIn, *options: str) -> int:
    return main(["--pid", str(os.getpid()), "--base-url", host.base_url, "--megabytes", "2", *options])


@on_linux
def test_content_is_uploaded_whole_and_the_memory_it_took_is_printed(
    host: HostStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(host, "--limit", "1000") == 0
    [(path, body)] = host.received
    assert path.startswith("/api/documents?")
    assert len(body) == 2 * MEBIBYTE
    assert "times the content (limit 1000.00)" in capsys.readouterr().out


@on_linux
def test_more_memory_than_the_limit_exits_with_1(host: HostStandIn) -> None:
    assert run(host, "--limit=-1000") == 1


@on_linux
def test_refused_upload_measures_nothing_and_exits_with_2(
    host: HostStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    host.answer = 413
    assert run(host) == 2
    assert "answered with 413" in capsys.readouterr().err


def test_process_that_is_not_there_exits_with_2(host: HostStandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pid", "99999999", "--base-url", host.base_url]) == 2
    assert "99999999" in capsys.readouterr().err
    assert host.received == []


def test_multiple_counts_only_what_the_upload_added() -> None:
    measured = Measurement(content=100 * MEBIBYTE, before=60 * MEBIBYTE, peak=190 * MEBIBYTE, seconds=1.04)
    assert measured.multiple == pytest.approx(1.3)
    assert report(measured, limit=1.6) == [
        "content      100 MB, answered after 1.0 s",
        "memory       60 MB before, 190 MB at the peak",
        "added        130 MB, 1.30 times the content (limit 1.60)",
    ]


def test_memory_is_read_from_the_status_of_the_process() -> None:
    status = "Name:\tpython\nVmPeak:\t  900 kB\nVmHWM:\t  200 kB\nVmRSS:\t  100 kB\nThreads:\t3\n"
    assert parse_memory(status) == {"VmHWM": 200 * 1024, "VmRSS": 100 * 1024}


def test_process_without_memory_is_refused_with_the_remedy() -> None:
    with pytest.raises(NotMeasured, match="--pid"):
        parse_memory("Name:\tkthreadd\nThreads:\t1\n")


@pytest.mark.parametrize("size", [1, 9, MEBIBYTE, 3 * MEBIBYTE + 5])
def test_content_has_the_requested_size_and_begins_like_a_pdf(size: int) -> None:
    content = b"".join(content_chunks(size, seed=1))
    assert len(content) == size
    assert content[:9] == b"%PDF-1.7\n"[:size]


def test_another_seed_gives_another_content() -> None:
    assert list(content_chunks(MEBIBYTE, seed=1)) != list(content_chunks(MEBIBYTE, seed=2))
