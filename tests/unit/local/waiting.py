"""Waiting for a condition with a deadline, in place of sleeping."""

import threading
import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], description: str, deadline_seconds: float = 10.0) -> None:
    """Return as soon as the condition holds; fail with the description when it does not within the deadline."""
    deadline = time.monotonic() + deadline_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {deadline_seconds} s: {description}"
        threading.Event().wait(0.01)
