"""The pipeline's HTTP API, and the emulators' inbox, as the demo uses them."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from local.demo_samples import Sample
from local.errors import DemoError

Record = dict[str, Any]
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer with its JSON object; `{}` when it holds none."""

    status: int
    body: dict[str, Any]
    retry_after_seconds: float

    @property
    def explanation(self) -> str:
        """The status with the detail of a problem document, for messages."""
        detail = self.body.get("detail") or self.body.get("title") or "no explanation"
        faults = "; ".join(f"{each.get('field')}: {each.get('message')}" for each in self.body.get("errors") or [])
        return f"HTTP {self.status}, {detail}" + (f" ({faults})" if faults else "")


class PipelineApi:
    """Calls on a running pipeline and its emulators.

    Connection errors pass through as aiohttp.ClientError, and so does a 5xx answer to a GET; see `patiently`.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str, emulator_url: str) -> None:
        self._session = session
        self._base_url = base_url
        self._emulator_url = emulator_url

    async def submit(self, sample: Sample, *, reprocess: bool) -> Answer:
        """`POST /documents` with the file as the body."""
        query = {"userId": sample.user_id, "priority": sample.priority, "fileName": sample.file}
        if reprocess:
            query["reprocess"] = "true"
        content_type = {"Content-Type": sample.content_type}
        url = f"{self._base_url}/documents"
        body = sample.path.read_bytes()
        async with self._session.post(url, params=query, data=body, headers=content_type) as response:
            return await _answer(response)

    async def decide(self, document_id: str, *, approved: bool) -> Answer:
        """`POST /documents/{id}/approval` as the demo's reviewer."""
        words = "Looked at by the demo: may pass." if approved else "Looked at by the demo: may not pass."
        decision = {"approved": approved, "reviewer": "demo-reviewer", "comment": words}
        url = f"{self._base_url}/documents/{document_id}/approval"
        async with self._session.post(url, json=decision) as response:
            return await _answer(response)

    async def record(self, document_id: str) -> Record:
        """`GET /documents/{id}`."""
        return await self._get(f"{self._base_url}/documents/{document_id}")

    async def counters(self) -> dict[str, int]:
        """`GET /counters`."""
        return await self._get(f"{self._base_url}/counters")

    async def notifications(self) -> list[dict[str, Any]]:
        """The notifications in the emulators' inbox."""
        received: list[dict[str, Any]] = (await self._get(f"{self._emulator_url}/notifications/inbox"))[
            "notifications"
        ]
        return received

    async def text(self, document_id: str) -> str | None:
        """`GET /documents/{id}/text`, None when there is none."""
        async with self._session.get(f"{self._base_url}/documents/{document_id}/text") as response:
            return await response.text("utf-8") if response.status == 200 else None

    async def _get(self, url: str) -> dict[str, Any]:
        async with self._session.get(url) as response:
            if response.status >= 500:
                response.raise_for_status()
            answer = await _answer(response)
        if answer.status != 200:
            raise DemoError(f"GET {url} was answered with {answer.explanation}.")
        return answer.body


async def patiently(call: Awaitable[Outcome]) -> Outcome | None:
    """The result of a call; None when the host does not answer now, because it may be restarting."""
    try:
        return await call
    except (aiohttp.ClientError, TimeoutError):
        return None


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    try:
        body = json.loads(await response.text("utf-8"))
    except ValueError:
        body = {}
    try:
        retry_after = float(response.headers.get("Retry-After", "1"))
    except ValueError:
        retry_after = 1.0
    return Answer(response.status, body if isinstance(body, dict) else {}, retry_after)
