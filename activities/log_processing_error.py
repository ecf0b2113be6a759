"""Recording that a document failed."""

import logging

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.notices import ErrorReport
from docpipeline.run_ends import end_run, open_run
from docpipeline.telemetry import log_fields, measured

bp = df.Blueprint()
log = logging.getLogger(__name__)


@bp.activity_trigger(input_name="payload")
@measured
async def log_processing_error(payload: dict) -> dict:
    """Log a failure once, and close the document as failed. ErrorReport -> {}.

    Raises ServiceUnavailable, and RecordNotFound. Repeat-safe: once the record says so, nothing is logged again.
    """
    report, services = ErrorReport.from_payload(payload), get_services()
    if await open_run(services, report) is None:
        return {}
    fields = log_fields(report.document_id, report.instance_id, stage=report.stage, code=report.error.code)
    log.error("Document failed: %s: %s", report.error.code, report.error.message, extra=fields)
    await end_run(services, report, DocumentStatus.FAILED, report.started_at, error=report.error)
    return {}
