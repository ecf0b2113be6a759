"""Services that fail, hang and answer nonsense: no document is lost, each ends as the design says."""

import json
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.end_to_end.client import SAMPLES, Client
from tests.faults import FaultFields
from tests.waiting import eventually

_numbers = count(1)


@pytest.fixture
def document_id() -> str:
    """An id no other test uses."""
    return f"troubled-{next(_numbers)}"


@pytest.fixture(autouse=True)
def counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test nothing is pending, and every document has been counted exactly once."""
    client: Client = request.getfixturevalue("skipping" if "skipping" in request.fixturenames else "client")
    before = client.wait_for_no_pending()
    documents = len(client.get("/documents?limit=200").json["documents"])
    yield
    after = client.wait_for_no_pending()
    new = len(client.get("/documents?limit=200").json["documents"]) - documents
    assert sum(after.values()) - sum(before.values()) == new


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retryAfterSeconds": 1, "count": 2},
        {"status": 500, "count": 2},
        {"status": 503, "count": 1},
    ],
    ids=["429 with Retry-After", "500", "503"],
)
def test_extraction_is_tried_again_after_a_transient_fault(
    client: Client, a_document: Callable[[], bytes], document_id: str, fault: FaultFields
) -> None:
    client.fault("documentIntelligence", **fault)
    client.upload(a_document(), documentId=document_id)
    assert client.wait_for(document_id)["status"] == "completed"


def test_extraction_that_hangs_past_its_deadline_fails_the_document(
    client: Client, a_document: Callable[[], bytes], document_id: str
) -> None:
    client.fault("documentIntelligence", delaySeconds=60, count=1)
    instance = client.upload(a_document(), documentId=document_id, priority="high").json["id"]
    record = client.wait_for(document_id)
    assert (record["status"], record["error"]["code"]) == ("failed", "extractionTimeout")
    assert client.wait_for_instance(instance, "Failed")
    client.wait_for_notifications(document_id, "document.failed")


def test_a_failed_operation_is_submitted_again_or_fails_with_a_clear_error(
    client: Client, a_document: Callable[[], bytes], document_id: str
) -> None:
    client.fault("documentIntelligence", failOperation=True, count=1)
    client.upload(a_document(), documentId=document_id)
    assert client.wait_for(document_id)["status"] == "completed"


def test_a_document_whose_analysis_always_fails_is_submitted_twice_and_not_paid_again(
    client: Client, a_document: Callable[[], bytes], document_id: str
) -> None:
    """It used to be submitted anew until its deadline."""
    submitted = client.usage()["documentIntelligence"]["submissions"]
    client.fault("documentIntelligence", failOperation=True)
    client.upload(a_document(), documentId=document_id)
    record = client.wait_for(document_id)
    assert (record["status"], record["error"]["code"]) == ("failed", "analysisFailed")
    assert client.usage()["documentIntelligence"]["submissions"] - submitted == 2


@pytest.mark.parametrize("of_a_word", [0.31, float("nan"), 1e999, 7], ids=["low", "NaN", "infinite", "above 1"])
def test_a_page_that_was_read_badly_goes_to_a_person_however_good_the_others_are(
    client: Client, a_document: Callable[[], bytes], document_id: str, of_a_word: float
) -> None:
    """A page of gibberish in a document whose mean was 0.96, or a confidence that is none, was approved."""
    text = "All is well, and we have written more than enough for a sure answer. " * 20
    pages = [a_page(0.99), a_page(of_a_word, words=10), a_page(0.99), {"pageNumber": 4, "spans": []}]
    analysis = {"status": "succeeded", "analyzeResult": {"content": text, "pages": pages}}
    client.fault("documentIntelligence", on="poll", body=json.dumps(analysis), count=1)
    client.upload(a_document(), documentId=document_id)
    record = client.wait_for(document_id, "awaitingReview")
    assert record["doubtfulPages"] == [2]
    assert record["confidence"] >= 0.9
    client.decide(document_id, {"approved": False, "reviewer": "berta"})
    client.wait_for(document_id)
    asked = next(entry["body"] for entry in client.inbox() if entry["body"]["subject"] == document_id)
    assert (asked["data"]["reasons"], asked["data"]["doubtfulPages"]) == (["pagesDoubtful"], [2])


def a_page(confidence: float, words: int = 100) -> dict[str, object]:
    """A page of an analysis, all of whose words were read with one confidence."""
    return {"words": [{"content": "well", "confidence": confidence}] * words, "spans": []}


@pytest.mark.parametrize("name", ["corrupt.pdf", "encrypted.pdf"])
def test_a_document_that_cannot_be_read_fails_with_a_clear_error(
    client: Client, name: str, document_id: str
) -> None:
    path = next(path for path in SAMPLES.iterdir() if name.split(".")[0] in path.name)
    client.upload(path.read_bytes(), documentId=document_id)
    record = client.wait_for(document_id)
    assert record["status"] == "failed"
    assert record["error"]["code"] in {"corrupt", "encrypted", "unsupported"}
    assert "Traceback" not in record["error"]["message"]
    client.wait_for_instance(record["instanceId"], "Failed")
    client.wait_for_notifications(document_id, "document.failed")


def test_compliance_that_answers_500_three_times_fails_the_document(
    skipping: Client, a_document: Callable[[], bytes], document_id: str
) -> None:
    skipping.fault("compliance", status=500, count=3)
    asked = skipping.usage()["compliance"]["requests"]
    skipping.upload(a_document(), documentId=document_id)
    skipping.wait_for(document_id, "validating")
    eventually(lambda: _retried(skipping, document_id), "the retries have been used up", deadline_seconds=90)
    record = skipping.record(document_id)
    assert record["error"]["code"] == "complianceCheckFailed"
    assert skipping.usage()["compliance"]["requests"] - asked <= 3


def _retried(client: Client, document_id: str) -> bool:
    client.advance(6)
    return bool(client.record(document_id)["status"] == "failed")


@pytest.mark.parametrize(
    "body",
    [
        "<html>gateway</html>",
        json.dumps({"compliant": True, "issues": []}),
        json.dumps({"compliant": True, "issues": None, "confidence": 0.99}),
        json.dumps({"compliant": "yes", "issues": [], "confidence": 0.99}),
        json.dumps({"compliant": True, "issues": [], "confidence": 17}),
    ],
    ids=["not JSON", "no confidence", "issues null", "compliant no boolean", "confidence out of range"],
)
def test_an_answer_that_cannot_be_understood_never_passes_a_document(
    client: Client, a_document: Callable[[], bytes], document_id: str, body: str
) -> None:
    client.fault("compliance", body=body, count=1)
    client.upload(a_document(), documentId=document_id)
    client.wait_for(document_id, "awaitingReview")
    client.decide(document_id, {"approved": False, "reviewer": "berta"})
    assert client.wait_for(document_id)["status"] == "rejected"


def test_a_compliance_service_that_refuses_our_key_fails_the_document_at_once(
    client: Client, a_document: Callable[[], bytes], document_id: str
) -> None:
    client.fault("compliance", status=401, count=1)
    client.upload(a_document(), documentId=document_id)
    assert client.wait_for(document_id)["error"]["code"] == "complianceRefused"


def test_notifications_are_delivered_once_the_endpoint_is_back(
    skipping: Client, a_document: Callable[[], bytes], document_id: str
) -> None:
    skipping.fault("notifications", status=503, count=2)
    skipping.upload(a_document(), documentId=document_id)

    def completed() -> bool:
        skipping.advance(20)
        return bool(skipping.record(document_id)["status"] == "completed")

    eventually(completed, "the document is completed after the retries", deadline_seconds=90)
    skipping.wait_for_notifications(document_id, "document.approved", "document.completed")


def test_a_notification_endpoint_that_stays_down_fails_the_document_but_keeps_its_result(
    skipping: Client, a_document: Callable[[], bytes], document_id: str
) -> None:
    skipping.fault("notifications", status=503)
    skipping.upload(a_document(), documentId=document_id)

    def failed() -> bool:
        skipping.advance(300)
        return bool(skipping.record(document_id)["status"] == "failed")

    eventually(failed, "the retries have been used up", deadline_seconds=90)
    assert skipping.record(document_id)["error"]["code"] == "storingFailed"
    assert skipping.get(f"/documents/{document_id}/text").status == 200


def test_everything_else_goes_on_while_one_document_fails(client: Client, a_document: Callable[[], bytes]) -> None:
    corrupt = next(path for path in SAMPLES.iterdir() if "corrupt" in path.name).read_bytes()
    ids = [f"{next(_numbers)}-side-by-side" for _ in range(5)]
    for number, document_id in enumerate(ids):
        client.upload(corrupt + b"x" if number == 2 else a_document(), documentId=document_id)
    ended = [client.wait_for(document_id)["status"] for document_id in ids]
    assert ended == ["completed", "completed", "failed", "completed", "completed"]
