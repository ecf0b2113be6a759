"""A stand-in pipeline that speaks the real HTTP API, and samples to send to it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypedDict, Unpack

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local.demo_api import PipelineApi
from local.demo_journey import Journey
from local.demo_samples import Sample


class StandInPipeline:
    """Answers as scripted and remembers what it was asked.

    Attributes:
        starts: answers to `POST /documents`, in turn: (status, body, headers).
        records: answers to `GET /documents/{id}`, in turn; the last one stays.
        approvals: statuses with which approvals are answered, in turn; then 202.
    """

    def __init__(self) -> None:
        self.starts: list[tuple[int, dict[str, Any], dict[str, str]]] = []
        self.records: list[dict[str, Any]] = []
        self.approvals: list[int] = []
        self.text = "Total amount\n due"
        self.submissions: list[dict[str, str]] = []
        self.decisions: list[dict[str, Any]] = []

    def application(self) -> web.Application:
        """The routes that the demo uses."""
        app = web.Application()
        app.router.add_post("/api/documents", self._start)
        app.router.add_get("/api/documents/d1", self._record)
        app.router.add_get("/api/documents/d1/text", self._text)
        app.router.add_post("/api/documents/d1/approval", self._decide)
        return app

    async def _start(self, request: web.Request) -> web.Response:
        self.submissions.append(dict(request.query))
        status, body, headers = self.starts.pop(0)
        return web.json_response(body, status=status, headers=headers)

    async def _record(self, request: web.Request) -> web.Response:
        record = self.records.pop(0) if len(self.records) > 1 else self.records[0]
        return web.json_response(record)

    async def _text(self, request: web.Request) -> web.Response:
        return web.Response(text=self.text) if self.text else web.Response(status=404)

    async def _decide(self, request: web.Request) -> web.Response:
        self.decisions.append(await request.json())
        return web.json_response({}, status=self.approvals.pop(0) if self.approvals else 202)


class SampleAttributes(TypedDict, total=False):
    """What tests change in a sample."""

    review: str | None
    expected_status: str
    expected_decision: str | None
    expected_text: tuple[str, ...]


class JourneyFactory(Protocol):
    """Makes the journey of a sample with these attributes."""

    def __call__(self, **attributes: Unpack[SampleAttributes]) -> Journey: ...


@pytest.fixture
def pipeline() -> StandInPipeline:
    """A pipeline that starts one document, which completes."""
    stand_in = StandInPipeline()
    stand_in.starts = [(202, {"documentId": "d1", "id": "i1"}, {})]
    stand_in.records = [a_record("extracting"), a_record("completed", decision="approved")]
    return stand_in


@pytest.fixture
async def api(pipeline: StandInPipeline) -> AsyncIterator[PipelineApi]:
    """The demo's client, on the stand-in pipeline."""
    async with TestServer(pipeline.application()) as server, aiohttp.ClientSession() as session:
        yield PipelineApi(session, str(server.make_url("/api")), str(server.make_url("")).rstrip("/"))


@pytest.fixture
def a_journey(tmp_path: Path) -> JourneyFactory:
    """Makes the journey of a sample that is expected to complete without a review."""

    def make(**attributes: Unpack[SampleAttributes]) -> Journey:
        return Journey(a_sample(tmp_path, **attributes), poll_seconds=0.0)

    return make


def a_record(status: str, instance_id: str = "i1", **fields: Any) -> dict[str, Any]:
    """A record of document d1."""
    return {"documentId": "d1", "instanceId": instance_id, "status": status, **fields}


def a_sample(folder: Path, **attributes: Unpack[SampleAttributes]) -> Sample:
    """A sample in this folder that is expected to complete without a review."""
    path = folder / "invoice.pdf"
    path.write_bytes(b"%PDF-1.7")
    usual = Sample(path, "application/pdf", "ada", "high", None, "completed", "approved", ("total amount due",))
    return replace(usual, **attributes)
