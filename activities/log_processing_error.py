"""Recording that a document failed."""

import logging

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import ErrorReport, RecordedEnd
from docpipeline.models.document_record import RunEnd
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.failure import DOCUMENT_FAULTS
from docpipeline.run_ends import end_run
from docpipeline.telemetry import log_fields, measured

bp = df.Blueprint()
log = logging.getLogger(__name__)


@bp.activity_trigger(input_name="payload")
@measured
async def log_processing_error(payload: dict) -> dict:
    """Log a failure once, and close the document as failed. ErrorReport -> RecordedEnd.

    The log entry is a warning when the document itself is at fault, and an error when an operator should look.

    When the record shows an end already, written by an attempt whose answer was lost, that end is returned. Raises
    ServiceUnavailable. Repeat-safe: a failure that is in the record is not logged again.
    """
    report, services = ErrorReport.from_payload(payload), get_services()
    record = await services.document_records.get(report.document_id)
    if record is None or record.instance_id != report.instance_id:
        return RecordedEnd().to_payload()
    if not record.status.is_final:
        _log(report)
        end = RunEnd(DocumentStatus.FAILED, error=report.error)
        record = await end_run(services, report, end, report.started_at) or record
    return RecordedEnd(status=record.status if record.status.is_final else DocumentStatus.FAILED).to_payload()


def _log(report: ErrorReport) -> None:
    fields = log_fields(report, stage=report.stage, code=report.error.code)
    level = logging.WARNING if report.error.code in DOCUMENT_FAULTS else logging.ERROR
    log.log(level, "Document failed: %s: %s", report.error.code, report.error.message, extra=fields)
