"""Notifying the submitter that a document failed."""

import azure.durable_functions as df

from docpipeline import run_ends
from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import EndNotice
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def send_error_notification(payload: dict) -> dict:
    """Notify the submitter that the document failed, with the error's code, and settle it. EndNotice -> {}.

    Nothing is sent before the record shows the failure; `reconcile_documents` then writes and announces it. Raises
    ServiceUnavailable and ServiceRefused. Repeat-safe: the notification keeps its id, and nothing is sent for a
    run that is settled or superseded.
    """
    notice = EndNotice.from_payload(payload)
    await run_ends.announce_end(get_services(), notice, counted=notice.counted)
    return {}
