"""What is tested on Microsoft's extension only: the samples, and a review that runs out in real time."""

import asyncio
import json
from collections.abc import Callable

import aiohttp

from local.demo_api import PipelineApi
from local.demo_journey import Journey, travel
from local.demo_samples import load_samples
from local.stack import ROOT
from tests.end_to_end.client import Client


def test_every_sample_ends_as_its_manifest_says(client: Client) -> None:
    journeys = [Journey(sample) for sample in load_samples(ROOT / "samples")]

    async def send_all() -> None:
        async with aiohttp.ClientSession() as session:
            api = PipelineApi(session, client.stack.base_url, client.stack.emulator_url)
            await asyncio.wait_for(asyncio.gather(*(travel(journey, api) for journey in journeys)), 150)

    asyncio.run(send_all())

    assert {journey.sample.file: journey.problems for journey in journeys if journey.problems} == {}
    client.wait_for_no_pending()


def test_a_review_that_nobody_decides_is_reminded_of_once_and_then_times_out(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    client.fault("compliance", body=json.dumps({"compliant": False, "issues": [], "confidence": 0.9}), count=1)
    document_id: str = client.upload(a_document()).json["documentId"]

    assert client.wait_for(document_id, "timeout", deadline_seconds=120)["decision"] == "none"
    client.wait_for_notifications(
        document_id, "document.review.requested", "document.review.reminder", "document.approval.timedOut"
    )
