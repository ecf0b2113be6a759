"""Archiving a document that a person rejected."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import Rejection
from docpipeline.models.approvals import FinalDecision
from docpipeline.models.document_record import RunEnd
from docpipeline.models.documents import DocumentStatus
from docpipeline.run_ends import end_run, open_run
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def archive_rejected_document(payload: dict) -> dict:
    """Move the original to the archive, then close the document as rejected. Rejection -> {}.

    Raises ServiceUnavailable and ServiceRefused. Repeat-safe: an archived original stays where it is, and the
    record changes last; after that, nothing is done again.
    """
    request, services = Rejection.from_payload(payload), get_services()
    record = await open_run(services, request)
    if record is None:
        return {}
    await services.document_blobs.archive_rejected(record)
    end = RunEnd(DocumentStatus.REJECTED, decision=FinalDecision.REJECTED)
    await end_run(services, request, end, request.started_at)
    return {}
