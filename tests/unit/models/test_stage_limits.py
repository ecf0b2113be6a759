"""How long a run may stay in a stage: longer than everything that it may do there by itself."""

from datetime import timedelta

import pytest

from docpipeline.models.approvals import Review
from docpipeline.models.documents import DocumentStatus
from docpipeline.models.stage_limits import MARGIN, RETRIES, moves_by
from orchestrators import retry_policies
from orchestrators.retry_policies import RetryPolicy
from tests.records import SUBMITTED, a_policy, a_record

POLICY = a_policy(extraction_timeout=timedelta(minutes=45), approval_timeout=timedelta(days=90))
SLACK = RETRIES + MARGIN


def all_pauses(policy: RetryPolicy) -> timedelta:
    pauses = [policy.pause(attempt, "seed") for attempt in range(1, policy.max_attempts)]
    return sum(pauses, timedelta()) * (1 + policy.jitter)


@pytest.mark.parametrize(
    ("status", "limit"),
    [
        (DocumentStatus.QUEUED, SLACK),
        (DocumentStatus.EXTRACTING, timedelta(minutes=45) + SLACK),
        (DocumentStatus.VALIDATING, SLACK),
        (DocumentStatus.AWAITING_REVIEW, timedelta(days=90) + SLACK),
        (DocumentStatus.STORING, SLACK),
        (DocumentStatus.COMPLETED, SLACK),
    ],
)
def test_each_stage_has_a_limit(status: DocumentStatus, limit: timedelta) -> None:
    assert moves_by(a_record(status=status), POLICY) == SUBMITTED + limit


def test_a_review_may_take_until_the_deadline_in_its_record() -> None:
    """Also when the settings, and so the policy of later runs, were changed meanwhile."""
    deadline = SUBMITTED + timedelta(days=2)
    waiting = a_record(status=DocumentStatus.AWAITING_REVIEW, review=Review(deadline=deadline))
    assert moves_by(waiting, POLICY) == deadline + SLACK


def test_a_decided_review_does_not_take_until_its_deadline() -> None:
    decided = Review(
        deadline=SUBMITTED + timedelta(days=90), approved=False, reviewer="rita", decided_at=SUBMITTED
    )
    record = a_record(status=DocumentStatus.AWAITING_REVIEW, review=decided)
    assert moves_by(record, POLICY) == SUBMITTED + SLACK


def test_no_stage_retries_for_longer_than_its_limit() -> None:
    """Storing is the longest: the approval is announced, then the record is completed."""
    policies = [value for value in vars(retry_policies).values() if isinstance(value, RetryPolicy)]
    others = [all_pauses(policy) for policy in policies if policy is not retry_policies.EXTRACTION]
    assert max(others) + all_pauses(retry_policies.STORAGE) < RETRIES
