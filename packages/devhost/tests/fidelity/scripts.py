"""What cases are made of: an instance, steps to be taken with it, and what was seen."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fidelity.driver import Answer, Driver

Case = Callable[[Driver], Any]

EVENT = "/instances/{i}/raiseEvent/"


@dataclass
class Run:
    """A case under way; ``answers`` holds what the steps have seen."""

    driver: Driver
    instance_id: str
    answers: list[Any] = field(default_factory=list)


Step = Callable[[Run], None]


def ends(name: str, orchestrator: str, given: Any = None, *, has_input: bool = True, seconds: float = 25) -> Case:
    """Start an orchestrator and look at how it ends."""

    def case(driver: Driver) -> Any:
        instance_id = f"{name}-{driver.run}"
        started = driver.start(orchestrator, given, instance_id, has_input)
        if started.status != 202:
            return {"start": [started.status, started.body]}
        ended = driver.wait(instance_id, seconds)
        return {"status": ended.status, "body": ended.body, "client": driver.client("status", instance_id)}

    return case


def outcome(name: str, orchestrator: str, given: Any = None) -> Case:
    """Start an orchestrator, and look at what it comes to; its history is counted, for its order is chance."""

    def case(driver: Driver) -> Any:
        instance_id = f"{name}-{driver.run}"
        driver.start(orchestrator, given, instance_id)
        ended = driver.wait(instance_id, 40).body
        counts = Counter(past["EventType"] for past in ended["historyEvents"])
        return [ended["runtimeStatus"], ended["output"], sorted(counts.items())]

    return case


def steps(name: str, orchestrator: str, given: Any, *taken: Step, seconds: float = 25) -> Case:
    """Start an orchestrator, take steps, and look at how it ends."""

    def case(driver: Driver) -> Any:
        run = Run(driver, f"{name}-{driver.run}")
        started = driver.start(orchestrator, given, run.instance_id)
        if started.status != 202:
            return {"start": [started.status, started.body]}
        for step in taken:
            step(run)
        ended = driver.wait(run.instance_id, seconds)
        return {"answers": run.answers, "status": ended.status, "body": ended.body}

    return case


def pause(seconds: float) -> Step:
    """Let time pass."""
    return lambda run: run.driver.pause(seconds)


def settle(seconds: float) -> Step:
    """Let time pass until the instance has ended, at most so many seconds."""
    return lambda run: _drop(run.driver.wait(run.instance_id, seconds))


def look() -> Step:
    """Note the instance's status."""

    def step(run: Run) -> None:
        seen = run.driver.status(run.instance_id)
        run.answers.append(["look", seen.status, seen.body])

    return step


def client(call: str, given: Any = None) -> Step:
    """Have the SDK's client do something."""
    return lambda run: run.answers.append([f"client {call}", run.driver.client(call, run.instance_id, given)])


def hook(method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Step:
    """Send a request to the webhooks; ``{i}`` in the path is the instance's id."""

    def step(run: Run) -> None:
        headers = {"Content-Type": kind} if body is not None else None
        answer = run.driver.hook(method, path.replace("{i}", run.instance_id), body, headers)
        run.answers.append([f"{method} {path}", answer.status, answer.body, answer.content_type])

    return step


def post(path: str, body: bytes | None = None, kind: str = "application/json") -> Step:
    """Post to the webhooks."""
    return hook("POST", path, body, kind)


def get(path: str) -> Step:
    """Get from the webhooks."""
    return hook("GET", path)


def delete(path: str) -> Step:
    """Delete at the webhooks."""
    return hook("DELETE", path)


def raise_event(body: bytes | str, name: str = "go", kind: str = "application/json") -> Step:
    """Raise an event at the instance."""
    return post(EVENT + name, body.encode() if isinstance(body, str) else body, kind)


def rows(driver: Driver, asked: list[tuple[str, str, Any]]) -> list[list[Any]]:
    """Send requests to the webhooks; returns a row for each."""
    return [row(driver, method, path, given) for method, path, given in asked]


def row(driver: Driver, method: str, path: str, given: Any = None) -> list[Any]:
    """Send a request to the webhooks; returns what was asked and what was answered."""
    body = given if isinstance(given, bytes | None) else json.dumps(given).encode()
    answer = driver.hook(method, path, body)
    return [method, path, answer.status, answer.body, answer.content_type]


def _drop(_: Answer) -> None:
    return None
