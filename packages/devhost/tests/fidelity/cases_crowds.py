"""Cases: one entity and many senders."""

import json
import threading
from typing import Any

from tests.fidelity.driver import Driver
from tests.fidelity.scripts import Case, ends, get, outcome, pause, settle, steps

_LEDGER = get("/entities/ledger/{i}")
_IN_ORDER = ("calls_at_once", "burned_in_between", "refused_in_between", "signals_across_generations")
# In which order replies and ends come is chance.
_IN_ANY_ORDER = ("many_senders", "many_callers", "many_ledgers")


def senders_in_a_burst(driver: Driver) -> Any:
    """Start twelve instances at once that write to one ledger: all is there, each one's lines in their order."""
    key, senders = f"burst-{driver.run}", range(12)
    for sender in senders:
        driver.start("writes_many", {"sender": sender, "key": key, "count": 8}, f"{key}-{sender}")
    ended = [driver.wait(f"{key}-{sender}").body["runtimeStatus"] for sender in senders]
    driver.pause(3)
    answer = driver.hook("GET", f"/entities/ledger/{key}")
    lines = [[number for sender, number in answer.body if sender == one] for one in senders]
    return [answer.status, ended, lines]


def clients_in_a_burst(driver: Driver) -> Any:
    """Signal one ledger from four threads, half through the webhooks and half by the SDK's client."""
    key = f"clients-{driver.run}"

    def send(sender: int) -> None:
        for number in range(6):
            line = f"{sender}.{number}"
            if sender % 2:
                # As the SDK does: a JSON text that holds JSON.
                driver.hook("POST", f"/entities/ledger/{key}?op=write", json.dumps(json.dumps(line)).encode())
            else:
                driver.client("signal", key, {"name": "ledger", "op": "write", "data": line})

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    driver.pause(3)
    return sorted(driver.hook("GET", f"/entities/ledger/{key}").body)


def signals_of_odd_operations(driver: Driver) -> Any:
    """Signal without an operation, with one in other letters, and with several; then see what came of it."""
    key = f"oddops-{driver.run}"
    asked = [
        ("", b"1"),
        ("?op=", b"2"),
        ("?op=WRITE", b'"3"'),
        ("?op=write&op=write", b"4"),
        ("?OP=write", b'"5"'),
    ]
    asked += [("?op=write", b""), ("?op=write", b"null"), ("?op=wr%69te", b'"6"')]
    answers: list[Any] = []
    for query, body in asked:
        answer = driver.hook("POST", f"/entities/ledger/{key}{query}", body)
        driver.pause(5)
        seen = driver.hook("GET", f"/entities/ledger/{key}")
        answers.append([query, body.decode(), answer.status, answer.body, seen.status, seen.body])
    deleted = driver.hook("DELETE", f"/entities/ledger/{key}")
    driver.pause(5)
    return [*answers, [deleted.status, deleted.body, driver.hook("GET", f"/entities/ledger/{key}").body]]


def signal_of_bad_json(driver: Driver) -> Any:
    """Signal with a body that is no JSON."""
    answer = driver.hook("POST", f"/entities/ledger/bad-{driver.run}?op=write", b"{bad")
    return [answer.status, answer.body, driver.hook("GET", f"/entities/ledger/bad-{driver.run}").status]


_ALONE = (senders_in_a_burst, clients_in_a_burst, signals_of_odd_operations, signal_of_bad_json)
CASES: dict[str, Case] = {
    **{name: ends(name, name) for name in _IN_ORDER},
    **{name: outcome(name, name) for name in _IN_ANY_ORDER},
    "signals_and_fails": steps("signals_and_fails", "signals_and_fails", None, settle(10), pause(2), _LEDGER),
    **{case.__name__: case for case in _ALONE},
}
