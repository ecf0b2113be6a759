"""Prints on the terminal which part starts, how long its start took, and which part stops."""

from __future__ import annotations

import time
from collections.abc import Callable


def _print(line: str) -> None:
    print(line, flush=True)


class Announcer:
    """A listener for LocalStack that prints one line for each event."""

    def __init__(self, write: Callable[[str], None] = _print) -> None:
        self._write = write
        self._started: dict[str, float] = {}

    def __call__(self, part: str, event: str) -> None:
        """Print the event. `ready` has the seconds since `starting`."""
        if event == "starting":
            self._started[part] = time.monotonic()
        elif event == "ready":
            self._write(f"{part} is ready after {time.monotonic() - self._started[part]:.1f} s")
        else:
            self._write(f"{event} {part}")
