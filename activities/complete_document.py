"""The last step of a document that passed."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.notices import Completion
from docpipeline.run_ends import end_run
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def complete_document(payload: dict) -> dict:
    """Close a document that is stored and notified. Completion -> {}.

    Raises ServiceUnavailable. Repeat-safe: a document that is completed stays so, and is counted once.
    """
    request = Completion.from_payload(payload)
    await end_run(get_services(), request, DocumentStatus.COMPLETED, request.started_at)
    return {}
