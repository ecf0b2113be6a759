"""The process every document goes through."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from docpipeline.models.approvals import FinalDecision
from orchestrators import steps
from orchestrators.review import await_review
from orchestrators.run import Run

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def document_processing_orchestrator(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Take one document to its result: extract, validate, ask a person if in doubt, then store and notify.

    1. Extract the text before the deadline, then check it for compliance.
    2. If there are reasons for a review, ask a person and wait for the decision. After an event that is not a
       decision, the wait may continue in a new generation, until the same deadline (docs/decisions/0005).
    3. If nobody decides in time, close the document as timed out. If the reviewer rejects it, archive it.
    4. Otherwise store the result and notify the submitter in parallel, then close the document as completed.
    5. A failure at any point is logged, counted and reported, and then fails the instance.

    Every end is first written to the record, then counted, then announced (docs/decisions/0014).

    Input: DocumentJob ``{documentId, blobUrl, userId, priority, policy}``.
    Output: ``{status: completed|rejected|timeout, documentId, isCompliant?}``.
    """
    run = Run.begin(context)
    try:
        examination = yield from steps.examine(run)
        if not examination.review_reasons:
            return (yield from steps.store_and_notify(run, examination, FinalDecision.APPROVED))
        review = yield from await_review(run, examination)
        if review.still_open:
            return run.go_on_waiting(examination, review.still_open)
        if review.timed_out:
            return (yield from steps.end_as_timed_out(run))
        if not review.approved:
            return (yield from steps.archive_as_rejected(run))
        return (yield from steps.store_and_notify(run, examination, FinalDecision.APPROVED_WITH_REVIEW))
    except Exception as error:
        yield from steps.compensate(run, error)
        raise
