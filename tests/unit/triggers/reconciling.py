"""Runs the reconciliation, and reads the counter of the one document."""

from docpipeline.models.counters import DocumentCounts
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.instance_ids import counter_shard
from docpipeline.reconciliation import reconcile_all
from tests.unit.triggers.conftest import Pipeline
from triggers.durable_client import DurableClient

SHARD = counter_shard("inv-17", 8)


async def reconcile(pipeline: Pipeline) -> int:
    return await reconcile_all(pipeline.services.as_services(), DurableClient(pipeline.runtime.client()))


def totals(pipeline: Pipeline) -> dict[str, int]:
    return pipeline.runtime.counters.get(SHARD, DocumentCounts()).totals()


def counted_in(pipeline: Pipeline, record: DocumentRecord) -> DocumentRecord:
    """Store the record, and count its run as pending."""
    pipeline.runtime.counters[SHARD] = DocumentCounts().start(record.instance_id)
    return pipeline.records.put(record)
