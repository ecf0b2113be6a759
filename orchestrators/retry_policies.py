"""How often each activity is tried, and how long the pauses are."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with a cap and a jitter that is the same on every replay.

    Attributes:
        max_attempts: the most attempts, the first included.
        first_interval: pause before the second attempt.
        backoff: factor from one pause to the next.
        max_interval: the longest pause, without jitter.
        jitter: the largest share of the pause that is added to it, 0.0-1.0.
    """

    max_attempts: int
    first_interval: timedelta
    backoff: float = 2.0
    max_interval: timedelta = timedelta(minutes=10)
    jitter: float = 0.1

    def pause(self, attempt: int, seed: str) -> timedelta:
        """The pause after failed attempt number ``attempt`` (from 1); ``seed`` spreads instances apart."""
        # The exponent is capped as well: a thousand attempts would overflow a float.
        growth: float = self.backoff ** min(attempt - 1, 64)
        seconds = min(self.first_interval.total_seconds() * growth, self.max_interval.total_seconds())
        digest = hashlib.sha256(f"{seed}:{attempt}".encode()).digest()
        share = int.from_bytes(digest[:4], "big") / 2**32
        return timedelta(seconds=seconds * (1 + self.jitter * share))


# The deadline ends the retries, not the number of attempts.
EXTRACTION = RetryPolicy(max_attempts=1000, first_interval=timedelta(seconds=2), max_interval=timedelta(minutes=1))
# Fixed by the design: 5 s, 3 attempts, factor 2.
COMPLIANCE = RetryPolicy(max_attempts=3, first_interval=timedelta(seconds=5))
# About ten minutes in all: long enough for a receiver that is being redeployed.
NOTIFICATION = RetryPolicy(max_attempts=6, first_interval=timedelta(seconds=5), backoff=3.0)
# About a minute: long enough for storage that is throttled or fails over.
STORAGE = RetryPolicy(max_attempts=6, first_interval=timedelta(seconds=2), max_interval=timedelta(minutes=1))
# About ten minutes: a person has decided, and may have been answered that the decision counts.
DECISION = RetryPolicy(max_attempts=6, first_interval=timedelta(seconds=5), backoff=3.0)
# What fails more often is left to `reconcile_documents`.
COMPENSATION = RetryPolicy(max_attempts=4, first_interval=timedelta(seconds=2))
# Three tries in two minutes that are no attempts: the host gives a new worker one minute to start.
LOST_WORKER = RetryPolicy(max_attempts=4, first_interval=timedelta(seconds=5), backoff=4.0)
