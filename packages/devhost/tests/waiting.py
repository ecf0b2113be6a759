"""Waiting for a condition, with a deadline: what tests do instead of sleeping."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T | None], description: str, deadline_seconds: float = 120) -> T:
    """Return the first result of ``look`` that is not None or False; fail at the deadline."""
    ends, pause = time.monotonic() + deadline_seconds, threading.Event()
    while True:
        seen = look()
        if seen is not None and seen is not False:
            return seen
        if time.monotonic() > ends:
            raise AssertionError(f"not within {deadline_seconds} s: {description}")
        pause.wait(0.02)
