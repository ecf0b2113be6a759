"""``/documents/{documentId}/approval``: a person decides on a document that awaits a review."""

import azure.durable_functions as df
import azure.functions as func

from docpipeline import reviews
from docpipeline.composition import get_services
from docpipeline.models.approvals import DecisionBody
from triggers.documents import find_record
from triggers.durable_client import DurableClient
from triggers.http_answers import absolute_links, json_answer, read_json_object
from triggers.problem_details import answers_problems

bp = df.Blueprint()


@bp.route(route="documents/{documentId}/approval", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@bp.durable_client_input(client_name="client")
@answers_problems
async def decide_document(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Approve or reject a document that awaits a review; raises the event ``documentApproval``.

    A 202 says that the decision is in the record and counts.

    In: ``{approved, reviewer, comment?}``. Out: 202 ``{documentId, approved, reviewer, links}``; 403 the reviewer
    is the submitter; 404 unknown; 409 not awaiting a review, already decided, or too late.
    """
    decision = DecisionBody.from_payload(read_json_object(req))
    record = await find_record(req)
    await reviews.decide(get_services(), DurableClient(client), record, decision)
    links = absolute_links(req, record.document_id)
    answer = {"documentId": record.document_id, "approved": decision.approved, "reviewer": decision.reviewer}
    return json_answer({**answer, "links": links}, 202)
