"""The clock of ``--clock virtual``: remembers how far ahead it is, so that time never runs back at a restart."""

import json
import logging
from datetime import timedelta
from pathlib import Path

from devhost.engine.clock import OffsetClock
from devhost.page.timeline import duration_text
from devhost.protection.private_files import write_private

log = logging.getLogger("devhost.host")


def open_virtual_clock(path: Path) -> OffsetClock:
    """Return the clock as an earlier run of the host left it, and save every jump.

    Timers and timestamps of running instances belong to the time that tests have moved to. Without this they would
    be in the future after a restart.

    Args:
        path: A small JSON file; absent or unreadable means real time.
    """
    clock = OffsetClock(_read_offset(path))

    def save() -> None:
        write_private(path, json.dumps({"offsetSeconds": clock.offset.total_seconds()}))

    clock.on_advance(save)
    return clock


def warn_of_skipped_time(path: Path) -> None:
    """Warn if a host on the system's clock takes over state that tests have moved into the future.

    Args:
        path: Where ``open_virtual_clock`` keeps its time.
    """
    if skipped := _read_offset(path):
        log.warning(
            "A host with --clock virtual has moved the time in %s ahead by %s, so its instances and timers lie in "
            "the future. Start it with --clock virtual again, or give another folder with --state-dir.",
            path.parent,
            duration_text(skipped),
        )


def _read_offset(path: Path) -> timedelta:
    try:
        return timedelta(seconds=max(0.0, json.loads(path.read_text(encoding="utf-8"))["offsetSeconds"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return timedelta()
