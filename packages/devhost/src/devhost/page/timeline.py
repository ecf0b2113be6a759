"""An instance's history for people: steps that begin and end, in the order in which they began.

Built from the status object of the durable API with ``historyEvents``, so the same code draws an instance of this
host and one of Azure. What the history lacks is inferred, for display only: an activity that is scheduled
again under its name, after it failed and a timer passed, counts as the next try, and the timer as the wait for it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from devhost.engine.events import FINISHED


class StepKind(StrEnum):
    """What a step is; the values are words for people."""

    ACTIVITY = "activity"
    CHILD = "sub-orchestration"
    TIMER = "timer"
    EVENT = "event"
    ENTITY_CALL = "entity call"
    SIGNAL = "message sent"
    MARK = "milestone"


class Outcome(StrEnum):
    """How a step ended; the values are words for people."""

    DONE = "done"
    FAILED = "failed"
    OPEN = "running"
    UNUSED = "not needed"


@dataclass
class Step:
    """One thing that happened, or still does.

    Attributes:
        kind: What it is.
        title: Its name: of the activity, of the event.
        start: When it began; aware.
        end: When it ended; equal to the start for what takes no time, None while it goes on.
        outcome: How it ended.
        attempt: 1, or more for an activity that was tried before.
        planned_end: When a timer is due; None for everything else.
        input: Its input, None if unknown.
        output: Its result, None if there is none or it is unknown.
        error: Why it failed, or None.
    """

    kind: StepKind
    title: str
    start: datetime
    end: datetime | None = None
    outcome: Outcome = Outcome.OPEN
    attempt: int = 1
    planned_end: datetime | None = None
    input: Any = None
    output: Any = None
    error: str | None = None

    @property
    def label(self) -> str:
        """The title, with the number of the try from the second one on."""
        return self.title if self.attempt == 1 else f"{self.title} (try {self.attempt})"

    @property
    def is_point(self) -> bool:
        """Whether it takes no time by its nature, such as an event."""
        return self.kind in (StepKind.EVENT, StepKind.SIGNAL, StepKind.MARK)

    @property
    def is_busy(self) -> bool:
        """Whether user code runs during it, rather than the instance waiting."""
        return self.kind == StepKind.ACTIVITY

    def close(self, end: datetime, outcome: Outcome) -> None:
        """Let it end."""
        self.end, self.outcome = end, outcome


@dataclass(frozen=True)
class Timeline:
    """The steps of one instance and the stretch of time they lie in.

    Attributes:
        start: When the execution began; aware.
        end: When it ended, or now.
        steps: In the order in which they began.
    """

    start: datetime
    end: datetime
    steps: Sequence[Step]


def build_timeline(status: Mapping[str, Any], now: datetime) -> Timeline:
    """Build the timeline of an instance.

    Args:
        status: Status object; without ``historyEvents``, as for a pending instance, there are no steps.
        now: Where the timeline of an unfinished instance ends; aware.
    """
    events = status.get("historyEvents") or ()
    builder = _Builder()
    for event in events:
        builder.add(event)
    moments = [moment_of(event["Timestamp"]) for event in events] or [moment_of(status["createdTime"])]
    is_finished = status["runtimeStatus"] in FINISHED
    start = min([*moments, *(step.start for step in builder.steps)])
    end = max(moments) if is_finished else max([now, *moments])
    builder.finish(end, is_finished)
    return Timeline(start, end, sorted(builder.steps, key=lambda step: step.start))


def moment_of(text: str) -> datetime:
    """Read a time of the durable API; .NET writes up to seven digits of a second, Python reads six."""
    head, dot, fraction = text.rstrip("Z").partition(".")
    moment = datetime.fromisoformat(head + dot + fraction[:6].ljust(6, "0") if dot else head)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def readable(value: Any, indent: int | None = 2) -> str:
    """Write a payload for people: JSON with indents; a string that holds JSON, as the SDK sends it, unwrapped."""
    for _ in range(2):
        value = _unwrapped(value)
    return value if isinstance(value, str) else json.dumps(value, indent=indent, ensure_ascii=False)


def duration_text(duration: timedelta) -> str:
    """Write a duration in the units that matter: ``35 ms``, ``1.4 s``, ``2 min 5 s``; a negative one as none."""
    seconds = max(0.0, duration.total_seconds())
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for size, unit, smaller_size, smaller_unit in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    return f"{whole} s"


def _unwrapped(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


@dataclass
class _Builder:
    """Takes the events of a history one by one."""

    steps: list[Step] = field(default_factory=list)
    _calls: dict[str, Step] = field(default_factory=dict)
    _open_timers: list[Step] = field(default_factory=list)
    _fired_timers: list[Step] = field(default_factory=list)
    _failures: list[Step] = field(default_factory=list)

    def add(self, event: Mapping[str, Any]) -> None:
        """Take the next event; kinds that mean nothing to a reader are skipped."""
        handler = _HANDLERS.get(event["EventType"])
        if handler is not None:
            handler(self, event, moment_of(event["Timestamp"]))

    def finish(self, end: datetime, is_finished: bool) -> None:
        """Close what is still open in a finished instance, which no longer waited for it."""
        for step in self.steps:
            if step.outcome == Outcome.OPEN and is_finished:
                step.close(end, Outcome.UNUSED)

    def scheduled(self, event: Mapping[str, Any], at: datetime) -> None:
        """An activity or a child that has not answered yet."""
        kind = StepKind.CHILD if event["EventType"].startswith("Sub") else StepKind.ACTIVITY
        self._add_task(Step(kind, event["Name"], at, input=event.get("Input")))

    def answered(self, event: Mapping[str, Any], at: datetime) -> None:
        """An activity or a child with its answer."""
        kind = StepKind.CHILD if event["EventType"].startswith("Sub") else StepKind.ACTIVITY
        start = moment_of(event.get("ScheduledTime") or event["Timestamp"])
        step = Step(kind, event.get("FunctionName") or "(unknown)", start, input=event.get("Input"))
        self._add_task(step)
        if not event["EventType"].endswith("Failed"):
            step.output = event.get("Result")
            return step.close(at, Outcome.DONE)
        step.error = event.get("Reason") or "It failed without saying why."
        step.close(at, Outcome.FAILED)
        self._failures.append(step)

    def timer_created(self, event: Mapping[str, Any], at: datetime) -> None:
        """A timer begins."""
        due = moment_of(event["FireAt"])
        timer = Step(StepKind.TIMER, f"timer of {duration_text(due - at)}", at, planned_end=due)
        self.steps.append(timer)
        self._open_timers.append(timer)

    def timer_fired(self, event: Mapping[str, Any], at: datetime) -> None:
        """The first open timer that was due then has fired."""
        due = moment_of(event["FireAt"])
        timer = next((timer for timer in self._open_timers if timer.planned_end == due), None)
        if timer is not None:
            # The event tells when the timer was set; what was due then has fired at once.
            timer.close(max(at, due), Outcome.DONE)
            self._open_timers.remove(timer)
            self._fired_timers.append(timer)

    def event_sent(self, event: Mapping[str, Any], at: datetime) -> None:
        """A call or signal to an entity, or an event to another instance."""
        message = _unwrapped(event.get("Input"))
        message = message if isinstance(message, dict) else {"input": message, "signal": True}
        title = f"{event.get('InstanceId', '')} {message.get('op') or event.get('Name') or ''}".strip()
        step = Step(StepKind.SIGNAL, title, at, input=message.get("input"))
        if message.get("signal") or "id" not in message:
            step.close(at, Outcome.DONE)
        else:
            step.kind = StepKind.ENTITY_CALL
            self._calls[str(message["id"])] = step
        self.steps.append(step)

    def event_raised(self, event: Mapping[str, Any], at: datetime) -> None:
        """An external event, or an entity's answer to a call."""
        call = self._calls.pop(event["Name"], None)
        if call is None:
            self.steps.append(_point(StepKind.EVENT, event["Name"], at, input=event.get("Input")))
            return
        answer = _unwrapped(event.get("Input"))
        answer = answer if isinstance(answer, dict) else {"result": answer}
        call.output = answer.get("result")
        call.close(at, Outcome.FAILED if answer.get("exceptionType") else Outcome.DONE)
        if call.outcome == Outcome.FAILED:
            call.error = readable(call.output)

    def marked(self, event: Mapping[str, Any], at: datetime) -> None:
        """A change of the instance as a whole."""
        kind = event["EventType"].removeprefix("Execution").lower()
        if event["EventType"] == "GenericEvent":
            self.steps.append(_point(StepKind.MARK, event.get("Data") or "rewound", at))
        else:
            self.steps.append(_point(StepKind.MARK, kind, at, input=event.get("Reason") or event.get("Input")))

    def _add_task(self, step: Step) -> None:
        self.steps.append(step)
        if not self._fired_timers:
            return
        for failure in self._failures:
            wait = self._wait_between(failure, step)
            if wait is not None:
                wait.title = f"wait to retry {step.title}"
                wait.end = min(wait.end or step.start, step.start)
                step.attempt = failure.attempt + 1
                self._fired_timers.remove(wait)
                self._failures.remove(failure)
                return

    def _wait_between(self, failure: Step, step: Step) -> Step | None:
        if (failure.kind, failure.title) != (step.kind, step.title) or failure.end is None:
            return None
        for wait in self._fired_timers:
            # It may have fired up to a second before its moment.
            if failure.end <= wait.start and (wait.end or step.start) <= step.start + _EARLY:
                return wait
        return None


_EARLY = timedelta(seconds=1)


def _point(kind: StepKind, title: str, at: datetime, **payload: Any) -> Step:
    return Step(kind, title, at, at, Outcome.DONE, **payload)


_HANDLERS: Mapping[str, Callable[[_Builder, Mapping[str, Any], datetime], None]] = {
    "TaskScheduled": _Builder.scheduled,
    "SubOrchestrationInstanceCreated": _Builder.scheduled,
    "TaskCompleted": _Builder.answered,
    "TaskFailed": _Builder.answered,
    "SubOrchestrationInstanceCompleted": _Builder.answered,
    "SubOrchestrationInstanceFailed": _Builder.answered,
    "TimerCreated": _Builder.timer_created,
    "TimerFired": _Builder.timer_fired,
    "EventSent": _Builder.event_sent,
    "EventRaised": _Builder.event_raised,
    "ExecutionSuspended": _Builder.marked,
    "ExecutionResumed": _Builder.marked,
    "ExecutionTerminated": _Builder.marked,
    "GenericEvent": _Builder.marked,
}
