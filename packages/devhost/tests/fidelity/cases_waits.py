"""Cases: clients that wait for an end, by polling long or by following links."""

import threading
from typing import Any
from urllib.parse import urlsplit

from tests.fidelity.driver import Answer, Driver
from tests.fidelity.scripts import Case, Step, client, pause, post, settle, steps

_FINISHED = ("give_back", "raises", "returns_nothing", "again_with_result", "fails_by_activity")
# As the SDK does: a JSON text that holds JSON.
_INPUT = b'"1"'
_WAITS = (
    "timeout=1&pollingInterval=5",
    "timeout=1",
    "pollingInterval=1",
    "timeout=abc&pollingInterval=1",
    "timeout=-1&pollingInterval=1",
    "timeout=0&pollingInterval=0",
    "TIMEOUT=20&POLLINGINTERVAL=1",
    "timeout=1.5&pollingInterval=0.5",
    "timeout=&pollingInterval=",
    "timeout=20&pollingInterval=0.5",
)
_LONG_ENOUGH = ("timeout=20&pollingInterval=0.5", "TIMEOUT=20&POLLINGINTERVAL=1")


def wait_for_what_ends(driver: Driver) -> Any:
    """Wait by the SDK's client for instances that end in each way."""
    answers: list[Any] = []
    for name in _FINISHED:
        instance_id = f"wait-{name}-{driver.run}"
        driver.start(name, None if name == "again_with_result" else 1, instance_id)
        driver.wait(instance_id, 10)
        answers.append([name, *driver.client("wait", instance_id, 5000)])
    return [*answers, ["nobody", *driver.client("wait", "nobody", 300)]]


def wait_for_event(driver: Driver) -> Any:
    """Wait by the SDK's client while another client raises the event that ends it."""
    return _while_waiting(
        driver, "event_once", lambda waited: waited.hook("POST", _of(waited, "raiseEvent/go"), b'"x"')
    )


def wait_for_terminated(driver: Driver) -> Any:
    """Wait by the SDK's client while another one terminates the instance."""
    return _while_waiting(
        driver, "waits_long", lambda waited: waited.hook("POST", _of(waited, "terminate?reason=x"))
    )


def _of(driver: Driver, verb: str) -> str:
    return f"/instances/waited-{driver.run}/{verb}"


def _while_waiting(driver: Driver, orchestrator: str, end: Any) -> Any:
    own = Driver(driver.origin, driver.pause, driver.run + orchestrator[:1])
    instance_id, answers = f"waited-{own.run}", []
    own.start(orchestrator, 1, instance_id)
    own.pause(1.5)
    waiting = threading.Thread(target=lambda: answers.append(own.client("wait", instance_id, 20000)))
    waiting.start()
    own.pause(0.5)
    end(own)
    waiting.join()
    return answers


def start_and_wait(driver: Driver) -> Any:
    """Start through the webhooks, and wait for the end there: what ends, what fails, and what takes longer."""
    answers: list[Any] = []
    for number, name in enumerate(
        ("give_back", "raises", "returns_nothing", "fails_by_activity", "waits_long", "no_such")
    ):
        path = f"/orchestrators/{name}/startwait{number}-{driver.run}?timeout=20&pollingInterval=1"
        path = path.replace("timeout=20", "timeout=1") if name == "waits_long" else path
        answers.append([name, *_outline(driver.hook("POST", path, _INPUT))])
    return answers


def start_and_wait_oddly(driver: Driver) -> Any:
    """Start through the webhooks with times to wait that are odd."""
    answers: list[Any] = []
    for number, query in enumerate(_WAITS):
        for name in ("give_back", "waits_long"):
            if (name == "give_back") != (query in _LONG_ENOUGH):
                # Whether it has ended by then would be chance; or it would take long.
                continue
            path = f"/orchestrators/{name}/oddwait{number}{name}-{driver.run}?{query}"
            answers.append([name, query, *_outline(driver.hook("POST", path, _INPUT))])
    return answers


def _outline(answer: Answer) -> list[Any]:
    headers = [answer.headers.get(name) for name in ("content-type", "location", "retry-after")]
    return [answer.status, answer.body, *headers]


def follow_links(driver: Driver) -> Any:
    """Start through the app, and do all the rest by the links of its answer."""
    started = driver.start("event_once", 1, f"links-{driver.run}")
    driver.pause(1.5)
    seen: list[Any] = [[started.status, started.headers.get("location"), started.headers.get("retry-after")]]
    seen.append(_outline(_follow(driver, "GET", started.headers["location"])))
    links = started.body
    for name in ("suspendPostUri", "resumePostUri"):
        seen.append([name, *_outline(_follow(driver, "POST", links[name].replace("{text}", "why not")))])
        driver.pause(1)
    raised = links["sendEventPostUri"].replace("{eventName}", "go")
    seen.append(_outline(_follow(driver, "POST", raised, b'{"a": 1}')))
    driver.wait(f"links-{driver.run}", 8)
    seen.append(_outline(_follow(driver, "GET", links["statusQueryGetUri"])))
    for name in sorted(link for link in links if "{text}" in links[link]):
        seen.append([name, *_outline(_follow(driver, "POST", links[name].replace("{text}", "late")))])
    for _ in range(2):
        seen.append(["purge", *_outline(_follow(driver, "DELETE", links["purgeHistoryDeleteUri"]))])
    return [*seen, _outline(_follow(driver, "GET", links["statusQueryGetUri"])), sorted(links)]


def _follow(driver: Driver, method: str, link: str, body: bytes | None = None) -> Answer:
    parts = urlsplit(link)
    return driver.ask(method, f"{parts.path}?{parts.query}".replace(" ", "%20"), body)


def _verb(verb: str) -> Step:
    return post(f"/instances/{{i}}/{verb}?reason=x")


_WAITED = client("wait", 700)
_STEERED: dict[str, Case] = {
    "wait_for_suspended": steps(
        "wait_for_suspended", "waits_long", 1, pause(1), _verb("suspend"), pause(1), _WAITED, seconds=1
    ),
    "wait_for_second_life": steps(
        "wait_for_second_life",
        "fails_once",
        1,
        settle(10),
        client("wait", 5000),
        _verb("rewind"),
        pause(3),
        client("wait", 5000),
    ),
    "wait_too_short": steps("wait_too_short", "give_back", 1, settle(10), client("wait", 100), client("wait", 0)),
}
_ALONE = (
    wait_for_what_ends,
    wait_for_event,
    wait_for_terminated,
    start_and_wait,
    start_and_wait_oddly,
    follow_links,
)
CASES: dict[str, Case] = {**_STEERED, **{case.__name__: case for case in _ALONE}}
