"""Storing the result of an approved document."""

import azure.durable_functions as df

from docpipeline.composition import get_services
from docpipeline.models.activity_inputs import StorageRequest
from docpipeline.models.documents import DocumentStatus
from docpipeline.telemetry import measured

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
@measured
async def store_processed_document(payload: dict) -> dict:
    """Put the original and ``result.json`` in the archive. StorageRequest -> {}.

    Raises ServiceUnavailable, and BlobUnavailable when there is no original. Repeat-safe: all names come from the
    run's ids, an archived original stays where it is, and nothing is stored for a run that has ended.
    """
    request, services = StorageRequest.from_payload(payload), get_services()
    record = await services.document_records.change(
        request,
        lambda current: current.begin_storing(request.is_compliant, request.decision, services.clock()),
    )
    if record is None or record.status is not DocumentStatus.STORING:
        return {}
    result = {**record.to_api(), "textBlob": record.text_blob}
    # The file outlives the run, so it says nothing of the run's progress.
    del result["status"], result["updatedAt"], result["completedAt"]
    await services.document_blobs.archive_processed(record, result)
    return {}
