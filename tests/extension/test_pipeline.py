"""What is tested on Microsoft's extension only: the samples, and what takes real time there."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest

from local import LocalStack
from local.demo_journey import Journey
from samples.large_document import make_pdf
from tests.end_to_end.client import Client, request
from tests.end_to_end.test_approval import flagged, ignored_events_are
from tests.waiting import eventually

__all__ = ["flagged"]


@pytest.fixture(scope="module")
def forgotten(extension_stack: LocalStack) -> str:
    """A document whose review nobody decides. Its time runs out while the samples are processed."""
    client = Client(extension_stack)
    client.fault("compliance", body=json.dumps({"compliant": False, "issues": [], "confidence": 0.9}), count=1)
    document_id: str = client.upload(make_pdf(pages=1, seed=0)).json["documentId"]
    client.wait_for(document_id, "awaitingReview")
    return document_id


@pytest.mark.usefixtures("forgotten")
def test_every_sample_ends_as_its_manifest_says(client: Client, demo: list[Journey]) -> None:
    assert {journey.sample.file: journey.problems for journey in demo if journey.problems} == {}
    client.wait_for_no_pending()


def test_a_review_that_nobody_decides_is_reminded_of_once_and_then_times_out(
    client: Client, forgotten: str
) -> None:
    assert client.wait_for(forgotten, "timeout", deadline_seconds=120)["decision"] == "none"
    client.wait_for_notifications(
        forgotten, "document.review.requested", "document.review.reminder", "document.approval.timedOut"
    )


def test_compliance_that_fails_and_comes_back_only_delays_a_document(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    client.fault("compliance", status=503, count=1)
    document_id: str = client.upload(a_document()).json["documentId"]

    assert client.wait_for(document_id)["decision"] == "approved"
    (fault,) = request("GET", f"{client.stack.emulator_url}/faults").json["faults"]
    assert fault["struck"] == 1


def test_the_timers_of_a_review_fire_once_and_the_last_not_before_its_deadline(
    client: Client, forgotten: str
) -> None:
    """The extension cuts the delay of a timer to whole seconds."""
    record = client.wait_for(forgotten, "timeout", deadline_seconds=120)
    client.wait_for_instance(record["instanceId"], "Completed")
    history = client.instance(record["instanceId"], "?showHistory=true").json["historyEvents"]
    fired = [event for event in history if event["EventType"] == "TimerFired"]
    # The alarm of the extraction, which was cancelled, fires only after half an hour.
    assert len(fired) == 2
    assert datetime.fromisoformat(record["completedAt"]) >= datetime.fromisoformat(record["review"]["deadline"])


def test_an_event_by_the_submitter_is_counted_and_does_not_decide(client: Client, flagged: str) -> None:
    instance = client.record(flagged)["instanceId"]
    assert client.raise_event(instance, {"approved": True, "reviewer": "Anna"}).status == 202
    eventually(lambda: ignored_events_are(client, instance, 1), "the event is counted")
    assert client.record(flagged)["status"] == "awaitingReview"
