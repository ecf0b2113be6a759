"""Extracting the text of a document into blob storage."""

import azure.durable_functions as df

from docpipeline.composition import Services, get_services
from docpipeline.errors import BlobUnavailable, DocumentFailed, NothingSubmitted, OperationLost, ServiceRefused
from docpipeline.models.extraction import MOST_SUBMISSIONS, Extraction, ExtractionRequest
from docpipeline.models.page_reading import doubtful_pages
from docpipeline.services.analysis import Analysis
from docpipeline.services.analysis_ledger import AnalysisLedger
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def extract_document_text(payload: dict) -> dict:
    """Put a document's text in blob storage and return a reference to it. ExtractionRequest -> Extraction.

    Confidence is the mean over words, 0.0-1.0. A document that cannot be read, or not before the deadline, is
    returned as Extraction.failed; so is a refusal by the extraction service (``extractionRefused``). Raises
    ServiceUnavailable, which is retried, and ServiceRefused when storage refuses access.

    Repeat-safe: a stored extraction is returned, a submitted analysis is resumed, and all names come from the
    run's ids. A document is billed twice only after a crash between its submission and the note of it, or when the
    first analysis brought no result. It is never billed three times (``analysisFailed``).
    """
    request, services = ExtractionRequest.from_payload(payload), get_services()
    record = await services.document_records.change(
        request, lambda current: current.begin_extraction(services.clock())
    )
    if record is None:
        return Extraction.failed("superseded", "a newer run of this document has taken over").to_payload()
    extraction = await services.document_blobs.read_extraction(request) or await _extract(services, request)
    if extraction.failure is None:
        await services.document_records.change(
            request, lambda current: current.show_extraction(extraction, services.clock())
        )
    return extraction.to_payload()


async def _extract(services: Services, request: ExtractionRequest) -> Extraction:
    """The extraction, which is stored, so that a second run returns the same."""
    extraction = await _read_document(services, request)
    await services.document_blobs.save_extraction(request, extraction)
    return extraction


async def _read_document(services: Services, request: ExtractionRequest) -> Extraction:
    try:
        analysis = await _analyze(services, request)
    except DocumentFailed as fault:
        return Extraction.failed(fault.code, fault.reason)
    except ServiceRefused as refusal:
        return Extraction.failed("extractionRefused", str(refusal))
    except BlobUnavailable:
        return Extraction.failed("contentMissing", "the document's content is no longer in storage; send it again")
    if not analysis.has_text:
        return Extraction.failed("noText", "there is no text in the document")
    return await _store(services, request, analysis)


async def _analyze(services: Services, request: ExtractionRequest) -> Analysis:
    ledger = services.document_blobs.analysis_ledger(request)
    operation_url = await ledger.operation_url() or await _submit(services, request, ledger)
    try:
        return await services.document_intelligence.result(operation_url, request.deadline)
    except OperationLost as lost:
        await ledger.forget_operation()
        if await ledger.submission_count() >= MOST_SUBMISSIONS:
            raise _analysis_failed() from lost
        # The next attempt submits the document again; the retry policy decides when.
        raise


async def _submit(services: Services, request: ExtractionRequest, ledger: AnalysisLedger) -> str:
    with await services.document_blobs.open_incoming(request.blob_url) as content:
        if not await ledger.take_submission(MOST_SUBMISSIONS):
            raise _analysis_failed()
        try:
            operation_url = await services.document_intelligence.submit(
                content, request.model_id, request.deadline
            )
        except NothingSubmitted:
            await ledger.give_back_submission()
            raise
    await ledger.save_operation(operation_url)
    return operation_url


def _analysis_failed() -> DocumentFailed:
    reason = f"the extraction service was given the document {MOST_SUBMISSIONS} times and brought no result"
    return DocumentFailed("analysisFailed", f"{reason}; send it with reprocess=true once the service is well")


async def _store(services: Services, request: ExtractionRequest, analysis: Analysis) -> Extraction:
    text_blob = await services.document_blobs.save_text(request, analysis.text)
    return Extraction(
        text_blob=text_blob,
        page_count=analysis.page_count,
        character_count=len(analysis.text),
        language=analysis.language,
        confidence=analysis.confidence,
        lowest_confidence=analysis.lowest_confidence,
        low_confidence_share=analysis.low_confidence_share,
        doubtful_pages=doubtful_pages(
            analysis.pages, request.page_confidence_threshold, request.low_words_threshold
        ),
        unmapped_share=round(analysis.unmapped_share, 4),
    )
