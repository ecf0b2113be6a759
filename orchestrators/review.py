"""Waiting for a person: one external event against durable timers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.history import HistoryEventType

from docpipeline.models import event_names
from docpipeline.models.activity_inputs import ApprovalTimeout, ReviewNotification
from docpipeline.models.approvals import (
    OpenReview,
    Review,
    ReviewDecision,
    ReviewLookup,
    ReviewOutcome,
    is_own_document,
    read_decision_event,
)
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.jobs import DocumentJob, Examination
from orchestrators import retries, retry_policies, steps
from orchestrators.retries import ActivityCall, Steps

LONGEST_TIMER = timedelta(days=3)
"""Waits are cut to this: a timer above six days becomes legs which a race cannot cancel."""
EVENTS_PER_GENERATION = 10
"""So many events that are no decision are borne before history starts afresh."""
PAUSE = timedelta(seconds=3)
"""See `await_review`; the engine may cut a second of it."""

_REQUEST = "send_review_notification"


def await_review(
    context: df.DurableOrchestrationContext, job: DocumentJob, examination: Examination
) -> Steps[ReviewOutcome]:
    """Ask a person, remind them half-way, and wait for their decision until the deadline.

    An event that is no decision (malformed, by the submitter where four eyes are asked for, or come before the
    review was requested) is counted, and the wait goes on. When it came before the wait began, or after too many
    of them, the outcome is ``still_open``: the caller starts a new generation that goes on waiting
    (docs/decisions/0005).
    """
    if job.open_review:
        open_review, decided = job.open_review, (yield from _recorded_decision(context, job))
    else:
        open_review, decided = yield from _request_review(context, job, examination)
    if decided:
        return ReviewOutcome(decided=decided)
    if job.open_review or not open_review.ignored_events:
        outcome = yield from _wait(context, job, examination, open_review)
        if outcome.still_open is None:
            return outcome
        open_review = outcome.still_open
    steps.set_stage(context, DocumentStatus.AWAITING_REVIEW, ignoredEvents=open_review.ignored_events)
    # The host takes a cancelled timer for settled from the start, and so would see the new generation begin before
    # the event, and carry the event over into it. A pause puts the event into the past.
    yield context.create_timer(context.current_utc_datetime + PAUSE)
    return ReviewOutcome(still_open=open_review)


def _wait(
    context: df.DurableOrchestrationContext, job: DocumentJob, examination: Examination, open_review: OpenReview
) -> Steps[ReviewOutcome]:
    for _ in range(EVENTS_PER_GENERATION):
        steps.set_stage(context, DocumentStatus.AWAITING_REVIEW, ignoredEvents=open_review.ignored_events)
        waiting_since = context.current_utc_datetime
        event, open_review = yield from _wait_for_event(context, job, examination, open_review)
        if event is None:
            return ReviewOutcome(decided=(yield from _close_at_deadline(context, job)))
        review = yield from _close_by_event(context, job, event.result)
        if review:
            return ReviewOutcome(decided=review)
        open_review = open_review.ignoring(1)
        if context.current_utc_datetime == waiting_since:
            # The SDK hands an early event to every wait of its name, for ever: another wait would spin.
            break
    return ReviewOutcome(still_open=open_review)


def _wait_for_event(
    context: df.DurableOrchestrationContext, job: DocumentJob, examination: Examination, open_review: OpenReview
) -> Steps[tuple[Any | None, OpenReview]]:
    """The completed event task, or None at the deadline; and the review, reminded of if it was time.

    What is to be done follows from the timer that fired, not from the clock: a timer may fire a second early.
    """
    event = context.wait_for_external_event(event_names.DOCUMENT_APPROVAL)
    while not event.is_completed:
        wake_up = _next_wake_up(context, open_review)
        timer = context.create_timer(wake_up)
        yield context.task_any([event, timer])
        if event.is_completed:
            _cancel(timer)
        elif wake_up == open_review.deadline:
            return None, open_review
        elif wake_up == open_review.reminder_at:
            open_review = open_review.reminded()
            yield from steps.best_effort(
                context, _notification(context, job, examination, open_review.deadline, True)
            )
    return event, open_review


def _request_review(
    context: df.DurableOrchestrationContext, job: DocumentJob, examination: Examination
) -> Steps[tuple[OpenReview, Review | None]]:
    """The review that was asked for, and the decision, if one was made while the request was on its way."""
    steps.set_stage(context, DocumentStatus.AWAITING_REVIEW)
    deadline: datetime = context.current_utc_datetime + job.policy.approval_timeout
    try:
        request = _notification(context, job, examination, deadline, False)
        stored = Review.from_payload((yield from retries.call(context, request)))
    except Exception:
        # Nobody could be told; but whoever looks at the list of documents may have decided all the same.
        stored = Review.from_payload((yield from steps.best_effort(context, _look(context, job, True))) or {})
        if not stored.is_decided:
            raise
    # The deadline that was written first counts, here as for everybody else.
    deadline = stored.deadline or deadline
    open_review = OpenReview(deadline=deadline, reminder_at=deadline - job.policy.approval_timeout / 2)
    if stored.is_decided:
        return open_review, stored
    early = _early_events(context)
    decided = yield from _decision_among(context, job, early.since_request)
    for _ in range(0 if decided else early.count):
        # The host keeps an event that nobody waited for, and would carry it over into the next generation.
        yield context.wait_for_external_event(event_names.DOCUMENT_APPROVAL)
    return open_review.ignoring(early.count), decided


def _recorded_decision(context: df.DurableOrchestrationContext, job: DocumentJob) -> Steps[Review | None]:
    """A decision whose event came between two generations, and so was lost; its record was written before."""
    review = Review.from_payload((yield from retries.call(context, _look(context, job, False))))
    return review if review.is_decided else None


def _look(context: df.DurableOrchestrationContext, job: DocumentJob, give_up: bool) -> ActivityCall:
    lookup = ReviewLookup(document_id=job.document_id, instance_id=context.instance_id, give_up=give_up)
    return ActivityCall("find_recorded_decision", lookup, retry_policies.DECISION)


def _close_at_deadline(context: df.DurableOrchestrationContext, job: DocumentJob) -> Steps[Review | None]:
    """Close the document as timed out, unless a decision was recorded in time whose event came too late."""
    timeout = ApprovalTimeout(
        document_id=job.document_id, instance_id=context.instance_id, started_at=job.started_at
    )
    wanted = ActivityCall("handle_approval_timeout", timeout, retry_policies.DECISION)
    review = Review.from_payload((yield from retries.call(context, wanted)))
    return review if review.is_decided else None


def _notification(
    context: df.DurableOrchestrationContext,
    job: DocumentJob,
    examination: Examination,
    deadline: datetime,
    reminder: bool,
) -> ActivityCall:
    payload = ReviewNotification(
        document_id=job.document_id,
        instance_id=context.instance_id,
        reasons=examination.review_reasons,
        deadline=deadline,
        reminder=reminder,
    )
    return ActivityCall(_REQUEST, payload, retry_policies.NOTIFICATION)


def _next_wake_up(context: df.DurableOrchestrationContext, open_review: OpenReview) -> datetime:
    cut: datetime = context.current_utc_datetime + LONGEST_TIMER
    return min(moment for moment in (open_review.reminder_at, open_review.deadline, cut) if moment)


def _cancel(timer: Any) -> None:
    # A timer that fired in the same batch of events can no longer be cancelled, and need not be.
    if not timer.is_completed:
        timer.cancel()


def _close_by_event(
    context: df.DurableOrchestrationContext, job: DocumentJob, raised: Any
) -> Steps[Review | None]:
    """The decision that the record has after the event, whoever made it; None when there is none."""
    event = read_decision_event(raised)
    if event is None or (job.policy.require_four_eyes and is_own_document(event.reviewer, job.user_id)):
        return None
    decision = ReviewDecision(document_id=job.document_id, instance_id=context.instance_id, event=event)
    wanted = ActivityCall("record_decision", decision, retry_policies.DECISION)
    review = Review.from_payload((yield from retries.call(context, wanted)))
    return review if review.is_decided else None


def _decision_among(
    context: df.DurableOrchestrationContext, job: DocumentJob, raised: Sequence[Any]
) -> Steps[Review | None]:
    for event in raised:
        review = yield from _close_by_event(context, job, _content_of(event))
        if review:
            return review
    return None


def _content_of(event: Any) -> Any:
    """What an event of the history holds, as a wait would hand it over."""
    try:
        return json.loads(event)
    except (TypeError, ValueError, RecursionError):
        return None


@dataclass(frozen=True)
class _EarlyEvents:
    """Events raised before the request of the review was done with."""

    count: int
    since_request: Sequence[Any]
    """What those hold that came after the review was requested; what came before is no decision."""


def _early_events(context: df.DurableOrchestrationContext) -> _EarlyEvents:
    """History up to the request's end, read as it stands there: a wait is handed the last early event only.

    No further, so that every replay says the same, whatever came later.
    """
    count, requests, since_request = 0, set(), []
    for past in context.histories:
        if past.event_type == HistoryEventType.TASK_SCHEDULED and past.Name == _REQUEST:
            requests.add(past.event_id)
        elif past.event_type == HistoryEventType.EVENT_RAISED and past.Name == event_names.DOCUMENT_APPROVAL:
            count += 1
            if requests:
                since_request.append(past.Input)
        elif past.event_type == HistoryEventType.TASK_COMPLETED and past.TaskScheduledId in requests:
            break
    return _EarlyEvents(count, since_request)
