"""A person decides: over the API, over the durable webhook, in time, too late, and when they must not."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

import pytest

from tests.end_to_end.client import Client
from tests.end_to_end.test_bad_input import problem
from tests.waiting import eventually

APPROVED = {"approved": True, "reviewer": "berta", "comment": "checked"}
REFUSED = {"approved": False, "reviewer": "berta"}
_numbers = count(1)


@pytest.fixture
def flagged(client: Client, a_document: Callable[[], bytes]) -> Iterator[str]:
    """A document that waits for a person; what the test leaves open is refused afterwards."""
    document_id = f"flagged-{next(_numbers)}"
    client.fault(
        "compliance", body=json.dumps({"compliant": False, "issues": ["card"], "confidence": 0.9}), count=1
    )
    assert client.upload(a_document(), documentId=document_id).status == 202
    instance = client.wait_for(document_id, "awaitingReview")["instanceId"]
    eventually(lambda: "ignoredEvents" in client.instance(instance).json["customStatus"], "the wait has begun")
    yield document_id
    client.decide(document_id, REFUSED)
    client.wait_for(document_id)


def test_an_approved_document_is_completed_with_the_review_in_its_record(client: Client, flagged: str) -> None:
    assert client.decide(flagged, APPROVED).status == 202
    record = client.wait_for(flagged)
    assert (record["status"], record["decision"]) == ("completed", "approved_with_review")
    assert (record["review"]["reviewer"], record["review"]["comment"]) == ("berta", "checked")
    assert record["review"]["requestedAt"] <= record["review"]["decidedAt"]
    assert record["issues"]
    client.wait_for_notifications(flagged, "document.review.requested", "document.approved", "document.completed")
    client.wait_for_no_pending()


def test_a_document_that_is_not_approved_ends_rejected(client: Client, flagged: str) -> None:
    before = client.counters()
    assert client.decide(flagged, REFUSED).status == 202
    record = client.wait_for(flagged)
    assert (record["status"], record["decision"]) == ("rejected", "rejected")
    client.wait_for_notifications(flagged, "document.review.requested", "document.rejected")
    assert client.wait_for_no_pending()["rejected"] == before["rejected"] + 1


def test_an_unknown_document_cannot_be_decided(client: Client) -> None:
    problem(client.decide("nobody-sent-this", APPROVED), 404)


def test_a_running_document_cannot_be_decided(client: Client, a_document: Callable[[], bytes]) -> None:
    client.fault("documentIntelligence", delaySeconds=2, count=1)
    client.upload(a_document(), documentId="still-running")
    problem(client.decide("still-running", APPROVED), 409)
    client.wait_for("still-running")


def test_a_finished_document_cannot_be_decided(client: Client, a_document: Callable[[], bytes]) -> None:
    client.upload(a_document(), documentId="already-done")
    client.wait_for("already-done")
    problem(client.decide("already-done", APPROVED), 409)


def test_the_submitter_cannot_decide(client: Client, flagged: str) -> None:
    problem(client.decide(flagged, {"approved": True, "reviewer": "Anna"}), 403)
    assert client.record(flagged)["status"] == "awaitingReview"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reviewer": "berta"}, "approved"),
        ({"approved": True}, "reviewer"),
        ({"approved": "yes", "reviewer": "berta"}, "approved"),
        ({"approved": True, "reviewer": ""}, "reviewer"),
        ({"approved": True, "reviewer": "berta", "coment": "typo"}, "coment"),
    ],
)
def test_a_malformed_decision_is_refused_naming_the_field(
    client: Client, flagged: str, body: object, field: str
) -> None:
    answer = client.decide(flagged, body)
    problem(answer, 400)
    assert answer.fields == [field]
    for nonsense in (b"[]", b'"yes"', b"null", b"{"):
        problem(client.decide(flagged, nonsense), 400)


def test_of_two_deciders_at_once_one_wins(client: Client, flagged: str) -> None:
    bodies = [{"approved": number % 2 == 0, "reviewer": f"reviewer-{number}"} for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda body: client.decide(flagged, body).status, bodies))
    assert sorted(answers) == [202, 409, 409, 409, 409, 409]
    winner = bodies[answers.index(202)]
    record = client.wait_for(flagged)
    assert record["status"] == ("completed" if winner["approved"] else "rejected")
    assert record["review"]["reviewer"] == winner["reviewer"]


@pytest.mark.parametrize("event", [APPROVED, json.dumps(APPROVED)], ids=["object", "string"])
def test_a_decision_raised_through_the_durable_webhook_counts(client: Client, flagged: str, event: object) -> None:
    instance = client.record(flagged)["instanceId"]
    assert client.raise_event(instance, event).status == 202
    record = client.wait_for(flagged)
    assert (record["status"], record["review"]["reviewer"]) == ("completed", "berta")


def test_nonsense_raised_through_the_durable_webhook_is_recorded_and_ignored(client: Client, flagged: str) -> None:
    instance = client.record(flagged)["instanceId"]
    for number, nonsense in enumerate(({"yes": 1}, "nonsense", 7, []), start=1):
        assert client.raise_event(instance, nonsense).status == 202
        eventually(partial(ignored_events_are, client, instance, number), f"event {number} is counted")
    assert client.decide(flagged, APPROVED).status == 202
    assert client.wait_for(flagged)["status"] == "completed"
    assert client.notifications(flagged).count("document.review.requested") == 1


def ignored_events_are(client: Client, instance: str, number: int) -> bool:
    """Whether so many events that were no decision have been counted."""
    return bool((client.instance(instance).json["customStatus"] or {}).get("ignoredEvents") == number)


def test_nonsense_raised_before_the_wait_neither_spins_nor_blocks(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    client.fault(
        "compliance", body=json.dumps({"compliant": False, "issues": [], "confidence": 0.9}), delaySeconds=2
    )
    instance = client.upload(a_document(), documentId="early-nonsense").json["id"]
    client.wait_for("early-nonsense", "validating", "awaitingReview")
    assert client.raise_event(instance, "nonsense").status == 202
    client.wait_for("early-nonsense", "awaitingReview")
    assert client.decide("early-nonsense", APPROVED).status == 202
    assert client.wait_for("early-nonsense")["status"] == "completed"


def test_a_decision_raised_before_the_review_was_requested_is_none(
    client: Client, a_document: Callable[[], bytes]
) -> None:
    client.fault(
        "compliance", body=json.dumps({"compliant": False, "issues": [], "confidence": 0.9}), delaySeconds=2
    )
    instance = client.upload(a_document(), documentId="early-decision").json["id"]
    client.wait_for("early-decision", "validating", "awaitingReview")
    assert client.raise_event(instance, APPROVED).status == 202
    eventually(partial(ignored_events_are, client, instance, 1), "the event is ignored")
    assert client.record("early-decision")["status"] == "awaitingReview"
    assert client.decide("early-decision", REFUSED).status == 202
    assert client.wait_for("early-decision")["status"] == "rejected"


def test_of_a_decision_by_the_api_and_one_by_the_webhook_the_one_that_is_answered_202_counts(
    client: Client, flagged: str
) -> None:
    """Both were answered 202, and the other one won."""
    instance = client.record(flagged)["instanceId"]
    with ThreadPoolExecutor(2) as pool:
        decided = pool.submit(client.decide, flagged, APPROVED)
        pool.submit(client.raise_event, instance, REFUSED).result()
    review = client.wait_for(flagged)["review"]
    assert (decided.result().status == 202) == review["approved"]
    assert (review["deadline"] is not None, review["reasons"]) == (True, ["notCompliant", "issuesFound"])


def test_nobody_decides_within_48_hours(skipping: Client, a_document: Callable[[], bytes]) -> None:
    before = skipping.wait_for_no_pending()
    skipping.fault("compliance", body=json.dumps({"compliant": False, "issues": [], "confidence": 0.9}), count=1)
    skipping.upload(a_document(), documentId="forgotten")
    instance = skipping.wait_for("forgotten", "awaitingReview")["instanceId"]
    eventually(lambda: skipping.instance(instance).json["customStatus"].get("ignoredEvents") == 0, "it waits")
    skipping.advance(25 * 3600)
    eventually(lambda: "document.review.reminder" in skipping.notifications("forgotten"), "the reminder is sent")
    assert skipping.record("forgotten")["status"] == "awaitingReview"
    skipping.advance(24 * 3600)
    assert skipping.wait_for("forgotten")["status"] == "timeout"
    skipping.wait_for_notifications(
        "forgotten", "document.review.requested", "document.review.reminder", "document.approval.timedOut"
    )
    problem(skipping.decide("forgotten", APPROVED), 409)
    after = skipping.wait_for_no_pending()
    assert after["timedOut"] == before["timedOut"] + 1
