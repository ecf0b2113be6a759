"""The app that uses every feature, as it is written: each of its functions does here what it does on Azure."""

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.contract_host import EVERY_FEATURE, ContractHost
from tests.unit.functions.http_client import Answer, ask
from tests.waiting import eventually


def decorated() -> Iterator[str]:
    """Names of all functions that the app's modules declare."""
    for path in sorted(EVERY_FEATURE.glob("*_functions.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list:
                yield "renamed" if node.name == "named_otherwise" else node.name


def test_host_lists_every_function_of_every_blueprint(host: ContractHost) -> None:
    listed = [function["name"] for function in host.ask("GET", "/admin/functions").json]
    assert sorted(listed) == sorted(decorated())


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [
        ("PATCH", "orders/17", 200, {"number": "17"}),
        ("GET", "orders/0", 404, None),
        ("GET", "orders/seventeen", 404, None),
        ("GET", "Shelves/a/b", 200, {"aisle": "a", "level": "b"}),
        ("GET", "shelves/a", 200, {"aisle": "a"}),
        ("POST", "shelves/a", 404, None),
        ("PUT", "files/a/b%20c", 200, {"path": "a/b c"}),
        ("GET", "files", 200, {}),
        ("GET", "switched_off", 404, None),
    ],
)
def test_routes_have_constraints_optional_segments_and_a_catch_all(
    host: ContractHost, method: str, path: str, status: int, route: dict[str, str] | None
) -> None:
    answer = host.ask(method, f"/api/{path}?x=1&x=2")
    assert (answer.status, answer.json["route"] if answer.body else None) == (status, route)
    if answer.body:
        assert answer.json["query"] == {"x": "1,2"}


def ask_with(host: ContractHost, path: str, key: str | None) -> Answer:
    headers = {"x-functions-key": host.keys[key]} if key else {}
    return ask(host.origin, "GET", f"/api/{path}", headers=headers)


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("files/one", None, 200),
        ("renamed", None, 401),
        ("renamed", "function", 200),
        ("renamed", "master", 200),
        ("vault", "function", 401),
        ("vault", "master", 200),
    ],
)
def test_keys_open_functions_by_level(keyed_host: ContractHost, path: str, key: str | None, status: int) -> None:
    assert ask_with(keyed_host, path, key).status == status


def test_context_tells_a_function_its_name_its_run_and_its_trace(host: ContractHost) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    first, second = (host.ask("GET", "/api/renamed", headers={"traceparent": trace}).json for _ in range(2))
    assert first["function"] == "renamed"
    assert first["id"] != second["id"]
    assert first["trace"].split("-")[1] == trace.split("-")[1]


def test_plain_string_is_an_answer_and_an_exception_an_empty_500(host: ContractHost) -> None:
    assert host.ask("GET", "/api/vault").body == b"open"
    broken = host.ask("GET", "/api/broken")
    assert (broken.status, broken.body) == (500, b"")


def test_timers_run_at_the_start_in_time_and_again_after_a_failure(host: ContractHost) -> None:
    assert host.lines_of("at_start") == ["past due: False"]
    nights, tries = len(host.lines_of("every_night")), len(host.lines_of("second_try"))
    host.skip(86_400)
    assert host.lines_of("every_night")[nights:] == ["past due: False"]
    eventually(lambda: len(host.lines_of("second_try")) > tries, "the timer has failed")
    host.skip(5)
    eventually(lambda: host.lines_of("second_try")[tries:] == ["retry 0", "retry 1"], "it has run again")


def test_parcel_passes_from_a_request_through_a_queue_and_blobs_to_a_request(
    host: ContractHost, new_id: str
) -> None:
    assert ask(host.origin, "POST", f"/api/parcels/{new_id}", new_id.encode()).status == 202
    label = eventually(lambda: host.ask("GET", f"/api/labels/{new_id}").body or None, "there is a label")
    assert label == f"to {new_id}".encode()

    def greeted() -> Any:
        answer = host.webhook("GET", f"instances/parcel-{new_id}")
        return answer.json["output"] if answer.body else None

    assert eventually(greeted, "the parcel is greeted") == [f"Hello {new_id}!"]


def test_hopeless_message_ends_in_the_poison_queue(host: ContractHost, new_id: str) -> None:
    assert ask(host.origin, "POST", f"/api/parcels/{new_id}", b"").status == 202
    eventually(lambda: new_id in host.lines_of("given_up"), "the parcel is given up")


@pytest.mark.parametrize(
    ("orchestrator", "given", "output"),
    [
        ("greet", {"names": ["Ada", "Grace"]}, ["Hello Ada!", "Hello Grace!"]),
        ("fan_out", ["Ada", "Grace"], [["Hello Ada!", "Hello Grace!"], True]),
        ("ask_counter", None, [5, "boom"]),
        ("announce_all", "hear", "announced"),
        ("go_or_timeout", 0, "timeout"),
    ],
)
def test_orchestration_returns(host: ContractHost, orchestrator: str, given: Any, output: Any) -> None:
    status = host.run(orchestrator, given)
    assert (status["runtimeStatus"], status["output"]) == ("Completed", output)


def output_after_retries(host: ContractHost, instance_id: str) -> Any:
    """The output of an instance whose retries wait for the clock."""

    def skip_and_look() -> dict[str, Any] | None:
        host.skip(2)
        status = host.status(instance_id)
        return status if status["runtimeStatus"] == "Completed" else None

    return eventually(skip_and_look, "its retries succeed or are used up")["output"]


def test_retried_activity_succeeds_at_last(host: ContractHost) -> None:
    assert output_after_retries(host, host.begin("retry")) == 3


def test_children_have_ids_versions_and_retries(host: ContractHost, new_id: str) -> None:
    *versions, parent, failure = output_after_retries(host, host.begin("family", None, new_id))
    assert (versions, parent) == (["1.2", "1.1", "1.0"], new_id)
    assert "Orchestrator function 'fail_by_code' failed: sorry" in failure
    assert host.status(f"{new_id}-named")["output"]["parent"] == new_id


def test_timer_is_cancelled_by_the_event_that_came_first(host: ContractHost) -> None:
    instance_id = host.wait_for(host.begin("go_or_timeout", 48), "Running")["instanceId"]
    assert host.sdk("raise_event", instance_id, "go", None) is None
    assert host.wait_for(instance_id)["output"] == "go"


@pytest.mark.parametrize("days", [2, 9], ids=["one timer", "in legs"])
def test_long_sleep_ends_when_its_days_have_passed(host: ContractHost, days: int) -> None:
    instance_id = host.wait_for(host.begin("sleep_for_days", days), "Running")["instanceId"]
    host.skip(days * 86_400 - 60)
    assert host.status(instance_id)["runtimeStatus"] == "Running"
    host.skip(60)
    assert host.wait_for(instance_id)["output"] == "awake"


def test_generations_follow_each_other(host: ContractHost) -> None:
    instance_id = host.wait_for(host.begin("generations"), "Running")["instanceId"]
    host.skip(300)
    status = host.wait_for(instance_id)
    assert (status["output"], status["customStatus"], status["input"]) == (3, "generation 3", "3")


def test_orchestrator_calls_a_url(host: ContractHost) -> None:
    status, content = host.run("fetch", f"{host.origin}/api/files/one")["output"]
    assert status == 200
    assert '"method": "PUT"' in content
    assert "durable" in content
