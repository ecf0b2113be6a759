from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestrators import retry_policies
from orchestrators.retry_policies import RetryPolicy


def test_compliance_is_tried_three_times_after_five_and_ten_seconds() -> None:
    policy = retry_policies.COMPLIANCE
    assert policy.max_attempts == 3
    for attempt, seconds in ((1, 5), (2, 10)):
        assert timedelta(seconds=seconds) <= policy.pause(attempt, "doc-1") <= timedelta(seconds=seconds * 1.1)


@given(st.integers(min_value=1, max_value=10_000), st.text())
def test_a_pause_is_the_same_on_every_replay_and_never_longer_than_cap_and_jitter(attempt: int, seed: str) -> None:
    policy = RetryPolicy(10_000, timedelta(seconds=2), max_interval=timedelta(minutes=1), jitter=0.1)
    pause = policy.pause(attempt, seed)
    assert pause == policy.pause(attempt, seed)
    assert timedelta(seconds=2) <= pause <= timedelta(seconds=66)


def test_instances_that_failed_together_do_not_retry_together() -> None:
    pauses = {retry_policies.STORAGE.pause(1, f"doc-{number}") for number in range(100)}
    assert len(pauses) > 90
