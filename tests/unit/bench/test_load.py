"""The load generator against a small service that speaks the documents API."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from bench.load import MAX_DOCUMENTS, fresh_seed, main, percentile


class PipelineStandIn:
    """Accepts documents. Each read of a record returns the next of `statuses`. Records the requests."""

    def __init__(self) -> None:
        self.statuses = ["extracting", "completed"]
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.content_types: list[str] = []
        self.looks: dict[str, int] = {}
        self.base_url = ""

    async def accept(self, request: web.Request) -> web.Response:
        if self.refusals:
            status, headers = self.refusals.pop(0)
            return web.Response(status=status, headers=headers)
        body = await request.read()
        self.content_types.append(request.content_type)
        known = body in self.bodies
        self.bodies.append(body)
        return web.json_response({"documentId": f"doc{self.bodies.index(body)}"}, status=200 if known else 202)

    async def record(self, request: web.Request) -> web.Response:
        document_id = request.match_info["document_id"]
        look = self.looks.get(document_id, 0)
        self.looks[document_id] = look + 1
        return web.json_response({"status": self.statuses[min(look, len(self.statuses) - 1)]})


@pytest.fixture
def pipeline() -> Iterator[PipelineStandIn]:
    """A stand-in on a free port, in its own thread, because the load has its own event loop."""
    stand_in = PipelineStandIn()
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.add_routes(
        [web.post("/api/documents", stand_in.accept), web.get("/api/documents/{document_id}", stand_in.record)]
    )
    runner = web.AppRunner(app)
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run_until_complete(site.start())
    stand_in.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield stand_in
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(runner.cleanup())
    loop.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three different small files that end in .pdf."""
    for number in range(3):
        (tmp_path / f"{number}.pdf").write_bytes(b"%PDF-1.3 " + bytes([number]))
    return tmp_path


def run_load(pipeline: PipelineStandIn, folder: Path, *options: str) -> int:
    quick = ["--poll-seconds", "0.1", "--timeout-seconds", "20"]
    return main(["--base-url", pipeline.base_url, "--folder", str(folder), *quick, *options])


def test_every_document_is_sent_and_followed_to_its_end(
    pipeline: PipelineStandIn, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_load(pipeline, folder) == 0
    assert sorted(pipeline.bodies) == [path.read_bytes() for path in sorted(folder.iterdir())]
    printed = capsys.readouterr().out
    assert "accepted 3" in printed
    assert "completed 3" in printed
    assert "p95" in printed


def test_no_more_documents_are_sent_than_requested(pipeline: PipelineStandIn, folder: Path) -> None:
    assert run_load(pipeline, folder, "--documents", "2") == 0
    assert len(pipeline.bodies) == 2


def test_document_refused_for_now_is_sent_again(pipeline: PipelineStandIn, folder: Path) -> None:
    pipeline.refusals = [(429, {"Retry-After": "0.1"}), (503, {"Retry-After": "0"})]
    assert run_load(pipeline, folder) == 0
    assert len(pipeline.bodies) == 3


def test_refused_document_is_counted_and_fails_the_load(
    pipeline: PipelineStandIn, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.refusals = [(415, {})]
    assert run_load(pipeline, folder) == 1
    assert "refused (HTTP 415) 1" in capsys.readouterr().out


def test_load_ends_in_time_when_documents_never_do(
    pipeline: PipelineStandIn, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.statuses = ["extracting"]
    assert run_load(pipeline, folder, "--timeout-seconds", "0.5") == 1
    assert "extracting 3" in capsys.readouterr().out


def test_documents_sent_before_are_not_timed(
    pipeline: PipelineStandIn, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_load(pipeline, folder)
    capsys.readouterr()
    assert run_load(pipeline, folder) == 0
    printed = capsys.readouterr().out
    assert "3 had been sent before" in printed
    assert "p50" not in printed


def test_service_that_does_not_answer_fails_the_load(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--base-url", "http://127.0.0.1:9/api", "--folder", str(folder)]) == 1
    assert "unreachable (ClientConnectorError) 3" in capsys.readouterr().out


def test_documents_are_made_when_no_folder_is_given(pipeline: PipelineStandIn) -> None:
    options = ["--documents", "2", "--pages", "1", "--seed", "4", "--poll-seconds", "0.1"]
    assert main(["--base-url", pipeline.base_url, *options]) == 0
    assert len({body for body in pipeline.bodies if body.startswith(b"%PDF-")}) == 2


def test_folder_without_documents_is_named(
    pipeline: PipelineStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_load(pipeline, tmp_path) == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(("share", "expected"), [(0.5, 10), (0.95, 19), (1.0, 20), (0.0, 1)])
def test_percentile_is_by_nearest_rank(share: float, expected: int) -> None:
    assert percentile(range(1, 21), share) == expected


def test_images_are_sent_as_what_they_are_and_other_files_stay(pipeline: PipelineStandIn, tmp_path: Path) -> None:
    for name in ("scan.PNG", "fax.tiff", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    assert run_load(pipeline, tmp_path) == 0
    assert sorted(pipeline.content_types) == ["image/png", "image/tiff"]


def test_loads_of_two_seconds_have_no_document_in_common() -> None:
    assert fresh_seed(1_800_000_001.5) - fresh_seed(1_800_000_000.9) == MAX_DOCUMENTS
    assert len(str(fresh_seed(1_800_999_999.0) + MAX_DOCUMENTS - 1)) == 10
