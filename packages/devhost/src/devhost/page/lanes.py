"""The time axis and one lane of it for each step, as inline SVG that stretches with the page."""

from collections.abc import Sequence

from devhost.page.markup import Html, escaped, fill, joined
from devhost.page.time_axis import AxisBreak, TimeAxis
from devhost.page.timeline import Outcome, Step, StepKind, Timeline, duration_text

_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Closer to a shortened stretch, a tick's label would run into that of the stretch.
_TICK_DISTANCE = 0.05
_NARROWEST_LABELLED_BREAK = 0.06


class Lanes:
    """Draws the lanes of one timeline.

    Args:
        timeline: What is drawn.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._axis = TimeAxis(timeline)
        self._ticks = [tick for tick in _TICKS if not _is_near(tick, self._axis.breaks)]
        self._ground = joined([*map(_shade, self._axis.breaks), *map(_grid_line, self._ticks)])

    def axis(self) -> Html:
        """The head of all lanes: time since the start, and the length of shortened stretches."""
        labels = [self._tick_label(tick) for tick in self._ticks if not self._is_covered(tick)]
        labels += [
            _break_label(one) for one in self._axis.breaks if one.end - one.start >= _NARROWEST_LABELLED_BREAK
        ]
        return fill('<svg class="lane axis" aria-hidden="true">$labels</svg>', labels=joined(labels))

    def _is_covered(self, tick: float) -> bool:
        """Whether a tick's label would tell nothing new, or run into that of a shortened stretch at the end."""
        if tick == 1.0:
            return any(one.end > 1 - 2 * _TICK_DISTANCE for one in self._axis.breaks)
        return tick > 0 and self._since(tick) == self._since(1.0)

    def _since(self, tick: float) -> str:
        return duration_text(self._axis.moment_at(tick) - self._timeline.start)

    def lane(self, step: Step) -> Html:
        """One step in its place."""
        shape = self._point(step) if step.is_point else self._bar(step)
        return fill(
            '<svg class="lane" role="img" aria-label="$words">$ground$shape</svg>',
            words=self._in_words(step),
            ground=self._ground,
            shape=shape,
        )

    def took(self, step: Step) -> str:
        """How long the step took, or has taken so far; empty for what takes no time."""
        if step.is_point:
            return ""
        return duration_text((step.end or self._timeline.end) - step.start)

    def _in_words(self, step: Step) -> str:
        begin = f"at {duration_text(step.start - self._timeline.start)}"
        return begin if step.is_point else f"{begin}, {self.took(step)}, {step.outcome}"

    def _bar(self, step: Step) -> Html:
        start, end = self._axis.place(step.start), self._axis.place(step.end or self._timeline.end)
        return fill(
            '<rect class="bar $look" x="$x" width="$width" y="$y" height="$height" rx="3"/>',
            look=_look(step),
            x=_percent(start),
            width=_percent(max(0.0, end - start)),
            y=11 if step.kind == StepKind.TIMER else 8,
            height=6 if step.kind == StepKind.TIMER else 12,
        )

    def _point(self, step: Step) -> Html:
        # A nested svg can stand at a percentage, which the path of a diamond cannot.
        return fill(
            '<svg x="$x" y="14" overflow="visible"><path class="point $look" d="M0-7 7 0 0 7-7 0Z"/></svg>',
            look=_look(step),
            x=_percent(self._axis.place(step.start)),
        )

    def _tick_label(self, tick: float) -> Html:
        anchor = {0.0: "start", 1.0: "end"}.get(tick, "middle")
        return fill(
            '<text x="$x" y="16" text-anchor="$anchor">$since</text>',
            x=_percent(tick),
            anchor=anchor,
            since="0" if tick == 0 else self._since(tick),
        )


def _look(step: Step) -> str:
    """The classes that give a shape its colour."""
    kind = {StepKind.CHILD: "child", StepKind.ENTITY_CALL: "entity", StepKind.SIGNAL: "entity"}.get(
        step.kind, step.kind
    )
    outcome = {Outcome.OPEN: "open", Outcome.UNUSED: "unused"}.get(step.outcome, step.outcome)
    return f"{kind} {outcome}"


def _shade(one: AxisBreak) -> Html:
    return fill(
        '<rect class="break" x="$x" width="$width" height="28"/>',
        x=_percent(one.start),
        width=_percent(one.end - one.start),
    )


def _grid_line(tick: float) -> Html:
    return fill('<line class="grid" x1="$x" x2="$x" y2="28"/>', x=_percent(tick))


def _break_label(one: AxisBreak) -> Html:
    return fill(
        '<text class="shortened" x="$x" y="16" text-anchor="middle">⋯ $duration ⋯</text>',
        x=_percent((one.start + one.end) / 2),
        duration=duration_text(one.duration),
    )


def _is_near(tick: float, breaks: Sequence[AxisBreak]) -> bool:
    if tick in (0.0, 1.0):
        return False
    return any(one.start - _TICK_DISTANCE < tick < one.end + _TICK_DISTANCE for one in breaks)


def _percent(place: float) -> Html:
    return escaped(f"{place * 100:.3f}%")
