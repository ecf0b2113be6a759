"""The steps of processing one document: each owns its activity, its retries, its deadline and its payloads."""

from typing import Any

import azure.durable_functions as df

from docpipeline.models.activity_inputs import (
    Completion,
    CompletionNotice,
    EndNotice,
    ErrorReport,
    RecordedEnd,
    Rejection,
    StorageRequest,
)
from docpipeline.models.approvals import FinalDecision, OpenReview, Review
from docpipeline.models.compliance import ComplianceRequest, ComplianceVerdict
from docpipeline.models.counters import CounterFinish, CounterStart
from docpipeline.models.documents import COUNTER_FIELDS, DocumentStatus
from docpipeline.models.extraction import Extraction, ExtractionRequest
from docpipeline.models.failure import Failure
from docpipeline.models.instance_ids import counter_shard
from docpipeline.models.jobs import DocumentJob, Examination
from docpipeline.models.runs import RunReference
from orchestrators import retries, retry_policies
from orchestrators.retries import ActivityCall, Steps
from orchestrators.retry_policies import RetryPolicy

FAILURE_CODES = {
    DocumentStatus.QUEUED: "processingFailed",
    DocumentStatus.EXTRACTING: "extractionFailed",
    DocumentStatus.VALIDATING: "complianceCheckFailed",
    DocumentStatus.AWAITING_REVIEW: "reviewFailed",
    DocumentStatus.STORING: "storingFailed",
}
"""What to call a failure that has no code of its own, by the stage it happened in."""


def examine(context: df.DurableOrchestrationContext, job: DocumentJob) -> Steps[Examination]:
    """Count the document in, extract its text, check it."""
    _count(context, job, "start", CounterStart(instance_id=context.instance_id))
    extraction = yield from extract_text(context, job)
    verdict = yield from validate_compliance(context, job, extraction)
    return Examination.of(extraction, verdict, job.policy)


def extract_text(context: df.DurableOrchestrationContext, job: DocumentJob) -> Steps[Extraction]:
    """The extraction, in time. A document that cannot be read raises DocumentFailed."""
    set_stage(context, DocumentStatus.EXTRACTING)
    deadline = context.current_utc_datetime + job.policy.extraction_timeout
    request = ExtractionRequest(
        **_run(context, job),
        blob_url=job.blob_url,
        model_id=job.policy.model_id,
        deadline=deadline,
        page_confidence_threshold=job.policy.extraction_page_confidence_threshold,
        low_words_threshold=job.policy.extraction_low_words_threshold,
    )
    wanted = ActivityCall("extract_document_text", request, retry_policies.EXTRACTION)
    try:
        extraction = Extraction.from_payload((yield from retries.call_before(context, deadline, wanted)))
    except retries.DeadlineExceeded:
        extraction = Extraction.too_late()
    if extraction.failure:
        raise extraction.failure.to_error()
    return extraction


def validate_compliance(
    context: df.DurableOrchestrationContext, job: DocumentJob, extraction: Extraction
) -> Steps[ComplianceVerdict]:
    """The compliance service's verdict. A service that refuses us for good raises DocumentFailed."""
    set_stage(context, DocumentStatus.VALIDATING)
    request = ComplianceRequest(**_run(context, job), text_blob=extraction.text_blob)
    wanted = ActivityCall("validate_compliance", request, retry_policies.COMPLIANCE)
    verdict = ComplianceVerdict.from_payload((yield from retries.call(context, wanted)))
    if verdict.failure:
        raise verdict.failure.to_error()
    return verdict


def store_and_notify(
    context: df.DurableOrchestrationContext,
    job: DocumentJob,
    examination: Examination,
    review: Review | None = None,
) -> Steps[dict[str, Any]]:
    """Store the result and tell the submitter of the approval, side by side; then the document is complete."""
    set_stage(context, DocumentStatus.STORING)
    run, compliant = _run(context, job), examination.verdict.is_compliant
    decision = FinalDecision.APPROVED_WITH_REVIEW if review else FinalDecision.APPROVED
    store = StorageRequest(**run, is_compliant=compliant, decision=decision, review=review)
    notice = CompletionNotice(**run, is_compliant=compliant, decision=decision)
    yield from retries.call_in_parallel(
        context,
        [
            ActivityCall("store_processed_document", store, retry_policies.STORAGE),
            ActivityCall("send_completion_notification", notice, retry_policies.NOTIFICATION),
        ],
    )
    completion = Completion(**run, started_at=job.started_at)
    yield from retries.call(context, ActivityCall("complete_document", completion, retry_policies.STORAGE))
    return (yield from _end(context, job, DocumentStatus.COMPLETED, isCompliant=compliant))


def end_as_timed_out(context: df.DurableOrchestrationContext, job: DocumentJob) -> Steps[dict[str, Any]]:
    """Nobody decided in time; `review` has closed the document."""
    return (yield from _end(context, job, DocumentStatus.TIMEOUT))


def archive_as_rejected(context: df.DurableOrchestrationContext, job: DocumentJob) -> Steps[dict[str, Any]]:
    """A person said no."""
    rejection = Rejection(**_run(context, job), started_at=job.started_at)
    wanted = ActivityCall("archive_rejected_document", rejection, retry_policies.STORAGE)
    yield from retries.call(context, wanted)
    return (yield from _end(context, job, DocumentStatus.REJECTED))


def go_on_waiting(
    context: df.DurableOrchestrationContext, job: DocumentJob, examination: Examination, open_review: OpenReview
) -> None:
    """Start a new generation that waits for a person until the same deadline; its history is short again."""
    context.continue_as_new(job.waiting_on(examination, open_review).to_payload())


def compensate(context: df.DurableOrchestrationContext, job: DocumentJob, error: Exception) -> Steps[None]:
    """Log the failure, count it and report it; one of these failing never hides another, nor the error.

    Counted is what the record says: a run that fails after its end was written has ended as it says there. What
    could not be recorded is neither counted nor told here: the reconciliation looks at every record that is not
    settled, and does all three.
    """
    stage = DocumentStatus((context.custom_status or {}).get("stage", DocumentStatus.QUEUED))
    failure = Failure.of(error, FAILURE_CODES.get(stage, "processingFailed"))
    report = ErrorReport(**_run(context, job), stage=stage, error=failure, started_at=job.started_at)
    wanted = ActivityCall("log_processing_error", report, retry_policies.COMPENSATION)
    recorded = yield from best_effort(context, wanted)
    status = RecordedEnd.from_payload(recorded).status if recorded else None
    yield from _settle(context, job, status, "send_error_notification", retry_policies.COMPENSATION)


def best_effort(context: df.DurableOrchestrationContext, wanted: ActivityCall) -> Steps[Any]:
    """What it answers, retried; a last failure is in the activity's own log and is None here."""
    try:
        return (yield from retries.call(context, wanted))
    except Exception:
        return None


def set_stage(context: df.DurableOrchestrationContext, stage: DocumentStatus, **more: Any) -> None:
    """Show operators where the document stands."""
    context.set_custom_status({"stage": stage.value, **more})


def _run(context: df.DurableOrchestrationContext, job: DocumentJob) -> dict[str, Any]:
    return RunReference(document_id=job.document_id, instance_id=context.instance_id).model_dump()


def _end(
    context: df.DurableOrchestrationContext, job: DocumentJob, status: DocumentStatus, **more: Any
) -> Steps[dict[str, Any]]:
    yield from _settle(context, job, status, "announce_end", retry_policies.NOTIFICATION)
    return {"status": status.value, "documentId": job.document_id, **more}


def _settle(
    context: df.DurableOrchestrationContext,
    job: DocumentJob,
    recorded: DocumentStatus | None,
    activity: str,
    policy: RetryPolicy,
) -> Steps[None]:
    """Count the end that the record shows, then tell it: in this order, told means counted."""
    set_stage(context, recorded or DocumentStatus.FAILED)
    if recorded:
        finish = CounterFinish(instance_id=context.instance_id, field=COUNTER_FIELDS[recorded])
        _count(context, job, "finish", finish)
    notice = EndNotice(**_run(context, job), counted=recorded is not None)
    yield from best_effort(context, ActivityCall(activity, notice, policy))


def _count(
    context: df.DurableOrchestrationContext,
    job: DocumentJob,
    operation: str,
    argument: CounterStart | CounterFinish,
) -> None:
    shard = counter_shard(job.document_id, job.policy.counter_shards)
    context.signal_entity(df.EntityId("document_counter", shard), operation, argument.to_payload())
