"""The entity, called through the SDK with batches as the host sends them."""

import json
from typing import Any

from entities import document_counter

HANDLE = document_counter.bp._function_builders[0]._function.get_user_function()
ZERO = {"pending": 0, "processed": 0, "failed": 0, "rejected": 0, "timedOut": 0}


def run(*operations: tuple[str, Any], state: str | None = None) -> dict[str, Any]:
    """The outcome of one batch. The host encodes an operation's input twice."""
    batch = [
        {"name": name, "input": None if argument is None else json.dumps(json.dumps(argument)), "isSignal": False}
        for name, argument in operations
    ]
    request = {
        "self": {"name": "document_counter", "key": "0"},
        "exists": state is not None,
        "state": state,
        "batch": batch,
    }
    outcome: dict[str, Any] = json.loads(HANDLE(json.dumps(request)))
    return outcome


def results(outcome: dict[str, Any]) -> list[Any]:
    """The results of the operations in a batch."""
    return [json.loads(result["result"]) for result in outcome["results"]]


def test_a_run_is_counted_from_its_start_to_its_end() -> None:
    started = run(("start", {"instanceId": "doc-1"}))
    assert results(started) == [{**ZERO, "pending": 1}]
    ended = run(("finish", {"instanceId": "doc-1", "field": "processed"}), state=started["entityState"])
    assert results(ended) == [{**ZERO, "processed": 1}]


def test_a_field_can_be_incremented_and_all_be_read_and_reset() -> None:
    outcome = run(("increment", "failed"), ("get", None), ("reset", None), ("get", None))
    assert results(outcome) == [{**ZERO, "failed": 1}, {**ZERO, "failed": 1}, ZERO, ZERO]


def test_unknown_operations_and_fields_are_errors_that_name_the_known_ones() -> None:
    outcome = run(("decrement", "failed"), ("increment", "lost"), ("increment", "failed"))
    first, second, third = outcome["results"]
    assert (first["isError"], second["isError"], third["isError"]) == (True, True, False)
    assert "start, finish, increment, get, reset" in first["result"]
    assert "'lost' is none of them" in second["result"]
    assert json.loads(third["result"]) == {**ZERO, "failed": 1}
