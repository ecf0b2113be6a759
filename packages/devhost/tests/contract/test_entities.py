"""Entities: their names, the input and answer of a batch of operations, and the state that is stored."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from devhost.engine.errors import InvalidRequest
from devhost.engine.options import EngineOptions
from tests.contract.entities_app import Watched
from tests.contract.episodes import RecordedHost, only, recorded_host

EXTENSION = "Microsoft.Azure.WebJobs.Extensions.DurableTask"
RESPONSE = f"{EXTENSION}.ResponseMessage, {EXTENSION}"


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def app(watched: Watched) -> Iterator[RecordedHost]:
    with recorded_host(watched.make_app()) as recorded:
        yield recorded


def call(app: RecordedHost, key: str, *operations: tuple[Any, ...]) -> Any:
    """Call an entity in an orchestrator and return the answers."""
    return app.status(app.run("calls", [key, operations]))["customStatus"]


def signal(app: RecordedHost, key: str, operation: str, payload: Any = None) -> None:
    app.host.signal_entity("ledger", key, operation, payload)
    app.host.wait_quiescent()


def in_one_batch(app: RecordedHost, watched: Watched, key: str, *operations: tuple[str, Any]) -> dict[str, Any]:
    """Signal an entity while it is at work, so that the next batch holds all operations; returns that batch."""
    watched.is_open.clear()
    watched.is_waiting.clear()
    app.host.signal_entity("ledger", key, "wait")
    assert watched.is_waiting.wait(20)
    for operation, payload in operations:
        app.host.signal_entity("ledger", key, operation, payload)
    watched.is_open.set()
    app.host.wait_quiescent()
    assert len(watched.batches[-1]["batch"]) == len(operations)
    return watched.batches[-1]


# Identity


def test_names_are_compared_without_case_and_keys_with(app: RecordedHost) -> None:
    signal(app, "Key", "add", 1)
    app.host.signal_entity("LEDGER", "Key", "add", 1)
    app.host.signal_entity("ledger", "KEY", "add", 10)
    app.host.wait_quiescent()
    assert (app.host.entity_state("leDGer", "Key"), app.host.entity_state("ledger", "KEY")) == (2, 10)


@pytest.mark.parametrize("key", ["a/b", "a\\b", "a#b", "a?b", "a\nb", "a\x7fb"])
def test_clients_cannot_signal_keys_with_forbidden_characters(app: RecordedHost, key: str) -> None:
    with pytest.raises(InvalidRequest, match="must not contain"):
        signal(app, key, "add", 1)


def test_a_key_may_hold_an_at_sign_when_the_sdk_lets_it_through(app: RecordedHost) -> None:
    app.host.client.signal_entity("ledger", "a@b", "add", '"1"')
    app.host.wait_quiescent()
    assert app.host.entity_state("ledger", "a@b") == 1


# What an operation is given


def test_a_batch_is_identity_existence_state_and_operations(app: RecordedHost, watched: Watched) -> None:
    signal(app, "document", "add", 5)
    new = watched.batches[-1]
    assert new == {
        "self": {"name": "ledger", "key": "document"},
        "exists": False,
        "state": None,
        "batch": [{"name": "add", "input": '"5"', "isSignal": True}],
    }
    assert call(app, "document", ("add", 2)) == [7]
    assert watched.batches[-1]["batch"] == [{"name": "add", "input": '"2"', "isSignal": False}]
    assert (watched.batches[-1]["exists"], watched.batches[-1]["state"]) == (True, "5")


def test_an_operation_knows_its_input_name_and_key(app: RecordedHost) -> None:
    assert call(app, "Knows", ("input", {"a": [1]})) == [[{"a": [1]}, "ledger", "Knows"]]


def test_a_signal_without_input_fails_where_it_is_read_and_a_call_without_input_reads_none(
    app: RecordedHost, watched: Watched
) -> None:
    signal(app, "no-input", "add")
    assert watched.batches[-1]["batch"][0]["input"] is None
    assert app.host.entity_state("ledger", "no-input") is None
    assert call(app, "no-input", ("input",)) == [[None, "ledger", "no-input"]]
    assert watched.batches[-1]["batch"][0]["input"] == '"null"'


# What it answers


def test_the_value_that_an_entity_function_returns_is_ignored(app: RecordedHost) -> None:
    assert call(app, "returns", ("unknown operation",)) == [None]


def test_an_entity_is_seen_from_its_first_operation_on_whatever_that_leaves(
    app: RecordedHost, watched: Watched
) -> None:
    assert app.host.client.entity_state("ledger", "touched") is None
    assert call(app, "touched", ("unknown operation",)) == [None]
    assert app.host.client.entity_state("ledger", "touched") == "null"
    assert call(app, "touched", ("read",)) == ["nothing yet"]
    assert (watched.batches[-1]["exists"], app.host.client.entity_state("ledger", "touched")) == (False, "null")


def test_a_destructed_entity_holds_nothing_and_may_come_back(app: RecordedHost, watched: Watched) -> None:
    assert call(app, "phoenix", ("add", 3), ("delete",), ("add", 4)) == [3, None, 4]
    signal(app, "phoenix", "delete")
    assert app.host.client.entity_state("ledger", "phoenix") == "null"
    signal(app, "phoenix", "add", 1)
    assert (watched.batches[-1]["exists"], watched.batches[-1]["state"]) == (False, "null")


def test_a_state_that_was_set_before_an_exception_stays(app: RecordedHost) -> None:
    assert call(app, "no-rollback", ("add", 1), ("add_and_fail", 2), ("read",)) == [1, ["Exception", "boom"], 3]


def test_within_a_batch_an_operation_without_result_answers_with_the_one_before(
    app: RecordedHost, watched: Watched
) -> None:
    operations = [("add", 1), ("unknown operation",), ("add", 1), ("unknown operation",)]
    instance = app.run("many_calls", ["leak", operations])
    assert len(watched.batches[-1]["batch"]) == 4
    assert app.status(instance)["output"] == [1, 1, 2, 2]


def test_with_batches_of_one_no_result_leaks() -> None:
    watched = Watched()
    operations = [("add", 1), ("unknown operation",)]
    with recorded_host(watched.make_app(), options=EngineOptions(max_entity_operation_batch_size=1)) as single:
        assert single.status(single.run("many_calls", ["no-leak", operations]))["output"] == [1, None]
    assert [len(batch["batch"]) for batch in watched.batches] == [1, 1]


def test_a_state_that_no_operation_touches_stays_as_it_is(app: RecordedHost) -> None:
    signal(app, "verbatim", "add", 7)
    stored = app.host.client.entity_state("ledger", "verbatim")
    signal(app, "verbatim", "unknown operation")
    assert app.host.client.entity_state("ledger", "verbatim") == stored == "7"


def test_a_batch_whose_state_cannot_be_stored_is_tried_three_times_and_answered_with_the_error(
    app: RecordedHost, watched: Watched
) -> None:
    signal(app, "spoiled", "add", 1)
    before = len(watched.batches)
    ((kind, text),) = call(app, "spoiled", ("spoil",))
    assert (kind, "not JSON serializable" in text) == ("Exception", True)
    assert len(watched.batches) == before + 3
    assert app.host.entity_state("ledger", "spoiled") == 1
    assert call(app, "spoiled", ("add", 1)) == [2]


def test_a_state_of_the_apps_own_class_is_read_as_the_envelope_that_is_stored(app: RecordedHost) -> None:
    signal(app, "stamped", "stamp")
    state = app.host.entity_state("ledger", "stamped")
    assert (state["__class__"], state["__data__"]) == ("Stamp", "paid")


# Calls from orchestrators


def test_a_call_is_recorded_with_the_request_that_the_entity_gets(app: RecordedHost) -> None:
    instance = app.run("calls", ["recorded", [["add", 5]]])
    history = app.history(instance)
    (sent,), (answered,) = only(history, 14), [one for one in only(history, 15) if one["Name"] != "peek"]
    request = json.loads(sent["Input"])
    execution = history[1]["OrchestrationInstance"]["ExecutionId"]
    assert (sent["EventId"], sent["InstanceId"], sent["Name"]) == (0, "@ledger@recorded", "op")
    assert request["$type"] == f"{EXTENSION}.RequestMessage, {EXTENSION}"
    shown = {name: request[name] for name in ("op", "input", "id", "parent", "parentExecution")}
    assert shown == {
        "op": "add",
        "input": '"5"',
        "id": answered["Name"],
        "parent": instance,
        "parentExecution": execution,
    }
    assert json.loads(answered["Input"]) == {"$type": RESPONSE, "result": "5"}


def test_the_id_of_a_request_is_a_lower_case_guid_and_stays_the_same(app: RecordedHost) -> None:
    instance = app.run("calls", ["guid", [["add", 1], ["add", 1]]])
    ids = [json.loads(event["Input"])["id"] for event in only(app.history(instance), 14)]
    assert len(set(ids)) == 2
    for one in ids:
        assert [len(part) for part in one.split("-")] == [8, 4, 4, 4, 12]
        assert one == one.lower()
    assert ids == [json.loads(event["Input"])["id"] for event in only(app.history(instance), 14)]


def test_an_error_is_answered_with_its_text_and_a_type(app: RecordedHost) -> None:
    instance = app.run("calls", ["error", [["add_and_fail", 1]]])
    (answered,) = [event for event in only(app.history(instance), 15) if event["Name"] != "peek"]
    assert json.loads(answered["Input"]) == {"$type": RESPONSE, "result": '"boom"', "exceptionType": "Error"}


def test_a_signal_is_recorded_as_one_and_never_answered(app: RecordedHost) -> None:
    instance = app.run("signals", ["signalled", [["add", 1], ["add_and_fail", 1]]])
    history = app.history(instance)
    assert [json.loads(event["Input"])["signal"] for event in only(history, 14)] == [True, True]
    assert only(history, 15) == []
    assert app.host.entity_state("ledger", "signalled") == 2


# Order


def test_operations_of_one_sender_are_applied_in_their_order(app: RecordedHost, watched: Watched) -> None:
    batch = in_one_batch(app, watched, "ordered", ("add", 1), ("add", 2), ("delete", None), ("add", 3))
    assert [operation["name"] for operation in batch["batch"]] == ["add", "add", "delete", "add"]
    assert app.host.entity_state("ledger", "ordered") == 3


def test_signals_of_one_episode_arrive_in_the_order_of_their_numbers(app: RecordedHost, watched: Watched) -> None:
    operations = [["add", number] for number in range(1, 6)]
    app.run("signals", ["by-number", operations])
    inputs = [
        operation["input"]
        for batch in watched.batches
        if batch["self"]["key"] == "by-number"
        for operation in batch["batch"]
    ]
    assert inputs == [f'"{number}"' for number in range(1, 6)]


def test_a_batch_is_never_larger_than_host_json_allows() -> None:
    watched = Watched()
    with recorded_host(watched.make_app(), options=EngineOptions(max_entity_operation_batch_size=3)) as small:
        watched.is_open.set()
        small.run("signals", ["batched", [["add", 1]] * 7])
        assert small.host.entity_state("ledger", "batched") == 7
    assert max(len(batch["batch"]) for batch in watched.batches) == 3


def test_one_entity_runs_one_batch_at_a_time(app: RecordedHost, watched: Watched) -> None:
    batch = in_one_batch(app, watched, "serial", *[("add", 1)] * 20)
    assert len(batch["batch"]) == 20
    assert app.host.entity_state("ledger", "serial") == 20
