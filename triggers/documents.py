"""``/documents``: send a document, read its record and its text, list the records."""

import azure.durable_functions as df
import azure.functions as func

from docpipeline import intake
from docpipeline.composition import get_services
from docpipeline.errors import BlobUnavailable
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.instance_ids import problem_with_id
from docpipeline.services.document_records import MAX_PAGE
from triggers import management_links
from triggers.durable_client import DurableClient
from triggers.http_answers import json_answer, present
from triggers.problem_details import ProblemError, answers_problems, invalid_field
from triggers.submissions import read_submission
from triggers.trace import joined_to

bp = df.Blueprint()

_DEFAULT_PAGE = 50


@bp.route(route="documents", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@bp.durable_client_input(client_name="client")
@answers_problems
async def submit_document(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, context: func.Context
) -> func.HttpResponse:
    """Accept a document and start its run.

    In: JSON ``{documentId?, blobUrl, userId, priority?, metadata?}``, or the file itself with
    ``?userId=&documentId=&priority=&fileName=``; ``?reprocess=true``; ``Idempotency-Key``.
    Out: 202 ``{id, statusQueryGetUri, ..., documentId, links}``, as MANAGEMENT_LINKS allows; or 200 with the
    record when the document is known already.
    """
    submission = read_submission(req, get_services().settings)
    with joined_to(context):
        acceptance = await intake.accept(get_services(), DurableClient(client), submission)
    if acceptance.started:
        links = get_services().settings.management_links
        return management_links.started(req, client, acceptance.record, links)
    return json_answer(present(req, acceptance.record))


@bp.route(route="documents/{documentId}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answers_problems
async def get_document(req: func.HttpRequest) -> func.HttpResponse:
    """A document's record. Out: 200 the record, 404."""
    return json_answer(present(req, await find_record(req)))


@bp.route(route="documents", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answers_problems
async def list_documents(req: func.HttpRequest) -> func.HttpResponse:
    """A page of records, newest first.

    In: ``?status=&userId=&limit=&continuationToken=``. Out: 200 ``{documents: [...], continuationToken}``; the
    token is null on the last page.
    """
    token = req.params.get("continuationToken")
    status, user_id, limit = _read_status(req), _read_user_id(req), _read_limit(req)
    records, following = await get_services().document_records.page(status, user_id, limit, token)
    shown = [present(req, record) for record in records]
    return json_answer({"documents": shown, "continuationToken": following})


@bp.route(route="documents/{documentId}/text", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answers_problems
async def get_document_text(req: func.HttpRequest) -> func.HttpResponse:
    """The extracted text. Out: 200 ``text/plain; charset=utf-8``, 404 with the reason."""
    record = await find_record(req)
    if record.text_blob is None:
        raise ProblemError(
            "not-found",
            f"Document '{record.document_id}' has no extracted text: its status is {record.status.value}.",
        )
    try:
        text = b"".join([chunk async for chunk in get_services().document_blobs.read_text(record.text_blob)])
    except BlobUnavailable as error:
        raise ProblemError("not-found", f"The text of document '{record.document_id}' was deleted.") from error
    return func.HttpResponse(text, headers={"Content-Type": "text/plain; charset=utf-8"})


async def find_record(req: func.HttpRequest) -> DocumentRecord:
    """The record of the document in the route. Raises a 404 problem."""
    document_id = req.route_params["documentId"]
    # An invalid id is simply unknown, and must not become a table key.
    record = None if problem_with_id(document_id) else await get_services().document_records.get(document_id)
    if record is None:
        raise ProblemError(
            "not-found", f"There is no document '{document_id[:100]}'. Was it sent, and as this id?"
        )
    return record


def _read_status(req: func.HttpRequest) -> DocumentStatus | None:
    value = req.params.get("status")
    if value is None:
        return None
    if value not in set(DocumentStatus):
        raise invalid_field("status", f"must be one of {', '.join(DocumentStatus)}")
    return DocumentStatus(value)


def _read_user_id(req: func.HttpRequest) -> str | None:
    value: str | None = req.params.get("userId")
    problem = problem_with_id(value) if value is not None else None
    if problem:
        raise invalid_field("userId", problem)
    return value


def _read_limit(req: func.HttpRequest) -> int:
    value = req.params.get("limit", str(_DEFAULT_PAGE))
    if not (value.isascii() and value.isdigit() and len(value) <= 4 and 1 <= int(value) <= MAX_PAGE):
        raise invalid_field("limit", f"must be a whole number from 1 to {MAX_PAGE}")
    return int(value)
