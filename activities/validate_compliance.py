"""Checking a document's text for compliance."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.errors import ServiceRefused
from docpipeline.models.compliance import ComplianceRequest, ComplianceVerdict
from docpipeline.models.failure import Failure
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def validate_compliance(payload: dict) -> dict:
    """Have a document's text checked; the issues go into its record. ComplianceRequest -> ComplianceVerdict.

    A refusal by the compliance service is returned as failure ``complianceRefused``. Raises ServiceUnavailable,
    which is retried. Repeat-safe: the record keeps the first answer, which is returned from then on.
    """
    request, services = ComplianceRequest.from_payload(payload), get_services()
    record = await services.document_records.change(
        request, lambda current: current.begin_validation(services.clock())
    )
    if record and record.verdict:
        return record.verdict.to_payload()
    chunks = [chunk async for chunk in services.document_blobs.read_text(request.text_blob)]
    metadata = (record.metadata if record else None) or {}
    try:
        verdict, issues = await services.compliance_api.check(b"".join(chunks).decode(), metadata)
    except ServiceRefused as refusal:
        failure = Failure(code="complianceRefused", message=str(refusal))
        return ComplianceVerdict(is_compliant=False, understood=False, failure=failure).to_payload()
    record = await services.document_records.change(
        request, lambda current: current.show_verdict(verdict, issues, services.clock())
    )
    return ((record and record.verdict) or verdict).to_payload()
