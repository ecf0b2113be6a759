"""``/documents/{documentId}/approval``: a person decides a flagged document."""

import logging

import azure.durable_functions as df
import azure.functions as func

from docpipeline.composition import get_services
from docpipeline.models.approvals import ApprovalBody, ApprovalEvent, Review, is_own_document
from docpipeline.models.documents import DocumentRecord, DocumentStatus
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

    In: ``{approved, reviewer, comment?}``. Out: 202 ``{documentId, approved, reviewer, links}``; 403 the reviewer
    is the submitter; 404 unknown; 409 not waiting for a review, already decided, or too late.
    """
    decision = ApprovalBody.from_payload(read_json_object(req))
    record = await find_record(req)
    _require_waiting(record)
    await _require_entitled(client, record, decision)
    decided = await _record_decision(record, decision)
    try:
        await instances.raise_decision(client, decided.instance_id, event_of(decided))
    except InstanceGone as error:
        if not await _took_effect(decided):
            raise _too_late(record) from error
    log.info("Review decided", extra={"document_id": record.document_id, "instance_id": record.instance_id})
    links = absolute_links(req, record.document_id)
    answer = {"documentId": record.document_id, "approved": decision.approved, "reviewer": decision.reviewer}
    return json_answer({**answer, "links": links}, 202)


async def _took_effect(decided: DocumentRecord) -> bool:
    """Whether the run ended by this very decision, having found it in the record before the event came."""
    ended = await get_services().document_records.get(decided.document_id)
    if ended is None or ended.instance_id != decided.instance_id or ended.review is None:
        return False
    by_review = ended.status in (DocumentStatus.COMPLETED, DocumentStatus.REJECTED)
    return by_review and event_of(ended) == event_of(decided)


def event_of(record: DocumentRecord) -> ApprovalEvent:
    """The event that tells the waiting instance what the record says was decided."""
    review = record.review or Review()
    return ApprovalEvent.from_payload(review.to_payload())


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
    client: df.DurableOrchestrationClient, record: DocumentRecord, decision: ApprovalBody
) -> None:
    """By the limits the run was accepted under, which the orchestrator goes by as well."""
    instance = await instances.find(client, record.instance_id)
    if is_own_document(decision.reviewer, record.user_id) and _asks_four_eyes(instance):
        raise ProblemError("forbidden", "A document is reviewed by somebody else than its submitter.")
    requested_at = record.review.requested_at if record.review else None
    deadline = instances.deadline_of(instance, requested_at) if instance else None
    if instance is None or instance.has_ended or (deadline and get_services().clock() >= deadline):
        raise _too_late(record)


def _asks_four_eyes(instance: Instance | None) -> bool:
    if instance and instance.job:
        return instance.job.policy.require_four_eyes
    return get_services().settings.require_four_eyes


async def _record_decision(record: DocumentRecord, decision: ApprovalBody) -> DocumentRecord:
    """Write the decision into the record, unless somebody else was quicker.

    The record comes before the event: of two deciders one wins here, and what a crash leaves between the two is
    raised by the same decision sent again, or by the reconciliation.
    """

    def decided(current: DocumentRecord) -> DocumentRecord | None:
        if current.instance_id != record.instance_id or current.status is not DocumentStatus.AWAITING_REVIEW:
            raise _too_late(current)
        review = current.review or Review()
        if review.approved is None:
            now = get_services().clock()
            written = review.model_copy(update={**decision.model_dump(), "decided_at": now})
            return current.model_copy(update={"review": written, "updated_at": now})
        if (review.approved, review.reviewer) == (decision.approved, decision.reviewer):
            return None
        raise ProblemError(
            "conflict", f"Document '{current.document_id}' was decided already, by {review.reviewer}."
        )

    return await get_services().document_records.update(record.document_id, decided)


def _too_late(record: DocumentRecord) -> ProblemError:
    return ProblemError(
        "conflict",
        f"It is too late to decide document '{record.document_id}': its review has ended. Send it again with"
        " ?reprocess=true to have it reviewed anew.",
    )
