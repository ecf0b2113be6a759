"""Cases: what an app relies on that waits for people, retries before deadlines, and looks at its instances."""

import threading
from typing import Any
from urllib.parse import quote

from tests.fidelity.driver import Driver
from tests.fidelity.scripts import Case, Step, ends, get, look, pause, post, raise_event, settle, steps

_BY_THEMSELVES = """
    retries_before_deadline gives_up_at_deadline retries_in_rounds shows_its_status many_generations
    timers_of_no_length returns_nothing fails_with_status
"""
_ODD_EVENTS = ("with space", "a/b", "a+b", "ünï😀", "a:b;c", "100%", "'q\"", "", "Go")
_CASES: dict[str, Case] = {}


def _case(name: str, orchestrator: str, given: object, *taken: Step, seconds: float = 25) -> None:
    _CASES[name] = steps(name, orchestrator, given, *taken, seconds=seconds)


def _decisions() -> None:
    no, yes = raise_event('"no decision"'), raise_event('"decided"')
    _case(
        "reads_its_history",
        "reads_its_history",
        None,
        pause(2),
        raise_event("1"),
        raise_event('{"a": 2}', "other"),
    )
    _case("drains_events", "drains_events", None, pause(1.5), raise_event("1"), raise_event("2"))
    _case("reminder_then_deadline", "reminds_then_gives_up", None)
    _case("reminder_then_event", "reminds_then_gives_up", None, pause(4.5), raise_event("5"))
    _case("event_before_reminder", "reminds_then_gives_up", None, pause(1.2), raise_event("5"))
    ignored = (pause(1.5), no, pause(1.5), look(), no, pause(1.5))
    _case("ignores_what_is_no_decision", "ignores_what_is_no_decision", None, *ignored, yes)
    again = (pause(1.5), no, pause(5), look(), no, pause(5), look())
    _case("waits_in_generations", "waits_in_generations", None, *again, yes)
    held = (pause(1.5), post("/instances/{i}/suspend?reason=x"), pause(1), yes, pause(1), look())
    _case("decided_while_held", "waits_in_generations", None, *held, post("/instances/{i}/resume?reason=x"))
    suspend, resume = post("/instances/{i}/suspend?reason=x"), post("/instances/{i}/resume?reason=x")
    held_long = (pause(6), suspend, pause(6))
    signalled = (*held_long, yes, pause(6), look(), resume, pause(6), get("/entities/counter/{i}"))
    _case("signals_while_held", "signals_when_decided", None, *signalled)
    worked = (*held_long, no, pause(6), look(), resume, pause(6), look())
    _case("works_while_held", "ignores_what_is_no_decision", None, *worked, yes)
    _case("compensates", "compensates", None, settle(10), pause(2), get("/entities/counter/{i}"))
    one_then_other = (pause(1), raise_event("1"), pause(1), raise_event("2", "no"))
    _case("any_of_groups", "any_of_groups", None, *one_then_other)
    _case("event_case_of_name", "odd_event", "Go", pause(1), raise_event("1", "gO"))
    _case(
        "events_to_ended_by_operator", "waits_long", 1, pause(1), post("/instances/{i}/terminate"), settle(8), yes
    )


def odd_event_names(driver: Driver) -> Any:
    """Raise events under names of all kinds, through the webhooks and by the SDK's client."""
    return [[name, _odd_event(driver, number, name)] for number, name in enumerate(_ODD_EVENTS)]


def _odd_event(driver: Driver, number: int, name: str) -> Any:
    told: list[Any] = []
    for way in ("web", "client"):
        instance_id = f"oddevent{number}{way}-{driver.run}"
        driver.start("odd_event", name, instance_id)
        driver.pause(1.5)
        if way == "web":
            raised: Any = driver.hook(
                "POST", f"/instances/{instance_id}/raiseEvent/{quote(name, safe='')}", b"1"
            ).status
        else:
            raised = driver.client("raise", instance_id, {"name": name, "data": 1})
        ended = driver.wait(instance_id, 3).body
        told.append([way, raised, ended["runtimeStatus"], ended["output"]])
        driver.hook("POST", f"/instances/{instance_id}/terminate?reason=x")
    return told


def events_from_many(driver: Driver) -> Any:
    """Raise 24 events from four threads: none is lost, none comes twice."""
    instance_id = f"crowd-{driver.run}"
    driver.start("collects_events", 24, instance_id)
    driver.pause(2)

    def send(sender: int) -> None:
        for number in range(6):
            driver.hook("POST", f"/instances/{instance_id}/raiseEvent/go", str(sender * 6 + number).encode())

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = driver.wait(instance_id).body
    return [ended["runtimeStatus"], ended["output"]]


_decisions()
CASES: dict[str, Case] = {
    **{name: ends(name, name) for name in _BY_THEMSELVES.split()},
    **_CASES,
    "odd_event_names": odd_event_names,
    "events_from_many": events_from_many,
}
