"""Waiting for a person: one external event against durable timers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from azure.durable_functions.models.history import HistoryEventType

from docpipeline.models import event_names
from docpipeline.models.activity_inputs import ApprovalTimeout, ReviewNotification
from docpipeline.models.approvals import (
    OpenReview,
    Review,
    ReviewDecision,
    ReviewLookup,
    is_own_document,
    read_decision_event,
)
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.jobs import Examination
from orchestrators import retries, retry_policies
from orchestrators.retries import ActivityCall, Steps
from orchestrators.run import Run

LONGEST_TIMER = timedelta(days=3)
"""Waits are cut to this: the SDK splits a timer above six days into parts that a race cannot cancel."""
EVENTS_PER_GENERATION = 10
"""After this many events that are not a decision, the wait continues with a fresh history."""
TIMER_CUT = timedelta(seconds=1)
"""The Durable extension cuts the delay of a timer to whole seconds, so it may fire almost this much too early."""
PAUSE = timedelta(seconds=2) + TIMER_CUT
"""See `await_review`."""

_REQUEST = "send_review_notification"


@dataclass(frozen=True)
class ReviewOutcome:
    """How a wait for a person ended: with a decision, still open, or, when it has neither, at the deadline."""

    decided: Review | None = None
    still_open: OpenReview | None = None
    """The review that a new generation must go on waiting for."""

    @property
    def timed_out(self) -> bool:
        """Whether nobody decided before the deadline."""
        return self.decided is None and self.still_open is None

    @property
    def approved(self) -> bool:
        """Whether a person approved the document."""
        return self.decided is not None and self.decided.approved is True


def await_review(run: Run, examination: Examination) -> Steps[ReviewOutcome]:
    """Ask a person, remind them half-way, and wait for their decision until the deadline.

    An event that is not a decision is counted, and the wait continues. It is not a decision when it is malformed,
    comes from the submitter where four eyes are required, or was raised before the review was requested. When
    such an event came before the wait began, or after too many of them, the outcome is ``still_open``: the caller
    starts a new generation that continues the wait (docs/decisions/0005).
    """
    if run.job.open_review:
        open_review, decided = run.job.open_review, (yield from _recorded_decision(run))
    else:
        open_review, decided = yield from _request_review(run, examination)
    if decided:
        return ReviewOutcome(decided)
    if run.job.open_review or not open_review.ignored_events:
        outcome = yield from _wait(run, examination, open_review)
        if outcome.still_open is None:
            return outcome
        open_review = outcome.still_open
    run.show_wait(open_review.ignored_events)
    # The host takes a cancelled timer as settled from the start. Without a pause it would see the new generation
    # begin before the event was raised, and carry the event over into it.
    yield run.context.create_timer(run.now + PAUSE)
    return ReviewOutcome(still_open=open_review)


def _wait(run: Run, examination: Examination, open_review: OpenReview) -> Steps[ReviewOutcome]:
    for _ in range(EVENTS_PER_GENERATION):
        run.show_wait(open_review.ignored_events)
        waiting_since = run.now
        event, open_review = yield from _wait_for_event(run, examination, open_review)
        if event is None:
            return ReviewOutcome((yield from _close_at_deadline(run)))
        decided = yield from _close_by_event(run, event.result)
        if decided:
            return ReviewOutcome(decided)
        open_review = open_review.ignoring(1)
        if run.now == waiting_since:
            # The SDK hands an early event to every wait for its name: waiting again would be an endless loop.
            break
    return ReviewOutcome(still_open=open_review)


def _wait_for_event(
    run: Run, examination: Examination, open_review: OpenReview
) -> Steps[tuple[Any | None, OpenReview]]:
    """The completed event task, or None at the deadline; and the review, without its reminder once that is sent.

    The next action follows from which timer fired, which may be a second early. The context's time, the same on
    every replay, only tells a timer that fired much too early, and so was another's (docs/decisions/0020).
    """
    event = run.context.wait_for_external_event(event_names.DOCUMENT_APPROVAL)
    while not event.is_completed:
        wake_up = _next_wake_up(run, open_review)
        # The record promises the reviewer all of the time until the deadline.
        timer = run.context.create_timer(wake_up + TIMER_CUT)
        yield run.context.task_any([event, timer])
        if event.is_completed:
            _cancel(timer)
        elif retries.fired_for_another(run.context, wake_up):
            continue
        elif wake_up == open_review.deadline:
            return None, open_review
        elif wake_up == open_review.reminder_at:
            open_review = open_review.reminded()
            reminder = _notification(run, examination, open_review.deadline, reminder=True)
            yield from retries.try_activity(run.context, reminder)
    return event, open_review


def _request_review(run: Run, examination: Examination) -> Steps[tuple[OpenReview, Review | None]]:
    """Request the review. Returns it with the decision, if one was made before the request was complete."""
    run.set_stage(DocumentStatus.AWAITING_REVIEW)
    timeout = run.job.policy.approval_timeout
    deadline = run.now + timeout
    stored = yield from _send_request(run, examination, deadline)
    # The deadline that was written first counts, here as everywhere else.
    deadline = stored.deadline or deadline
    open_review = OpenReview(deadline=deadline, reminder_at=deadline - timeout / 2)
    if stored.is_decided:
        return open_review, stored
    early = _early_events(run)
    decided = yield from _decision_among(run, early.since_request)
    for _ in range(0 if decided else early.count):
        # The host keeps an event that nobody waited for, and would carry it over into the next generation.
        yield run.context.wait_for_external_event(event_names.DOCUMENT_APPROVAL)
    return open_review.ignoring(early.count), decided


def _send_request(run: Run, examination: Examination, deadline: datetime) -> Steps[Review]:
    """The review as the record has it after the request."""
    try:
        request = _notification(run, examination, deadline, reminder=False)
        stored = Review.from_payload((yield from retries.call_activity(run.context, request)))
    except Exception:
        # Nobody was notified; but a person who looked at the list of documents may have decided all the same.
        lookup = _lookup(run, give_up=True)
        stored = Review.from_payload((yield from retries.try_activity(run.context, lookup)) or {})
        if not stored.is_decided:
            raise
    return stored


def _recorded_decision(run: Run) -> Steps[Review | None]:
    """A decision whose event was raised between two generations and so was lost; it is in the record."""
    lookup = _lookup(run, give_up=False)
    return _decided((yield from retries.call_activity(run.context, lookup)))


def _close_at_deadline(run: Run) -> Steps[Review | None]:
    """Close the document as timed out, unless a decision was recorded in time whose event came too late."""
    timeout = ApprovalTimeout(**run.ids, started_at=run.started_at)
    call = ActivityCall("handle_approval_timeout", timeout, retry_policies.DECISION)
    return _decided((yield from retries.call_activity(run.context, call)))


def _close_by_event(run: Run, raised: Any) -> Steps[Review | None]:
    """The decision that the record has after the event, whoever made it; None when there is none."""
    event, job = read_decision_event(raised), run.job
    if event is None or (job.policy.require_four_eyes and is_own_document(event.reviewer, job.user_id)):
        return None
    decision = ReviewDecision(**run.ids, event=event)
    call = ActivityCall("record_decision", decision, retry_policies.DECISION)
    return _decided((yield from retries.call_activity(run.context, call)))


def _decided(stored: Any) -> Review | None:
    review = Review.from_payload(stored)
    return review if review.is_decided else None


def _lookup(run: Run, *, give_up: bool) -> ActivityCall:
    lookup = ReviewLookup(**run.ids, give_up=give_up)
    return ActivityCall("find_recorded_decision", lookup, retry_policies.DECISION)


def _notification(run: Run, examination: Examination, deadline: datetime, *, reminder: bool) -> ActivityCall:
    notification = ReviewNotification(
        **run.ids, reasons=examination.review_reasons, deadline=deadline, reminder=reminder
    )
    return ActivityCall(_REQUEST, notification, retry_policies.NOTIFICATION)


def _next_wake_up(run: Run, open_review: OpenReview) -> datetime:
    candidates = (open_review.reminder_at, open_review.deadline, run.now + LONGEST_TIMER)
    return min(moment for moment in candidates if moment)


def _cancel(timer: Any) -> None:
    # A timer that fired in the same batch of events can no longer be cancelled, and need not be.
    if not timer.is_completed:
        timer.cancel()


def _decision_among(run: Run, raised: Sequence[Any]) -> Steps[Review | None]:
    for event in raised:
        review = yield from _close_by_event(run, _content_of(event))
        if review:
            return review
    return None


def _content_of(event: Any) -> Any:
    """The content of an event in history, as a wait would return it."""
    try:
        return json.loads(event)
    except (TypeError, ValueError, RecursionError):
        return None


@dataclass(frozen=True)
class _EarlyEvents:
    """Events raised before the request for the review was complete."""

    count: int
    since_request: Sequence[Any]
    """The content of those raised after the review was requested; one raised before that is not a decision."""


def _early_events(run: Run) -> _EarlyEvents:
    """The early events, read from history itself: a wait is handed only the last of them.

    Only up to the end of the request, so that every replay finds the same events, whatever came later.
    """
    count, requests, since_request = 0, set(), []
    for past in run.context.histories:
        if past.event_type == HistoryEventType.TASK_SCHEDULED and past.Name == _REQUEST:
            requests.add(past.event_id)
        elif past.event_type == HistoryEventType.EVENT_RAISED and past.Name == event_names.DOCUMENT_APPROVAL:
            count += 1
            if requests:
                since_request.append(past.Input)
        elif past.event_type == HistoryEventType.TASK_COMPLETED and past.TaskScheduledId in requests:
            break
    return _EarlyEvents(count, since_request)
