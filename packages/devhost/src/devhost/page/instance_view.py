"""The page of one instance: what it is, its timeline, what went in and came out, and what can be done to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devhost.engine.events import FINISHED
from devhost.page.lanes import Lanes
from devhost.page.markup import Html, escaped, fill, joined, payload, render
from devhost.page.timeline import Outcome, Step, Timeline, build_timeline, duration_text
from devhost.page.views import badge, instance_link, page, time_tag

# More lanes make a page that nobody reads and browsers draw slowly.
LANES_SHOWN = 300
CHILDREN_SHOWN = 30

_DONE = {
    "raise": "The event was raised.",
    "terminate": "Termination was requested.",
    "suspend": "Suspension was requested.",
    "resume": "The instance was asked to go on.",
    "rewind": "The failed parts run again.",
}


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

    def page(self, done: str = "", show_all: bool = False) -> Html:
        """Draw it.

        Args:
            done: What the last form did, to be confirmed; empty for nothing.
            show_all: Whether all lanes are drawn, however many there are.
        """
        status, timeline = self.status, build_timeline(self.status, self.now)
        notice = fill('<p class="notice" role="status">$text</p>', text=_DONE[done]) if done in _DONE else Html()
        main = render(
            "instance",
            name=status["name"],
            instance_id=status["instanceId"],
            badge=badge(status["runtimeStatus"]),
            notice=notice,
            facts=_list([*_facts(status, timeline), *self._relatives()]),
            timeline=_timeline(timeline, instance_link(status["instanceId"]), show_all),
            actions=_actions(status, self.token),
        )
        return page(f"{status['name']} {status['instanceId']}", main, "instances")

    def _relatives(self) -> list[tuple[str, Html]]:
        shown = [("Called by", [self.parent] if self.parent else []), ("Called", self.children[:CHILDREN_SHOWN])]
        hidden = len(self.children) - CHILDREN_SHOWN
        facts = [(name, joined(map(_relative, ids))) for name, ids in shown if ids]
        return facts + ([("", escaped(f"and {hidden} more"))] if hidden > 0 else [])


def _relative(instance_id: str) -> Html:
    return fill('<a class="relative" href="$link">$id</a> ', link=instance_link(instance_id), id=instance_id)


def _facts(status: Mapping[str, Any], timeline: Timeline) -> list[tuple[str, Html]]:
    is_failed = status["runtimeStatus"] == "Failed"
    passed = "Took" if status["runtimeStatus"] in FINISHED else "Running for"
    return [
        ("Created", joined([time_tag(status["createdTime"]), " UTC"])),
        (passed, escaped(duration_text(timeline.end - timeline.start))),
        ("Custom status", _shown(status["customStatus"])),
        ("Input", _shown(status["input"])),
        ("Error" if is_failed else "Output", _shown(status["output"])),
    ]


def _timeline(timeline: Timeline, link: str, show_all: bool) -> Html:
    if not timeline.steps:
        return Html('<p class="empty">Nothing has happened yet.</p>')
    lanes = Lanes(timeline)
    steps = timeline.steps if show_all else timeline.steps[:LANES_SHOWN]
    hidden = len(timeline.steps) - len(steps)
    more = (
        fill('<p><a href="$link?all=1">Show $count more steps</a></p>', link=link, count=hidden)
        if hidden
        else Html()
    )
    rows = joined(_step(step, lanes) for step in steps)
    return render("timeline", axis=lanes.axis(), rows=rows, more=more)


def _step(step: Step, lanes: Lanes) -> Html:
    return render(
        "step",
        look=escaped({Outcome.OPEN: "open", Outcome.UNUSED: "unused"}.get(step.outcome, step.outcome)),
        label=step.label,
        kind=step.kind,
        lane=lanes.lane(step),
        took=lanes.took(step),
        outcome=step.outcome,
        details=_details(step),
    )


def _details(step: Step) -> Html:
    facts = [("What", escaped(f"{step.kind}, {step.outcome}")), ("Began", _moment(step.start))]
    if step.planned_end and step.planned_end != step.end:
        facts.append(("Due", _moment(step.planned_end)))
    if step.end and not step.is_point:
        facts.append(("Ended", _moment(step.end)))
    payloads = (("Error", step.error), ("Input", step.input), ("Output", step.output))
    facts += [(name, payload(value)) for name, value in payloads if value is not None]
    return _list(facts)


def _actions(status: Mapping[str, Any], token: str) -> Html:
    state, link = status["runtimeStatus"], instance_link(status["instanceId"])
    forms = []
    if state not in FINISHED:
        forms = [render("raise_event", link=link, token=token)]
        turn = ("resume", "Resume") if state == "Suspended" else ("suspend", "Suspend")
        forms += [_form(link, token, *turn), _form(link, token, "terminate", "Terminate")]
    elif state == "Failed":
        forms = [_form(link, token, "rewind", "Rewind")]
    if not forms:
        return Html()
    return fill('<section class="actions" aria-label="Actions">$forms</section>', forms=joined(forms))


def _form(link: str, token: str, verb: str, label: str) -> Html:
    explained = {
        "terminate": "It ends where it is. What it began elsewhere goes on; this cannot be undone.",
        "suspend": "It takes no further step until it is resumed.",
        "resume": "It goes on where it was suspended.",
        "rewind": "Its failed activities run again, and it goes on from there.",
    }
    return render("action", link=link, token=token, verb=verb, label=label, explained=explained[verb])


def _shown(value: Any) -> Html:
    return Html('<span class="nothing">–</span>') if value is None else payload(value)


def _moment(moment: datetime) -> Html:
    return joined([time_tag(moment.isoformat().replace("+00:00", "Z")), " UTC"])


def _list(facts: list[tuple[str, Html]]) -> Html:
    rows = joined(
        fill("<div><dt>$name</dt><dd>$value</dd></div>", name=name, value=value) for name, value in facts
    )
    return fill('<dl class="facts">$rows</dl>', rows=rows)
