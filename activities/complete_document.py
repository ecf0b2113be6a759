"""Closing a document that passed."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import Completion
from docpipeline.models.document_record import RunEnd
from docpipeline.models.documents import DocumentStatus
from docpipeline.run_ends import end_run
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def complete_document(payload: dict) -> dict:
    """Close a document whose result is stored. Completion -> {}.

    Raises ServiceUnavailable. Repeat-safe: a completed document stays as it is, and its metrics are recorded once.
    """
    request = Completion.from_payload(payload)
    await end_run(get_services(), request, RunEnd(DocumentStatus.COMPLETED), request.started_at)
    return {}
