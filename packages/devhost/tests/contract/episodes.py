"""Records every call of an orchestrator: what passes between the engine and the SDK."""

import functools
import json
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from devhost.engine.options import EngineOptions
from devhost.testing import OrchestrationTestHost

Event = dict[str, Any]
Steps = Generator[Any, Any, Any]
SCHEDULED = {4: "activity", 7: "child", 10: "timer", 14: "operation"}
MARKER = "\n\n$OutOfProcData$:"


@dataclass(frozen=True)
class Episode:
    """One call of an orchestrator: its input document, and the state it returned or raised."""

    name: str
    text: str
    answer: str

    @property
    def document(self) -> dict[str, Any]:
        """The input document."""
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed

    @property
    def history(self) -> list[Event]:
        """The events in the input document."""
        events: list[Event] = self.document["history"]
        return events

    @property
    def state(self) -> dict[str, Any]:
        """The state document, also if it came inside an exception's text."""
        parsed: dict[str, Any] = json.loads(self.answer.partition(MARKER)[2] or self.answer)
        return parsed


@dataclass
class RecordedHost:
    """A test host, and all episodes of its orchestrators."""

    host: OrchestrationTestHost
    episodes: list[Episode] = field(default_factory=list)

    def run(self, name: str, payload: Any = None, instance_id: str | None = None) -> str:
        """Start an instance, wait until it cannot go on at this moment, and return its id."""
        instance = self.host.start(name, payload, instance_id)
        self.host.wait_quiescent()
        return instance

    def raise_event(self, instance: str, name: str, payload: Any = None) -> None:
        """Raise an event and wait until the instance cannot go on."""
        self.host.raise_event(instance, name, payload, as_object=True)
        self.host.wait_quiescent()

    def status(self, instance: str) -> dict[str, Any]:
        """The instance's status object with its history."""
        return status_of(self.host, instance)

    def ended(self, name: str, payload: Any = None) -> tuple[str, Any]:
        """Run an orchestrator and return its runtime status and output."""
        status = self.status(self.run(name, payload))
        return status["runtimeStatus"], status["output"]

    def of(self, instance: str) -> list[Episode]:
        """The episodes of one instance, in order."""
        return [episode for episode in self.episodes if episode.document["instanceId"] == instance]

    def history(self, instance: str) -> list[Event]:
        """All events of a waiting instance, from the episode that one more event causes."""
        self.raise_event(instance, "peek")
        events = self.of(instance)[-1].history
        assert events[-1]["Name"] == "peek"
        return events[:-2]

    def numbers(self, instance: str) -> list[tuple[int, str]]:
        """Numbers and kinds of a waiting instance's scheduled events, in the order of its history."""
        return numbers(self.history(instance))


def numbers(history: Iterable[Event]) -> list[tuple[int, str]]:
    """Numbers and kinds of all scheduled events."""
    return [
        (event["EventId"], SCHEDULED[event["EventType"]]) for event in history if event["EventType"] in SCHEDULED
    ]


def only(history: Iterable[Event], event_type: int) -> list[Event]:
    """The events of one type."""
    return [event for event in history if event["EventType"] == event_type]


def status_of(host: OrchestrationTestHost, instance: str) -> dict[str, Any]:
    """The status object, with its history, of an instance that exists."""
    status = host.status(instance, show_history=True)
    assert status is not None
    return status


def record_orchestrators(app: func.Blueprint, episodes: list[Episode]) -> None:
    """Have every orchestrator of a blueprint add its calls to ``episodes``."""
    for builder in app._function_builders:
        function = builder._function
        name, trigger = function.get_function_name(), function.get_trigger()
        if name and trigger and trigger.type == "orchestrationTrigger":
            function._func = _recording(name, function._func, episodes)


def _recording(name: str, handle: Callable[[Any], str], episodes: list[Episode]) -> Callable[[Any], str]:
    @functools.wraps(handle)
    def recorded(context: func.OrchestrationContext) -> str:
        try:
            answer = handle(context)
        except Exception as error:
            episodes.append(Episode(name, context.body, str(error)))
            raise
        episodes.append(Episode(name, context.body, answer))
        return answer

    return recorded


@contextmanager
def recorded_host(
    blueprints: Iterable[df.Blueprint], folder: Path | None = None, options: EngineOptions | None = None
) -> Iterator[RecordedHost]:
    """A test host over blueprints whose orchestrators are recorded."""
    episodes: list[Episode] = []
    several = list(blueprints)
    for blueprint in several:
        record_orchestrators(blueprint, episodes)
    with OrchestrationTestHost(several, folder, options) as host:
        yield RecordedHost(host, episodes)
