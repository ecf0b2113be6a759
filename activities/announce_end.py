"""Notifying the submitter of how a document ended."""

import azure.durable_functions as df

from docpipeline import run_ends
from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import EndNotice
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def announce_end(payload: dict) -> dict:
    """Notify the submitter of the end that the record shows, and settle it. EndNotice -> {}.

    Raises ServiceUnavailable and ServiceRefused; `reconcile_documents` tries again what failed for good here.
    Repeat-safe: the notification keeps its id, and nothing is sent for a run that is settled or superseded.
    """
    notice = EndNotice.from_payload(payload)
    await run_ends.announce_end(get_services(), notice, counted=notice.counted)
    return {}
