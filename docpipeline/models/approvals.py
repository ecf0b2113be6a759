"""A person's decision: as an event, as an outcome, and the rules of who may decide."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field, StrictBool, StrictStr, ValidationError

from docpipeline.models.payload import Payload, RequestBody
from docpipeline.models.runs import RunReference


class ApprovalBody(RequestBody):
    """Body of ``POST /documents/{documentId}/approval``."""

    approved: StrictBool
    reviewer: StrictStr = Field(min_length=1, max_length=100, pattern=r"\S")
    comment: StrictStr | None = Field(default=None, max_length=2000)


class ApprovalEvent(Payload):
    """The external event `documentApproval`."""

    approved: StrictBool
    reviewer: StrictStr = Field(min_length=1, max_length=100, pattern=r"\S")
    comment: StrictStr | None = Field(default=None, max_length=2000)


def read_approval_event(raised: Any) -> ApprovalEvent | None:
    """The decision in an event's data, or None when it cannot be understood.

    Data raised through the SDK arrives as JSON text, through the webhook as an object.
    """
    try:
        return ApprovalEvent.from_payload(json.loads(raised) if isinstance(raised, str) else raised)
    except (ValueError, ValidationError, RecursionError):
        return None


def is_own_document(reviewer: str, user_id: str) -> bool:
    """Whether ``reviewer`` is the submitter, whatever the case of the letters and the blanks around."""
    return reviewer.strip().casefold() == user_id.strip().casefold()


class Decision(StrEnum):
    """How a document came to its end, as its record and its notification say it."""

    APPROVED = "approved"
    APPROVED_WITH_REVIEW = "approved_with_review"
    REJECTED = "rejected"
    NONE = "none"


class OpenReview(Payload):
    """A review that a person has been asked for and has not decided."""

    deadline: datetime
    reminder_at: datetime | None = None
    ignored_events: int = 0
    """How many events were raised that were no decision: malformed, or by the submitter."""


class Review(Payload):
    """A review as the record shows it."""

    requested_at: datetime | None = None
    deadline: datetime | None = None
    """When the wait for a decision ends (UTC, exclusive): set once, with the request."""
    reasons: tuple[str, ...] = ()
    """Why a person must look (`docpipeline.models.compliance.review_reasons`)."""
    approved: bool | None = None
    reviewer: str | None = None
    comment: str | None = None
    decided_at: datetime | None = None

    @property
    def is_decided(self) -> bool:
        """Whether a person said yes or no."""
        return self.approved is not None


class ReviewDecision(RunReference):
    """Input of `record_decision`: what an event says a person decided."""

    event: ApprovalEvent


class ReviewOutcome(Payload):
    """How a wait for a person ended: decided, with an event that was no decision, or, neither, timed out."""

    decided: Review | None = None
    still_open: OpenReview | None = None
