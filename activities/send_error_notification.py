"""Telling the submitter that a document failed."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.notices import ErrorReport, NotificationType
from docpipeline.notices import failure_notice
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def send_error_notification(payload: dict) -> dict:
    """Tell the submitter that the document failed, by the error's code. ErrorReport -> {}.

    Raises ServiceUnavailable and ServiceRefused. Repeat-safe: the notification keeps its id. A run that has been
    superseded is not spoken of.
    """
    report, services = ErrorReport.from_payload(payload), get_services()
    record = await services.document_records.get(report.document_id)
    if record is None or record.instance_id != report.instance_id:
        return {}
    notice = failure_notice(record, report)
    await services.notifier.send(NotificationType.FAILED, report.instance_id, report.document_id, notice)
    return {}
