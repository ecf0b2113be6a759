"""The steps of processing one document: each owns its activity, its retries, its deadline and its payloads."""

from typing import Any

from docpipeline.models.activity_inputs import (
    Completion,
    CompletionNotice,
    EndNotice,
    ErrorReport,
    RecordedEnd,
    Rejection,
    StorageRequest,
)
from docpipeline.models.approvals import FinalDecision
from docpipeline.models.compliance import ComplianceRequest, ComplianceVerdict
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.extraction import Extraction, ExtractionRequest
from docpipeline.models.failure import Failure
from docpipeline.models.jobs import Examination
from orchestrators import retries, retry_policies
from orchestrators.retries import ActivityCall, Steps
from orchestrators.retry_policies import RetryPolicy
from orchestrators.run import Run

FAILURE_CODES = {
    DocumentStatus.QUEUED: "processingFailed",
    DocumentStatus.EXTRACTING: "extractionFailed",
    DocumentStatus.VALIDATING: "complianceCheckFailed",
    DocumentStatus.AWAITING_REVIEW: "reviewFailed",
    DocumentStatus.STORING: "storingFailed",
}
"""The code of a failure that brings none of its own, by the stage it happened in."""


def examine(run: Run) -> Steps[Examination]:
    """Count the document as pending, extract its text and check it; a new generation keeps what was found."""
    if run.job.examination:
        return run.job.examination
    run.count_start()
    extraction = yield from extract_text(run)
    verdict = yield from validate_compliance(run, extraction)
    return Examination.of(extraction, verdict, run.job.policy)


def extract_text(run: Run) -> Steps[Extraction]:
    """Extract the text before the deadline. Raises DocumentFailed when the document cannot be read."""
    run.set_stage(DocumentStatus.EXTRACTING)
    policy = run.job.policy
    deadline = run.now + policy.extraction_timeout
    request = ExtractionRequest(
        **run.ids,
        blob_url=run.job.blob_url,
        model_id=policy.model_id,
        deadline=deadline,
        page_confidence_threshold=policy.extraction_page_confidence_threshold,
        low_words_threshold=policy.extraction_low_words_threshold,
    )
    call = ActivityCall("extract_document_text", request, retry_policies.EXTRACTION)
    try:
        extraction = Extraction.from_payload((yield from retries.call_before(run.context, deadline, call)))
    except retries.DeadlineExceeded:
        extraction = Extraction.too_late()
    if extraction.failure:
        raise extraction.failure.to_error()
    return extraction


def validate_compliance(run: Run, extraction: Extraction) -> Steps[ComplianceVerdict]:
    """Have the text checked. Raises DocumentFailed when the compliance service refuses our requests."""
    run.set_stage(DocumentStatus.VALIDATING)
    assert extraction.text_blob is not None, "an extraction that has not failed has a text"
    request = ComplianceRequest(**run.ids, text_blob=extraction.text_blob)
    call = ActivityCall("validate_compliance", request, retry_policies.COMPLIANCE)
    verdict = ComplianceVerdict.from_payload((yield from retries.call_activity(run.context, call)))
    if verdict.failure:
        raise verdict.failure.to_error()
    return verdict


def store_and_notify(run: Run, examination: Examination, decision: FinalDecision) -> Steps[dict[str, Any]]:
    """Store the result and notify the submitter of the approval in parallel; then the document is complete."""
    run.set_stage(DocumentStatus.STORING)
    compliant = examination.verdict.is_compliant
    store = StorageRequest(**run.ids, is_compliant=compliant, decision=decision)
    notice = CompletionNotice(**run.ids, is_compliant=compliant, decision=decision)
    yield from retries.call_in_parallel(
        run.context,
        [
            ActivityCall("store_processed_document", store, retry_policies.STORAGE),
            ActivityCall("send_completion_notification", notice, retry_policies.NOTIFICATION),
        ],
    )
    completion = Completion(**run.ids, started_at=run.started_at)
    yield from retries.call_activity(
        run.context, ActivityCall("complete_document", completion, retry_policies.STORAGE)
    )
    result = yield from _settle_end(run, DocumentStatus.COMPLETED)
    return {**result, "isCompliant": compliant}


def end_as_timed_out(run: Run) -> Steps[dict[str, Any]]:
    """Settle the end of a document that nobody decided on in time; `orchestrators.review` has closed it."""
    return (yield from _settle_end(run, DocumentStatus.TIMEOUT))


def archive_as_rejected(run: Run) -> Steps[dict[str, Any]]:
    """Archive a document that a person rejected."""
    rejection = Rejection(**run.ids, started_at=run.started_at)
    call = ActivityCall("archive_rejected_document", rejection, retry_policies.STORAGE)
    yield from retries.call_activity(run.context, call)
    return (yield from _settle_end(run, DocumentStatus.REJECTED))


def compensate(run: Run, error: Exception) -> Steps[None]:
    """Log a failure, count it and report it. A failure of one of these hides neither the others nor ``error``.

    The end that is counted is the one in the record: a run that fails after its end was written keeps that end.
    A failure that could not be written is neither counted nor announced here: `reconcile_documents`, which looks
    at every record that is not settled, writes, counts and announces it.
    """
    stage = run.stage
    failure = Failure.of(error, FAILURE_CODES.get(stage, "processingFailed"))
    report = ErrorReport(**run.ids, stage=stage, error=failure, started_at=run.started_at)
    call = ActivityCall("log_processing_error", report, retry_policies.COMPENSATION)
    recorded = yield from retries.try_activity(run.context, call)
    status = RecordedEnd.from_payload(recorded).status if recorded else None
    yield from _settle(run, status, "send_error_notification", retry_policies.COMPENSATION)


def _settle_end(run: Run, status: DocumentStatus) -> Steps[dict[str, Any]]:
    """Settle an end that is in the record. Returns the run's output."""
    yield from _settle(run, status, "announce_end", retry_policies.NOTIFICATION)
    return {"status": status.value, "documentId": run.job.document_id}


def _settle(run: Run, recorded: DocumentStatus | None, activity: str, policy: RetryPolicy) -> Steps[None]:
    """Count the end that the record shows, then announce it: an end that is announced is always counted."""
    run.set_stage(recorded or DocumentStatus.FAILED)
    if recorded:
        run.count_end(recorded)
    notice = EndNotice(**run.ids, counted=recorded is not None)
    yield from retries.try_activity(run.context, ActivityCall(activity, notice, policy))
