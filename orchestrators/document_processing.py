"""The process every document goes through."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from docpipeline.models.jobs import DocumentJob
from orchestrators import review, steps

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def document_processing_orchestrator(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Take one document to its result: extract, validate, ask a person if in doubt, then store and notify.

    1. Extract the text before the deadline, then check it for compliance.
    2. When a check says so, ask a person and wait. Events that are no decision can make the wait go on in a new
       generation, until the same deadline (docs/decisions/0005).
    3. Nobody decided in time: close as timed out. Not approved: archive as rejected.
    4. Otherwise store and notify in parallel, then close as completed.
    5. Whatever fails on the way is logged, counted and reported, and then fails the instance.

    Every end is written first, then counted, then told (docs/decisions/0014).

    Input: DocumentJob ``{documentId, blobUrl, userId, priority, policy}``.
    Output: ``{status: completed|rejected|timeout, documentId, isCompliant?}``.
    """
    job = DocumentJob.from_payload(context.get_input()).begun(context.current_utc_datetime)
    try:
        examination = job.examination or (yield from steps.examine(context, job))
        if not examination.review_reasons:
            return (yield from steps.store_and_notify(context, job, examination))
        outcome = yield from review.await_review(context, job, examination)
        if outcome.still_open:
            return steps.go_on_waiting(context, job, examination, outcome.still_open)
        if outcome.decided is None:
            return (yield from steps.end_as_timed_out(context, job))
        if not outcome.decided.approved:
            return (yield from steps.archive_as_rejected(context, job))
        return (yield from steps.store_and_notify(context, job, examination, outcome.decided))
    except Exception as error:
        yield from steps.compensate(context, job, error)
        raise
