"""Telling the submitter that a document failed."""

import azure.durable_functions as df

from docpipeline import run_ends
from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import EndNotice
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def send_error_notification(payload: dict) -> dict:
    """Tell the submitter that the document failed, by the error's code, and settle it. EndNotice -> {}.

    Raises ServiceUnavailable and ServiceRefused. Nothing is sent while the record does not say so: the
    reconciliation writes the end then, and tells it. Repeat-safe: the notification keeps its id, and a run that is
    settled or has been superseded is not spoken of.
    """
    notice = EndNotice.from_payload(payload)
    await run_ends.announce_end(get_services(), notice, counted=notice.counted)
    return {}
