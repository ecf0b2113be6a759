"""The page of one instance: what it is, its timeline, what went in and came out, and what can be done to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devhost.engine.events import FINISHED
from devhost.page.lanes import Lanes
from devhost.page.rendering import render
from devhost.page.timeline import build_timeline

# Browsers draw more lanes slowly, and nobody reads them.
LANES_SHOWN = 300
CHILDREN_SHOWN = 30


@dataclass(frozen=True)
class InstanceView:
    """An instance as its page shows it.

    Attributes:
        status: Status object with ``historyEvents`` and their results.
        now: The host's time.
        token: What a form must carry to be accepted.
        parent: Id of the instance that called it, or None.
        children: Ids of the instances it called.
    """

    status: Mapping[str, Any]
    now: datetime
    token: str
    parent: str | None = None
    children: Sequence[str] = ()

    def page(self, done: str = "", show_all: bool = False) -> str:
        """Draw it.

        Args:
            done: The action of the last form, for a confirmation; empty for none.
            show_all: Whether all lanes are drawn, however many there are.
        """
        timeline = build_timeline(self.status, self.now)
        steps = timeline.steps if show_all else timeline.steps[:LANES_SHOWN]
        axis = Lanes(timeline)
        return render(
            "instance.html",
            status=self.status,
            is_finished=self.status["runtimeStatus"] in FINISHED,
            duration=timeline.end - timeline.start,
            done=done,
            token=self.token,
            parent=self.parent,
            children=self.children[:CHILDREN_SHOWN],
            hidden_children=max(0, len(self.children) - CHILDREN_SHOWN),
            axis=axis,
            lanes=[axis.lane(step) for step in steps],
            hidden_steps=len(timeline.steps) - len(steps),
        )
