"""The compliance check."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.errors import ServiceRefused
from docpipeline.models.compliance import ComplianceRequest, ComplianceVerdict
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.failure import Failure
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def validate_compliance(payload: dict) -> dict:
    """Have a document's text checked; the issues go into its record. ComplianceRequest -> ComplianceVerdict.

    A service that refuses us for good comes back as failure ``complianceRefused``. Raises ServiceUnavailable,
    which is retried. Repeat-safe: the text is the same, and the record takes the last answer.
    """
    request, services = ComplianceRequest.from_payload(payload), get_services()
    ids = (request.document_id, request.instance_id)
    record = await services.document_records.advance(*ids, DocumentStatus.VALIDATING)
    chunks = [chunk async for chunk in services.document_blobs.read_text(request.text_blob)]
    metadata = (record.metadata if record else None) or {}
    try:
        verdict, issues = await services.compliance_api.check(b"".join(chunks).decode(), metadata)
    except ServiceRefused as refusal:
        failure = Failure(code="complianceRefused", message=str(refusal))
        return ComplianceVerdict(is_compliant=False, understood=False, failure=failure).to_payload()
    await services.document_records.amend(*ids, is_compliant=verdict.is_compliant, issues=issues)
    return verdict.to_payload()
