"""Places of moments on a drawn axis, where milliseconds of work may be next to days of waiting.

The axis is true to scale, except that a stretch in which no activity runs is shortened if it would dwarf the work.
Drawings must mark those stretches (``breaks``), so that nobody reads their width as time.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from devhost.page.timeline import Step, Timeline

_NOTHING = timedelta()
# A quiet stretch longer than this many times all the work is shortened.
_DWARFS = 4
# Shortened stretches share at most this part of the axis, and none takes more than a sixth.
_SHARE_OF_ALL_BREAKS, _LARGEST_BREAK = 0.5, 1 / 6


@dataclass(frozen=True)
class AxisBreak:
    """A shortened stretch: from and to where it lies, 0.0-1.0, and how long it really is."""

    start: float
    end: float
    duration: timedelta


class TimeAxis:
    """Maps moments of a timeline to places between 0.0 and 1.0.

    Args:
        timeline: What is to be drawn.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._moments = _boundaries(timeline)
        self.breaks: list[AxisBreak] = []
        self._places = self._placed(_quiet_and_long(self._moments, timeline.steps))

    def place(self, moment: datetime) -> float:
        """Where a moment lies; those outside the timeline lie at its ends."""
        index = min(max(bisect_right(self._moments, moment) - 1, 0), len(self._moments) - 2)
        start, end = self._moments[index : index + 2]
        part = (moment - start) / (end - start)
        low, high = self._places[index : index + 2]
        return min(1.0, max(0.0, low + part * (high - low)))

    def moment_at(self, place: float) -> datetime:
        """The moment that lies at a place."""
        index = min(max(bisect_right(self._places, place) - 1, 0), len(self._places) - 2)
        low, high = self._places[index : index + 2]
        part = (place - low) / (high - low) if high > low else 0.0
        start, end = self._moments[index : index + 2]
        return start + part * (end - start)

    def _placed(self, shortened: Sequence[bool]) -> list[float]:
        gaps = [end - start for start, end in pairwise(self._moments)]
        true_to_scale = sum((gap for gap, short in zip(gaps, shortened, strict=True) if not short), _NOTHING)
        count = sum(shortened)
        break_width = min(_LARGEST_BREAK, _SHARE_OF_ALL_BREAKS / count) if count else 0.0
        scale = 1.0 - break_width * count
        places = [0.0]
        for gap, short in zip(gaps, shortened, strict=True):
            width = break_width if short else scale * (gap / true_to_scale)
            if short:
                self.breaks.append(AxisBreak(places[-1], places[-1] + width, gap))
            places.append(places[-1] + width)
        return places


def _boundaries(timeline: Timeline) -> list[datetime]:
    moments = {timeline.start, timeline.end}
    for step in timeline.steps:
        moments.update(moment for moment in (step.start, step.end) if moment)
    # The axis needs a length, even for an instance that has just begun.
    ends = [max(moments), timeline.start + timedelta(milliseconds=1)]
    return sorted(moments | {max(ends)})


def _quiet_and_long(moments: Sequence[datetime], steps: Sequence[Step]) -> list[bool]:
    """For each stretch between two moments, whether it is to be shortened."""
    changes = dict.fromkeys(moments, 0)
    for step in steps:
        if step.is_busy:
            changes[step.start] += 1
            changes[step.end or moments[-1]] -= 1
    running, busy, gaps = 0, _NOTHING, []
    for start, end in pairwise(moments):
        running += changes[start]
        gaps.append((end - start, running > 0))
        busy += (end - start) * (running > 0)
    return [busy > _NOTHING and not is_busy and gap > _DWARFS * busy for gap, is_busy in gaps]
