"""Notifying the submitter that a document is approved."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import CompletionNotice
from docpipeline.models.event_names import NotificationType
from docpipeline.notification_contents import approval_notice
from docpipeline.run_ends import open_run
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def send_completion_notification(payload: dict) -> dict:
    """Notify the submitter that the document is approved, and how. CompletionNotice -> {}.

    It is sent while the result is being stored, so it does not mention the result; ``document.completed`` follows
    when the record shows the end. Raises ServiceUnavailable and ServiceRefused. Repeat-safe: the notification
    keeps its id, and nothing is sent for a run that has ended.
    """
    request, services = CompletionNotice.from_payload(payload), get_services()
    record = await open_run(services, request)
    if record is None:
        return {}
    notice = approval_notice(record, request.decision, request.is_compliant)
    await services.notifier.send(NotificationType.APPROVED, request, notice)
    return {}
