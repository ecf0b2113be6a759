"""What clients are told where a record in the table is damaged."""

from dataclasses import replace

from azure.data.tables.aio import TableClient

from docpipeline import composition
from docpipeline.services import record_rows
from docpipeline.services.document_records import DocumentRecords
from tests.azurite import Azurite
from tests.records import a_record
from tests.unit.triggers.conftest import Pipeline


async def test_a_damaged_record_is_said_to_be_one_and_is_missing_in_lists_only(
    pipeline: Pipeline, records: DocumentRecords, azurite: Azurite, document_id: str
) -> None:
    """It was a 400 that blamed the request, for this document and for every list."""
    good, bad = (a_record(f"{document_id}-{name}", user_id=document_id) for name in ("good", "bad"))
    async with TableClient.from_connection_string(azurite.connection_string, record_rows.TABLE) as table:
        for record in (good, bad):
            await records.create(record)
        for row in (record_rows.record_row(bad), *record_rows.listing_rows(bad).values()):
            await table.upsert_entity({**row, "record": '{"status": "sleeping"}'})

    with composition.use_services(replace(pipeline.services.as_services(), document_records=records)):
        shown, text = await pipeline.show(bad.document_id), await pipeline.text(bad.document_id)
        listed = await pipeline.list(userId=document_id)
        sent_again = await pipeline.upload(documentId=bad.document_id, userId=document_id)

    for answer in (shown, text, sent_again):
        assert answer.is_problem(500, "damaged")
        assert f"id|{bad.document_id}" in answer.json["detail"]
        assert "operations.md" in answer.json["detail"]
    assert [document["documentId"] for document in listed.json["documents"]] == [good.document_id]
