"""Ctrl-C, SIGTERM and a closed terminal, all turned into one exception, once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(KeyboardInterrupt):
    """Somebody asked this program to stop. A KeyboardInterrupt, since asyncio lets that one through its tasks."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise StopRequested in the main thread at the first signal; later ones must not disturb the stopping.

    A SIGHUP that is ignored already stays so: that is what `nohup` asks for.
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
