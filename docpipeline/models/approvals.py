"""A person's decision from the request to the record, and the rule for who may decide."""

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
        # The name must identify the reviewer, and U+FFFD stands for any lost character.
        problem = "must be well-formed Unicode text"
    if problem:
        raise ValueError(problem)
    return name


Reviewer: TypeAlias = Annotated[StrictStr, AfterValidator(_checked_reviewer)]
Comment: TypeAlias = Annotated[StrictStr, Field(max_length=MAX_COMMENT), AfterValidator(without_controls)]


class Decision(Payload):
    """A person's decision: the data of the external event `documentApproval`, and part of the record's review."""

    approved: StrictBool
    reviewer: Reviewer
    comment: Comment | None = None


class DecisionBody(RequestBody, Decision):
    """A decision as the body of ``POST /documents/{documentId}/approval``, which is read strictly."""

    model_config = ConfigDict(extra="forbid")


def read_decision_event(raised: Any) -> Decision | None:
    """The decision in an event's data; None when it is malformed.

    Data raised through the SDK arrives as JSON text, data raised through the webhook as an object.
    """
    try:
        return Decision.from_payload(json.loads(raised) if isinstance(raised, str) else raised)
    except (ValueError, RecursionError):
        return None


def is_own_document(reviewer: str, user_id: str) -> bool:
    """Whether ``reviewer`` is the submitter, or has a name that people would take for the submitter's."""
    return folded(reviewer) == folded(user_id)


class FinalDecision(StrEnum):
    """How a document was decided, in its record and its notifications."""

    APPROVED = "approved"
    APPROVED_WITH_REVIEW = "approved_with_review"
    REJECTED = "rejected"
    NONE = "none"


class OpenReview(Payload):
    """A review that was requested and is not decided."""

    deadline: datetime
    reminder_at: datetime | None = None
    ignored_events: int = 0
    """How many events were not a decision: malformed, early, or raised by the submitter."""

    def ignoring(self, events: int) -> Self:
        """The review after this many more events that were not a decision."""
        return self.model_copy(update={"ignored_events": self.ignored_events + events})

    def reminded(self) -> Self:
        """The review after its reminder was sent."""
        return self.model_copy(update={"reminder_at": None})


class Review(Payload):
    """The review in a record."""

    requested_at: AwareDatetime | None = None
    deadline: AwareDatetime | None = None
    """When the wait for a decision ends (UTC, exclusive). The first request sets it."""
    reasons: Annotated[tuple[Annotated[str, AtMost(40)], ...], Field(max_length=10)] = ()
    """Why a review is needed (`docpipeline.models.compliance.review_reasons`)."""
    approved: bool | None = None
    reviewer: Annotated[str, Field(max_length=MAX_REVIEWER)] | None = None
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] | None = None
    decided_at: AwareDatetime | None = None

    @property
    def is_decided(self) -> bool:
        """Whether a person approved or rejected the document."""
        return self.approved is not None

    @property
    def decision(self) -> Decision | None:
        """The person's decision; None while there is none."""
        if self.approved is None or self.reviewer is None:
            return None
        return Decision(approved=self.approved, reviewer=self.reviewer, comment=self.comment)

    def agrees_with(self, decision: Decision) -> bool:
        """Whether it was closed by this decision, or by the same one of the same reviewer with another comment."""
        return (self.approved, self.reviewer) == (decision.approved, decision.reviewer)

    def ending(self, deadline: datetime) -> Self:
        """The review with another deadline (UTC)."""
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
    """Input of `record_decision`: the decision in an event."""

    event: Decision


class ReviewLookup(RunReference):
    """Input of `find_recorded_decision`."""

    give_up: bool = False
    """Whether to close the review for later decisions, because the run does not wait for one any more."""
