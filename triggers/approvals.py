"""``/documents/{documentId}/approval``: a person decides a flagged document."""

import logging

import azure.durable_functions as df
import azure.functions as func

from docpipeline import reviews
from docpipeline.composition import get_services
from docpipeline.errors import ServiceUnavailable
from docpipeline.models.approvals import Decision, DecisionBody, is_own_document
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import DocumentStatus
from triggers import instances
from triggers.documents import find_record
from triggers.http_answers import absolute_links, json_answer, read_json_object
from triggers.instances import Instance, InstanceGone
from triggers.problem_details import ProblemError, answers_problems

bp = df.Blueprint()
log = logging.getLogger(__name__)


@bp.route(route="documents/{documentId}/approval", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@bp.durable_client_input(client_name="client")
@answers_problems
async def decide_document(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Approve or reject a document that waits for a review; raises the event ``documentApproval``.

    A 202 says that the decision is written and counts.

    In: ``{approved, reviewer, comment?}``. Out: 202 ``{documentId, approved, reviewer, links}``; 403 the reviewer
    is the submitter; 404 unknown; 409 not waiting for a review, already decided, or too late.
    """
    decision = DecisionBody.from_payload(read_json_object(req))
    record = await find_record(req)
    _require_waiting(record)
    await _require_entitled(client, record, decision)
    await _close_review(record, decision)
    await _wake(client, record, decision)
    log.info("Review decided", extra={"document_id": record.document_id, "instance_id": record.instance_id})
    links = absolute_links(req, record.document_id)
    answer = {"documentId": record.document_id, "approved": decision.approved, "reviewer": decision.reviewer}
    return json_answer({**answer, "links": links}, 202)


async def _close_review(record: DocumentRecord, decision: Decision) -> None:
    """Write the decision; sent again, it is there already. Raises a 409 problem when the review is closed."""
    review = await reviews.close_review(get_services(), record.run, decision, until_deadline=True)
    if review is None or not review.is_decided:
        raise _too_late(record)
    if not review.says(decision):
        raise ProblemError(
            "conflict", f"Document '{record.document_id}' was decided already, by {review.reviewer}."
        )


async def _wake(client: df.DurableOrchestrationClient, record: DocumentRecord, decision: Decision) -> None:
    """Tell the instance that there is a decision in the record. Raises a 409 problem when it has ended without it.

    The decision counts from the moment it is written: an event that is lost is raised again by the reconciliation.
    """
    try:
        await instances.raise_decision(client, record.instance_id, decision)
    except InstanceGone as error:
        if not await _took_effect(record, decision):
            raise _too_late(record) from error
    except ServiceUnavailable as fault:
        ids = {"document_id": record.document_id, "instance_id": record.instance_id}
        log.warning("A decision is recorded; its event waits for the reconciliation: %s", fault, extra=ids)


async def _took_effect(record: DocumentRecord, decision: Decision) -> bool:
    """Whether the run ended by this very decision, having found it in the record before the event came."""
    ended = await get_services().document_records.get(record.document_id)
    if ended is None or ended.instance_id != record.instance_id or ended.review is None:
        return False
    by_review = ended.status in (DocumentStatus.COMPLETED, DocumentStatus.REJECTED)
    return by_review and ended.review.says(decision)


def _require_waiting(record: DocumentRecord) -> None:
    if record.status is DocumentStatus.AWAITING_REVIEW:
        return
    if record.status is DocumentStatus.TIMEOUT:
        raise _too_late(record)
    state = "has ended already" if record.status.is_final else "waits for no review"
    raise ProblemError(
        "conflict", f"Document '{record.document_id}' {state}: its status is {record.status.value}."
    )


async def _require_entitled(
    client: df.DurableOrchestrationClient, record: DocumentRecord, decision: Decision
) -> None:
    """By the limits the run was accepted under, which the orchestrator goes by as well."""
    instance = await instances.find_run(client, record)
    if is_own_document(decision.reviewer, record.user_id) and _asks_four_eyes(instance):
        raise ProblemError("forbidden", "A document is reviewed by somebody else than its submitter.")
    if instance is None or instance.has_ended:
        raise _too_late(record)


def _asks_four_eyes(instance: Instance | None) -> bool:
    if instance and instance.job:
        return instance.job.policy.require_four_eyes
    return get_services().settings.require_four_eyes


def _too_late(record: DocumentRecord) -> ProblemError:
    return ProblemError(
        "conflict",
        f"It is too late to decide document '{record.document_id}': its review has ended. Send it again with"
        " ?reprocess=true to have it reviewed anew.",
    )
