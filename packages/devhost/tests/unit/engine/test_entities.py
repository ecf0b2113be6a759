import pytest

from devhost.engine.errors import InvalidRequest
from devhost.engine.queries import EntityQuery
from devhost.testing import OrchestrationTestHost
from tests.unit.engine.test_orchestrations import run


def test_calls_answer_and_errors_reach_the_orchestrator(host: OrchestrationTestHost) -> None:
    assert run(host, "counting")["output"] == [5, "boom"]
    assert host.entity_state("counter", "a") == 5


def test_signals_of_clients_are_applied_in_order(host: OrchestrationTestHost) -> None:
    for amount in (1, 2, 3):
        host.signal_entity("Counter", "k", "add", amount)
    host.wait_quiescent()
    assert host.entity_state("COUNTER", "k") == 6


def test_a_failing_signal_keeps_what_was_applied_before_and_after(host: OrchestrationTestHost) -> None:
    host.signal_entity("counter", "k", "add", 1)
    host.signal_entity("counter", "k", "explode")
    host.signal_entity("counter", "k", "add", 1)
    host.wait_quiescent()
    assert host.entity_state("counter", "k") == 2


def test_a_deleted_entity_no_longer_exists(host: OrchestrationTestHost) -> None:
    host.signal_entity("counter", "k", "add", 1)
    host.wait_quiescent()
    host.signal_entity("counter", "k", "delete")
    host.wait_quiescent()
    assert host.entity_state("counter", "k") is None


def test_an_entity_that_was_never_touched_does_not_exist(host: OrchestrationTestHost) -> None:
    assert host.client.entity_state("counter", "nobody") is None


@pytest.mark.parametrize("key", ["a/b", "a#b", "a?b", "a\nb"])
def test_keys_with_forbidden_characters_are_refused(host: OrchestrationTestHost, key: str) -> None:
    with pytest.raises(InvalidRequest, match="must not contain"):
        host.client.signal_entity("counter", key, "add", '"1"')


def test_an_unknown_entity_is_refused_with_the_known_ones(host: OrchestrationTestHost) -> None:
    with pytest.raises(InvalidRequest, match="known entity functions: 'counter'"):
        host.client.signal_entity("cuonter", "k", "add", '"1"')


def test_entities_are_listed_by_name_page_by_page(host: OrchestrationTestHost) -> None:
    for key in ("c", "a", "b"):
        host.signal_entity("counter", key, "add", 1)
    host.wait_quiescent()
    first, token = host.client.list_entities(EntityQuery(name="Counter", fetch_state=True, top=2))
    rest, end = host.client.list_entities(EntityQuery(name="Counter", top=2, continuation_token=token))
    assert [(entity["entityId"]["key"], entity["state"]) for entity in first] == [("a", 1), ("b", 1)]
    assert [(entity["entityId"]["key"], entity["state"]) for entity in rest] == [("c", None)]
    assert end is None
