"""What arrives at Application Insights: every run, its failures, the call that began it, and no content.

The extension sends its items every 30 seconds, so a test may wait that long.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest

from local import LocalStack
from local.demo_journey import Journey
from local.endpoints import DEVELOPMENT_KEY, DEVELOPMENT_WEBHOOK_SECRET
from local.stack import ROOT
from samples.pdf_pages import draw_pdf
from tests.end_to_end.client import Client, request
from tests.end_to_end.test_documents import blob_with_sas
from tests.waiting import eventually

SENT_WITHIN_SECONDS = 60
VERSION = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]["defaultVersion"]
INSTANCE = "durabletask.task.instance_id"
Item = dict[str, Any]


def items(client: Client, kind: str, query: str) -> list[Item]:
    """The items of a kind that the query picks."""
    found: list[Item] = request("GET", f"{client.stack.emulator_url}/telemetry?kind={kind}&{query}").json[kind]
    return found


def run_of(client: Client, instance_id: str) -> Item:
    """The request item of a run; waits until it has arrived."""

    def look() -> Item | None:
        found = items(client, "requests", f"{INSTANCE}={instance_id}&durabletask.type=orchestration")
        return found[0] if found else None

    return eventually(look, f"the run {instance_id} is at the sink", SENT_WITHIN_SECONDS)


def callers(client: Client, item: Item) -> Iterator[Item]:
    """The items that caused this one, from the nearest on."""
    operation = item["tags"]["ai.operation.id"]
    steps = {
        each["id"]: each
        for kind in ("requests", "dependencies")
        for each in items(client, kind, f"operationId={operation}")
    }
    while parent := item["tags"].get("ai.operation.parentId"):
        if parent not in steps:
            return
        item = steps[parent]
        yield item


def test_every_run_of_the_demo_is_found_by_its_document_and_its_instance(
    client: Client, demo: list[Journey]
) -> None:
    for journey in demo:
        run = run_of(client, journey.instance_id)
        assert run["name"] == f"orchestration:document_processing_orchestrator@({VERSION})"
        metrics = items(client, "metrics", f"documentId={journey.document_id}")
        assert {metric["properties"]["instanceId"] for metric in metrics} == {journey.instance_id}
        assert {"ActivityDuration", "OrchestrationDuration"} <= {metric["name"] for metric in metrics}
        activities = items(client, "requests", f"{INSTANCE}={journey.instance_id}&durabletask.type=activity")
        assert "activity:extract_document_text" in {activity["name"] for activity in activities}


def test_the_failures_of_the_demo_are_failures_and_all_else_is_a_success(
    client: Client, demo: list[Journey]
) -> None:
    seen = {}
    for journey in demo:
        run = run_of(client, journey.instance_id)
        seen[journey.sample.file] = (
            run["success"],
            run["responseCode"],
            run["properties"]["durabletask.task.status"],
        )
    failures = {journey.sample.file for journey in demo if journey.stage == "failed"}
    assert failures
    assert seen == {
        file: (False, "500", "Failed") if file in failures else (True, "200", "Completed") for file in seen
    }


def test_every_run_of_the_demo_is_joined_to_the_http_call_that_began_it(
    client: Client, demo: list[Journey]
) -> None:
    calls = set()
    for journey in demo:
        run = run_of(client, journey.instance_id)
        start, call = callers(client, run)
        assert start["name"] == f"create_orchestration:document_processing_orchestrator@{VERSION}"
        assert start["properties"][INSTANCE] == journey.instance_id
        assert (call["name"], call["responseCode"], call["success"]) == ("submit_document", "202", True)
        calls.add(call["id"])
    assert len(calls) == len(demo)


class Canaries(dict[str, str]):
    """Texts that occur nowhere else, by where they are put."""

    def __missing__(self, place: str) -> str:
        self[place] = f"canary{uuid4().hex}"
        return self[place]

    def answer(self, place: str, code: str = "InternalServerError") -> str:
        """What a service answers that fails, with a canary in each text."""
        inner = {"code": code, "message": self[place]}
        return json.dumps({"error": {"code": "InvalidRequest", "message": self[place], "innererror": inner}})


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    """The canaries of all documents below."""
    return Canaries()


@pytest.fixture(scope="module")
def troubled(extension_stack: LocalStack, canaries: Canaries) -> dict[str, str]:
    """The instances of documents whose content, and whatever services answered about them, hold canaries."""
    client = Client(extension_stack)
    troubled = {name: document(client, canaries) for name, document in TROUBLES.items()}
    for document_id in troubled.values():
        client.wait_for(document_id)
    faults = request("GET", f"{client.stack.emulator_url}/faults").json["faults"]
    assert [fault["struck"] for fault in faults] == [1] * 7, faults
    client.clear_faults()
    return {name: client.record(document_id)["instanceId"] for name, document_id in troubled.items()}


def _approved_after_failures(client: Client, canaries: Canaries) -> str:
    issue = {"code": canaries["code of an issue"], "severity": "error", "message": canaries["issue"]}
    verdict = {"compliant": False, "issues": [issue], "confidence": 0.9}
    client.fault("documentIntelligence", status=500, body=canaries.answer("failed submission"), count=1)
    client.fault("documentIntelligence", on="poll", status=503, body=canaries.answer("failed poll"), count=1)
    client.fault("compliance", status=503, body=canaries["failed check"], count=1)
    client.fault("compliance", body=json.dumps(verdict), count=1)
    client.fault("notifications", status=500, body=canaries["failed notification"], count=1)
    content = draw_pdf([f"A contract about\n{canaries['text']}"], title=canaries["title"])

    document_id: str = client.upload(content, fileName=f"{canaries['file name']}.pdf").json["documentId"]
    client.wait_for(document_id, "awaitingReview")
    assert canaries["text"] in client.get(f"/documents/{document_id}/text").body.decode()
    decision = {"approved": True, "reviewer": "berta", "comment": canaries["comment"]}
    assert client.decide(document_id, decision).status == 202
    return document_id


def _refused_by_compliance(client: Client, canaries: Canaries) -> str:
    client.fault("compliance", status=400, body=canaries["refusal"], count=1)
    url, canaries["SAS"] = blob_with_sas(
        client, draw_pdf([f"A note\n{canaries['text in storage']}"], title="In storage")
    )
    canaries["decoded SAS"] = unquote(canaries["SAS"])
    body = {"blobUrl": url, "userId": "anna", "metadata": {"case": canaries["metadata"]}}
    missing = {"blobUrl": url.replace(".pdf", "-gone.pdf"), "userId": "anna"}
    assert client.submit(missing).status == 400

    document_id: str = client.submit(body).json["documentId"]
    assert client.wait_for(document_id)["error"]["code"] == "complianceRefused"
    return document_id


def _refused_by_extraction(client: Client, canaries: Canaries) -> str:
    answer = canaries.answer("unreadable document", code="InvalidContent")
    client.fault("documentIntelligence", status=400, body=answer, count=1)
    content = draw_pdf([f"A note\n{canaries['text that is not read']}"], title="Not read")
    document_id: str = client.upload(content).json["documentId"]
    assert client.wait_for(document_id)["error"]["code"] == "corrupt"
    return document_id


TROUBLES = {
    "approved": _approved_after_failures,
    "refused by compliance": _refused_by_compliance,
    "refused by extraction": _refused_by_extraction,
}


def test_activities_that_raise_are_failures_and_say_why(client: Client, troubled: dict[str, str]) -> None:
    run_of(client, troubled["approved"])
    failed = items(client, "requests", f"{INSTANCE}={troubled['approved']}&durabletask.type=activity")
    said = {
        (item["name"], item["properties"]["otel.status_description"]) for item in failed if not item["success"]
    }
    reasons = {
        "extract_document_text": [
            "Document Intelligence: it answered 500",
            "Document Intelligence: it answered 503",
        ],
        "validate_compliance": ["compliance API: it answered 503"],
        "send_review_notification": ["notification webhook: it answered 500"],
    }
    for activity, texts in reasons.items():
        mine = " ".join(text for name, text in said if name == f"activity:{activity}")
        assert [text for text in texts if f": {text}" not in mine] == []


def test_a_failure_that_an_activity_returns_is_in_its_metric(client: Client, troubled: dict[str, str]) -> None:
    """The activity itself has succeeded: it knows that the document cannot be read."""
    query = f"name=ActivityDuration&status=failed&instanceId={troubled['refused by extraction']}"
    metrics = eventually(lambda: items(client, "metrics", query), "the metric of the failure has arrived")
    assert [metric["properties"]["activityName"] for metric in metrics] == ["extract_document_text"]


def test_no_content_is_in_telemetry_log_or_history(
    client: Client, canaries: Canaries, troubled: dict[str, str], extension_stack: LocalStack
) -> None:
    for instance in troubled.values():
        run_of(client, instance)
    secrets = {"storage key": DEVELOPMENT_KEY, "webhook secret": DEVELOPMENT_WEBHOOK_SECRET}

    seen = {"telemetry": request("GET", f"{client.stack.emulator_url}/telemetry").body.decode()}
    seen |= {path.name: path.read_text(errors="replace") for path in logs(extension_stack.state_dir)}
    for name, instance in troubled.items():
        query = "?showHistory=true&showHistoryOutput=true&showInput=true"
        seen[f"history of what was {name}"] = client.instance(instance, query).body.decode()

    assert {"telemetry", "devhost.log", "extension.log"} <= seen.keys()
    assert "otel.status_description" in seen["telemetry"]
    found = {(name, place) for name, text in seen.items() for place, canary in canaries.items() if canary in text}
    found |= {(name, place) for name, text in seen.items() for place, secret in secrets.items() if secret in text}
    # A reviewer's comment is part of the event that carries the decision.
    assert found - {("history of what was approved", "comment")} == set()


def logs(folder: Path) -> list[Path]:
    """The logs of all parts."""
    return [*folder.rglob("*.log")]
