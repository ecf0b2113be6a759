"""Turns Ctrl-C, SIGTERM and a closed terminal into one exception, which is raised once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(KeyboardInterrupt):
    """Somebody asked this program to stop. A KeyboardInterrupt, because asyncio lets that through its tasks."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise StopRequested in the main thread at the first signal. Later signals are ignored while the parts stop.

    If SIGHUP is ignored already, as under `nohup`, it stays ignored.
    """
    previous = {each: signal.getsignal(each) for each in _SIGNALS}
    watched = [each for each in _SIGNALS if each != signal.SIGHUP or previous[each] != signal.SIG_IGN]

    def request_stop(number: int, frame: FrameType | None) -> None:
        for each in watched:
            signal.signal(each, signal.SIG_IGN)
        raise StopRequested

    for each in watched:
        signal.signal(each, request_stop)
    try:
        yield
    finally:
        for each in watched:
            signal.signal(each, previous[each])
