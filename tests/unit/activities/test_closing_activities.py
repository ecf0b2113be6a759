"""Activities at the end of a run: storing, announcing, and recording failures."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from azure.storage.blob.aio import BlobServiceClient

from activities.announce_end import announce_end
from activities.complete_document import complete_document
from activities.log_processing_error import log_processing_error
from activities.send_completion_notification import send_completion_notification
from activities.send_error_notification import send_error_notification
from activities.store_processed_document import store_processed_document
from docpipeline.models.approvals import FinalDecision, Review
from docpipeline.models.documents import DocumentStatus
from docpipeline.services.pending_places import PendingPlaces
from tests.azurite import Azurite
from tests.unit.activities.conftest import PDF, Pipeline
from tests.unit.activities.results import result_of


def a_storage_request(pipeline: Pipeline, **fields: Any) -> dict[str, Any]:
    return {**pipeline.run, "isCompliant": True, "decision": "approved", **fields}


def an_error_report(pipeline: Pipeline) -> dict[str, Any]:
    error = {"code": "corrupt", "message": "the file is damaged"}
    return {**pipeline.run, "stage": "extracting", "error": error, "startedAt": pipeline.started_a_minute_ago()}


async def archived(pipeline: Pipeline, azurite: Azurite) -> dict[str, bytes]:
    """Everything in the document's archive folder, by file name."""
    async with BlobServiceClient.from_connection_string(azurite.connection_string) as client:
        container = client.get_container_client("archive")
        prefix = f"processed/{pipeline.document_id}/"
        names = [name async for name in container.list_blob_names(name_starts_with=prefix)]
        return {name.rpartition("/")[2]: await (await container.download_blob(name)).readall() for name in names}


async def test_a_processed_document_is_stored_with_its_result(pipeline: Pipeline, azurite: Azurite) -> None:
    await pipeline.accept(DocumentStatus.VALIDATING, is_compliant=True, page_count=3)
    for _ in range(2):
        assert await store_processed_document(a_storage_request(pipeline)) == result_of("store_processed_document")
    files = await archived(pipeline, azurite)
    result = json.loads(files["result.json"])
    assert files["original.pdf"] == PDF
    assert (result["documentId"], result["pageCount"]) == (pipeline.document_id, 3)
    assert (result["decision"], result["isCompliant"]) == ("approved", True)
    assert (await pipeline.record()).status is DocumentStatus.STORING


async def test_a_document_that_passed_by_a_review_keeps_the_review_of_its_record(
    pipeline: Pipeline, azurite: Azurite
) -> None:
    """Runs that are in flight passed a review of their own, which is not read any more."""
    reviewed = Review(requested_at=pipeline.clock(), approved=True, reviewer="grace", decided_at=pipeline.clock())
    await pipeline.accept(DocumentStatus.AWAITING_REVIEW, review=reviewed)
    request = a_storage_request(pipeline, decision="approved_with_review", review={"reviewer": "mallory"})
    await store_processed_document(request)
    record = await pipeline.record()
    result = json.loads((await archived(pipeline, azurite))["result.json"])
    assert record.decision is FinalDecision.APPROVED_WITH_REVIEW
    assert record.review == reviewed
    assert result["review"]["reviewer"] == "grace"


async def test_the_approval_is_announced_and_not_an_end(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.STORING, file_name="a.pdf")
    notice = {**pipeline.run, "isCompliant": False, "decision": "approved_with_review"}
    await send_completion_notification(notice)
    ((_, instance_id, document_id, data),) = pipeline.notifier.sent
    assert pipeline.notifier.types() == ["document.approved"]
    assert {"instanceId": instance_id, "documentId": document_id} == pipeline.run
    assert data["decision"] == "approved_with_review"
    assert (data["status"], data["isCompliant"], data["userId"]) == ("storing", False, "ada")


async def test_a_document_is_completed_and_counted_once(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.STORING)
    for _ in range(2):
        await complete_document({**pipeline.run, "startedAt": pipeline.started_a_minute_ago()})
    record = await pipeline.record()
    assert (record.status, record.completed_at) == (DocumentStatus.COMPLETED, pipeline.clock())
    assert [metric.properties["result"] for metric in pipeline.metrics.named("DocumentsCompleted")] == [
        "completed"
    ]
    assert len(pipeline.metrics.named("OrchestrationDuration")) == 1
    assert pipeline.notifier.sent == []


async def test_completion_is_announced_once_it_is_recorded(pipeline: Pipeline) -> None:
    """`completed` was announced while storage was down, and then `failed`."""
    await pipeline.accept(DocumentStatus.STORING, decision=FinalDecision.APPROVED, is_compliant=True)
    await announce_end(pipeline.run)
    assert pipeline.notifier.sent == []
    await complete_document({**pipeline.run, "startedAt": pipeline.started_a_minute_ago()})
    for _ in range(2):
        await announce_end(pipeline.run)
    ((*_, data),) = pipeline.notifier.sent
    assert pipeline.notifier.types() == ["document.completed"]
    assert (data["status"], data["decision"], data["isCompliant"]) == ("completed", "approved", True)


@pytest.mark.parametrize("status", [status for status in DocumentStatus if not status.is_final])
async def test_a_failure_is_logged_once_and_closes_the_document_whatever_its_stage(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture, status: DocumentStatus
) -> None:
    await pipeline.accept(status)
    caplog.set_level(logging.WARNING)
    for _ in range(2):
        assert await log_processing_error(an_error_report(pipeline)) == result_of(
            "log_processing_error", {"status": "failed"}
        )
    (logged,) = caplog.records
    record = await pipeline.record()
    assert logged.getMessage() == "Document failed: corrupt: the file is damaged"
    assert logged.__dict__["document_id"] == pipeline.document_id
    assert record.status is DocumentStatus.FAILED
    assert record.error is not None
    assert record.error.code == "corrupt"
    assert [metric.properties["result"] for metric in pipeline.metrics.named("DocumentsCompleted")] == ["failed"]


@pytest.mark.parametrize(
    ("code", "level"), [("corrupt", "WARNING"), ("noText", "WARNING"), ("extractionRefused", "ERROR")]
)
async def test_only_a_failure_that_an_operator_can_fix_is_logged_as_an_error(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture, code: str, level: str
) -> None:
    """Bad files are normal. Alerts for them would hide the important ones."""
    await pipeline.accept(DocumentStatus.EXTRACTING)
    report = an_error_report(pipeline)
    await log_processing_error({**report, "error": {"code": code, "message": "why"}})
    (logged,) = [record for record in caplog.records if "Document failed" in record.getMessage()]
    assert (logged.levelname, logged.exc_info) == (level, None)


async def test_a_failure_is_announced_with_its_code(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.EXTRACTING)
    await send_error_notification(pipeline.run)
    assert pipeline.notifier.sent == []
    await log_processing_error(an_error_report(pipeline))
    await send_error_notification(pipeline.run)
    ((_, _, _, data),) = pipeline.notifier.sent
    assert pipeline.notifier.types() == ["document.failed"]
    assert data["error"] == {"code": "corrupt"}
    assert (data["status"], data["stage"]) == ("failed", "extracting")


async def test_a_failure_after_the_end_was_recorded_does_not_change_it(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.COMPLETED)
    assert await log_processing_error(an_error_report(pipeline)) == result_of(
        "log_processing_error", {"status": "completed"}
    )
    assert (await pipeline.record()).error is None


async def test_a_document_that_ends_releases_its_place(pipeline: Pipeline, places: PendingPlaces) -> None:
    record = await pipeline.accept(DocumentStatus.STORING)
    await places.take(record.run)
    await complete_document({**pipeline.run, "startedAt": pipeline.started_a_minute_ago()})
    later = pipeline.clock() + timedelta(days=1)
    assert record.instance_id not in [place.instance_id async for place in places.taken_before(later)]


async def test_a_superseded_run_changes_and_announces_nothing(pipeline: Pipeline) -> None:
    await pipeline.accept(DocumentStatus.VALIDATING)
    await pipeline.supersede()
    before = await pipeline.record()
    await store_processed_document(a_storage_request(pipeline))
    await send_completion_notification({**pipeline.run, "isCompliant": True, "decision": "approved"})
    await complete_document({**pipeline.run, "startedAt": pipeline.started_a_minute_ago()})
    await log_processing_error(an_error_report(pipeline))
    await send_error_notification(pipeline.run)
    await announce_end(pipeline.run)
    assert await pipeline.record() == before
    assert pipeline.notifier.sent == []
