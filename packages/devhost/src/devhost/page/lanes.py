"""The time axis and one lane of it for each step: where ``timeline.html`` draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

from devhost.page.time_axis import AxisBreak, TimeAxis
from devhost.page.timeline import Outcome, Step, StepKind, Timeline, duration_text

_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Closer to a shortened stretch, the labels of tick and stretch would overlap.
_TICK_DISTANCE = 0.05
_NARROWEST_LABELLED_BREAK = 0.06
_KIND_LOOKS = {StepKind.CHILD: "child", StepKind.ENTITY_CALL: "entity", StepKind.SIGNAL: "entity"}
_OUTCOME_LOOKS = {Outcome.OPEN: "open", Outcome.UNUSED: "unused"}


@dataclass(frozen=True)
class Lane:
    """One step in its place.

    Attributes:
        step: The step.
        kind_look: The class of the style sheet for its kind.
        outcome_look: The class of the style sheet for its outcome.
        start: Where it begins, 0.0-1.0.
        width: How much of the axis it takes, 0.0-1.0.
        took: How long it took, or has taken so far; empty for what takes no time.
        words: The same in words, for screen readers.
    """

    step: Step
    kind_look: str
    outcome_look: str
    start: float
    width: float
    took: str
    words: str


class Lanes:
    """The axis of one timeline.

    Args:
        timeline: What is drawn.

    Attributes:
        breaks: Its shortened stretches.
        labelled_breaks: Those with room for a label.
        ticks: Where lines stand across all lanes, 0.0-1.0.
        labels: The ticks that are labelled, with the time since the start.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._axis = TimeAxis(timeline)
        self.breaks = self._axis.breaks
        self.labelled_breaks = [one for one in self.breaks if one.end - one.start >= _NARROWEST_LABELLED_BREAK]
        self.ticks = [tick for tick in _TICKS if not _is_near(tick, self.breaks)]
        self.labels = [(tick, self._since(tick)) for tick in self.ticks if not self._is_covered(tick)]

    def lane(self, step: Step) -> Lane:
        """Put one step in its place."""
        end = step.end or self._timeline.end
        start_place, end_place = self._axis.place(step.start), self._axis.place(end)
        took = "" if step.is_point else duration_text(end - step.start)
        begin = f"at {duration_text(step.start - self._timeline.start)}"
        return Lane(
            step,
            kind_look=_KIND_LOOKS.get(step.kind, step.kind),
            outcome_look=_OUTCOME_LOOKS.get(step.outcome, step.outcome),
            start=start_place,
            width=max(0.0, end_place - start_place),
            took=took,
            words=begin if step.is_point else f"{begin}, {took}, {step.outcome}",
        )

    def _is_covered(self, tick: float) -> bool:
        """Whether a tick's label would repeat the last one, or overlap that of a shortened stretch at the end."""
        if tick == 1.0:
            return any(one.end > 1 - 2 * _TICK_DISTANCE for one in self.breaks)
        return tick > 0 and self._since(tick) == self._since(1.0)

    def _since(self, tick: float) -> str:
        return "0" if tick == 0 else duration_text(self._axis.moment_at(tick) - self._timeline.start)


def _is_near(tick: float, breaks: Sequence[AxisBreak]) -> bool:
    if tick in (0.0, 1.0):
        return False
    return any(one.start - _TICK_DISTANCE < tick < one.end + _TICK_DISTANCE for one in breaks)
