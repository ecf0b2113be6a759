"""A person's decision from the request to the record, and the rules of who may decide."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self, TypeAlias

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StrictBool, StrictStr

from docpipeline.models.outside_text import AtMost, folded, problem_with_name, without_controls
from docpipeline.models.payload import Payload, RequestBody
from docpipeline.models.runs import RunReference

MAX_REVIEWER = 100
MAX_COMMENT = 2000


def _checked_reviewer(name: str) -> str:
    problem = problem_with_name(name, MAX_REVIEWER)
    if problem is None and "\ufffd" in name:
        # Who decided must be told from everybody else.
        problem = "must be well-formed Unicode text"
    if problem:
        raise ValueError(problem)
    return name


Reviewer: TypeAlias = Annotated[StrictStr, AfterValidator(_checked_reviewer)]
Comment: TypeAlias = Annotated[StrictStr, Field(max_length=MAX_COMMENT), AfterValidator(without_controls)]


class Decision(Payload):
    """What a person decides: the external event `documentApproval`, and part of the record's review."""

    approved: StrictBool
    reviewer: Reviewer
    comment: Comment | None = None


class DecisionBody(RequestBody, Decision):
    """A decision as the body of ``POST /documents/{documentId}/approval``: read strictly, then as any other."""

    model_config = ConfigDict(extra="forbid")


def read_decision_event(raised: Any) -> Decision | None:
    """The decision in an event's data, or None when it cannot be understood.

    Data raised through the SDK arrives as JSON text, through the webhook as an object.
    """
    try:
        return Decision.from_payload(json.loads(raised) if isinstance(raised, str) else raised)
    except (ValueError, RecursionError):
        return None


def is_own_document(reviewer: str, user_id: str) -> bool:
    """Whether ``reviewer`` is the submitter, or goes by a name that people take for the submitter's."""
    return folded(reviewer) == folded(user_id)


class FinalDecision(StrEnum):
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
    """How many events were raised that were no decision: malformed, early, or by the submitter."""

    def ignoring(self, events: int) -> Self:
        """The review after so many more events that were no decision."""
        return self.model_copy(update={"ignored_events": self.ignored_events + events})

    def reminded(self) -> Self:
        """The review once its reminder is sent."""
        return self.model_copy(update={"reminder_at": None})


class Review(Payload):
    """A review as the record shows it."""

    requested_at: AwareDatetime | None = None
    deadline: AwareDatetime | None = None
    """When the wait for a decision ends (UTC, exclusive): set once, with the request."""
    reasons: Annotated[tuple[Annotated[str, AtMost(40)], ...], Field(max_length=10)] = ()
    """Why a person must look (`docpipeline.models.compliance.review_reasons`)."""
    approved: bool | None = None
    reviewer: Annotated[str, Field(max_length=MAX_REVIEWER)] | None = None
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] | None = None
    decided_at: AwareDatetime | None = None

    @property
    def is_decided(self) -> bool:
        """Whether a person said yes or no."""
        return self.approved is not None

    @property
    def decision(self) -> Decision | None:
        """What a person decided; None while nobody has."""
        if self.approved is None or self.reviewer is None:
            return None
        return Decision(approved=self.approved, reviewer=self.reviewer, comment=self.comment)

    def says(self, decision: Decision) -> bool:
        """Whether it was closed by this decision, or by one to the same effect of the same reviewer."""
        return (self.approved, self.reviewer) == (decision.approved, decision.reviewer)

    def ending(self, deadline: datetime) -> Self:
        """The review with another end of the wait for a decision (UTC)."""
        return self.model_copy(update={"deadline": deadline})

    def closed_by(self, decision: Decision, at: datetime) -> "Review":
        """The review, closed by a person's decision at ``at`` (UTC)."""
        return Review(
            requested_at=self.requested_at,
            deadline=self.deadline,
            reasons=self.reasons,
            approved=decision.approved,
            reviewer=decision.reviewer,
            comment=decision.comment,
            decided_at=at,
        )


class ReviewDecision(RunReference):
    """Input of `record_decision`: what an event says a person decided."""

    event: Decision


class ReviewLookup(RunReference):
    """Input of `find_recorded_decision`."""

    give_up: bool = False
    """Whether the review ends here unless it is decided: nobody waits for a decision any more."""
