"""The local RPC API: where it listens, how it reads requests and words errors, and how the SDK's client fares."""

import json
import re
import socket
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.conftest import Api
from tests.contract.contract_host import JSON, WEBHOOKS, ContractHost
from tests.unit.functions.http_client import ask
from tests.waiting import eventually


def test_rpc_api_listens_on_this_machine_only(host: ContractHost) -> None:
    port = urlsplit(host.binding["rpcBaseUrl"]).port
    # Another address of the loopback interface, which a listener on all interfaces would answer.
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port or 0), timeout=5).close()


def test_rpc_api_asks_for_no_key(keyed_host: ContractHost) -> None:
    assert keyed_host.rpc("POST", "orchestrators/describe").status == 202
    assert keyed_host.webhook("POST", "orchestrators/describe").status == 401


@pytest.mark.parametrize("path", ["INSTANCES/{}", "instances/{}/", "/instances/{}//"])
def test_slashes_at_the_end_and_case_of_literals_do_not_matter(api: Api, host: ContractHost, path: str) -> None:
    instance_id = host.waiting()
    assert api("GET", path.format(instance_id)).json["instanceId"] == instance_id
    assert api("POST", path.format(instance_id).rstrip("/") + "/TERMINATE/").status == 202


def test_case_of_the_base_does_not_matter(host: ContractHost) -> None:
    instance_id = host.waiting()
    rpc_origin = host.binding["rpcBaseUrl"].removesuffix("/durabletask/")
    assert ask(rpc_origin, "GET", f"/DurableTask/Instances/{instance_id}").status == 202
    assert ask(host.origin, "GET", f"{WEBHOOKS.upper()}/instances/{instance_id}").status == 202


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", "somewhere/else"),
        ("GET", "orchestrators/describe"),
        ("POST", "orchestrators"),
        ("POST", "orchestrators/describe/one/more"),
        ("PUT", "instances/one"),
        ("OPTIONS", "instances/one"),
        ("POST", "instances/one/dance"),
        ("POST", "instances/one/raiseEvent"),
        ("GET", "instances/one/terminate"),
        ("PUT", "entities/counter/one"),
        ("POST", "entities"),
        ("GET", "instances/a%0Ab"),
    ],
)
def test_unknown_path_or_verb_is_an_empty_404(api: Api, method: str, path: str) -> None:
    answer = api(method, path)
    assert (answer.status, answer.body) == (404, b"")


def test_another_base_is_an_empty_404(host: ContractHost) -> None:
    rpc_origin = host.binding["rpcBaseUrl"].removesuffix("/durabletask/")
    for path in ("/", "/durabletaskless/instances/one", "/api/binding"):
        answer = ask(rpc_origin, "GET", path)
        assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "orchestrators/describe/a%23b", b"", 400),
        ("POST", "instances/nobody/rewind", b"", 404),
        ("POST", "orchestrators/describe", b"{", 400),
        ("POST", "orchestrators/describe?timeout=1&pollingInterval=2", b"", 400),
        ("POST", "instances/nobody/terminate", b"", 404),
        ("POST", "instances/nobody/restart", b"", 400),
        ("POST", "instances/nobody/raiseEvent/go", b"{", 404),
        ("GET", "instances/nobody", b"", 404),
        ("DELETE", "instances", b"", 400),
        ("POST", "entities/nobody/one?op=add", b"", 400),
        ("GET", "entities/counter/nobody", b"", 404),
    ],
)
def test_every_refusal_has_an_empty_body_or_json(
    api: Api, method: str, path: str, body: bytes, status: int
) -> None:
    answer = api(method, path, body, headers=JSON)
    assert answer.status == status
    if answer.body:
        assert answer.headers["Content-Type"].startswith("application/json")
        json.loads(answer.body)


def test_wrong_argument_is_answered_with_the_text_and_type_of_the_error(api: Api) -> None:
    answer = api("POST", "instances/nobody/restart")
    assert answer.status == 400
    assert set(answer.json) == {"Message", "ExceptionMessage", "ExceptionType", "StackTrace"}
    assert answer.json["Message"] == "InstanceId does not match a valid orchestration instance."
    assert answer.json["ExceptionType"] == "System.ArgumentException"


def test_other_error_is_answered_with_its_text_and_type(api: Api, host: ContractHost) -> None:
    answer = api("POST", f"instances/{host.waiting()}/resume")
    assert answer.status == 500
    assert set(answer.json) == {"Message", "ExceptionMessage", "ExceptionType", "StackTrace"}
    assert answer.json["Message"] == "Something went wrong while processing your request"


def test_keys_of_a_query_have_no_case_and_unknown_ones_do_not_count(api: Api, host: ContractHost) -> None:
    instance_id = host.begin("wait_for_go", "given")
    query = "SHOWINPUT=FALSE&color=red&connectionName=Elsewhere&taskhub=EVERYFEATURE"
    assert api("GET", f"instances/{instance_id}?{query}").json["input"] is None
    assert api("POST", f"instances/{instance_id}/terminate?REASON=because").status == 202
    assert host.wait_for(instance_id)["output"] == "because"


def test_another_task_hub_is_an_empty_404(api: Api, host: ContractHost) -> None:
    answer = api("GET", f"instances/{host.waiting()}?taskHub=Other")
    assert (answer.status, answer.body) == (404, b"")


def test_headers_of_an_invocation_and_a_trace_are_taken(api: Api) -> None:
    headers = {
        "X-Azure-Functions-InvocationId": "8c2e9a4e-1f59-4f0b-9f0c-0d6d3a1f1b11",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "tracestate": "vendor=1",
        "Content-Type": "application/octet-stream",
    }
    assert api("POST", "orchestrators/describe", b"", headers=headers).status == 202


def test_sdk_starts_an_instance_and_gets_its_id(host: ContractHost, new_id: str) -> None:
    assert host.sdk("start_new", "describe", new_id, None, version="1.1") == new_id
    assert host.wait_for(new_id)["output"]["version"] == "1.1"
    assert re.fullmatch("[0-9a-f]{32}", host.sdk("start_new", "describe"))


def test_sdk_raises_the_text_of_a_refused_start(host: ContractHost) -> None:
    duplicate = host.sdk("start_new", "describe", host.waiting())
    assert "An Orchestration instance with the status Running already exists." in duplicate


@pytest.mark.parametrize(
    ("query", "has_history", "has_output"),
    [
        ({}, False, False),
        ({"show_history": True}, True, False),
        ({"show_history": True, "show_history_output": True, "show_input": True}, True, True),
    ],
)
def test_sdk_gets_a_status(host: ContractHost, query: dict[str, Any], has_history: bool, has_output: bool) -> None:
    status = host.sdk("get_status", host.run("give_back", {"a": 1})["instanceId"], **query)
    assert (status["runtimeStatus"], status["input"], status["output"]) == ("Completed", '{"a": 1}', {"a": 1})
    events = status["historyEvents"]
    assert (events is not None, any("Result" in event for event in events or ())) == (has_history, has_output)


def test_sdk_lists_instances_by_time_status_and_prefix(host: ContractHost, new_id: str) -> None:
    status = host.run("give_back", 1, new_id)
    host.waiting(f"{new_id}-waiting")
    created = datetime.fromisoformat(status["createdTime"])
    around = [(created + timedelta(seconds=seconds)).isoformat() for seconds in (-60, 60)]
    window: dict[str, Any] = {"created_time_from": around[0], "created_time_to": around[1]}
    found = host.sdk("get_status_by", **window, runtime_status=["Completed", "Failed"], instance_id_prefix=new_id)
    assert [one["instanceId"] for one in found] == [new_id]
    assert host.sdk("get_status_by", created_time_to=around[0], instance_id_prefix=new_id) == []
    assert {"name", "runtimeStatus"} <= set(host.sdk("get_status_all")[0])


def test_sdk_raises_an_event_and_reports_why_it_cannot(host: ContractHost) -> None:
    waiting, finished = host.waiting(), host.instance_in("Completed")
    assert host.sdk("raise_event", waiting, "go", {}, "EveryFeature", "Storage") is None
    assert host.wait_for(waiting)["runtimeStatus"] == "Completed"
    gone = f"raised: Instance with ID {finished} is gone: either completed or failed"
    assert host.sdk("raise_event", finished, "go", {}) == gone
    assert host.sdk("raise_event", "nobody", "go", {}) == "raised: No instance with ID nobody found."


@pytest.mark.parametrize("verb", ["terminate", "suspend", "resume"])
def test_sdk_takes_no_offence_at_a_finished_instance_but_at_an_unknown_one(host: ContractHost, verb: str) -> None:
    assert host.sdk(verb, host.instance_in("Completed"), "why not?") is None
    assert host.sdk(verb, "nobody", "because") == "raised: No instance with ID 'nobody' found."


def test_sdk_terminates_with_a_reason_of_any_characters(host: ContractHost) -> None:
    instance_id = host.waiting()
    assert host.sdk("terminate", instance_id, "too late & über 100 %?") is None
    assert host.wait_for(instance_id)["output"] == "too late & über 100 %?"


def test_sdk_suspends_and_resumes_and_raises_in_the_wrong_state(host: ContractHost) -> None:
    instance_id = host.waiting()
    wrong = "raised: The operation failed with an unexpected status code 500"
    assert host.sdk("resume", instance_id, "because") == wrong
    assert host.sdk("suspend", instance_id, "because") is None
    host.wait_for(instance_id, "Suspended")
    assert host.sdk("suspend", instance_id, "because") == wrong
    assert host.sdk("resume", instance_id, "because") is None
    host.wait_for(instance_id, "Running")


def test_sdk_rewinds_a_failed_instance_and_reports_why_it_cannot(host: ContractHost, new_id: str) -> None:
    failed = host.run("mend", {"name": new_id, "through_child": False})["instanceId"]
    (host.folder / f"mended-{new_id}").touch()
    # The SDK does not escape the reason, so an ampersand cuts it.
    assert host.sdk("rewind", failed, "mended & well", "EveryFeature", "Storage") is None
    assert host.wait_for(failed, "Completed")["output"] == f"{new_id} is mended"
    only_failed = 'but only orchestrations in the "Failed" state can be rewound.'
    assert only_failed in host.sdk("rewind", failed, "again")
    assert host.sdk("rewind", "nobody", "again") == "raised: No instance with ID nobody found."
    assert only_failed in host.sdk("rewind", host.waiting(), "again")


def test_sdk_restarts_an_instance_and_gets_the_links_of_the_new_one(host: ContractHost) -> None:
    first = host.instance_in("Completed")
    links = host.sdk("restart", first)
    assert links["id"] != first
    assert host.wait_for(links["id"])["output"] == "the end"
    assert host.sdk("restart", first, False)["id"] == first
    assert host.sdk("restart", "nobody") == "raised: The operation failed with an unexpected status code 400"


def test_sdk_purges_instances_and_gets_their_number(host: ContractHost) -> None:
    instance_id = host.instance_in("Completed")
    assert host.sdk("purge_instance_history", instance_id) == 1
    assert host.sdk("purge_instance_history", instance_id) == 0
    past: dict[str, Any] = {"created_time_from": "2001-01-01T00:00:00", "created_time_to": "2001-01-02T00:00:00"}
    assert host.sdk("purge_instance_history_by", **past, runtime_status=["Completed"]) == 0


def test_sdk_purges_by_time_and_status(host: ContractHost) -> None:
    host.skip(5)
    start = host.ask("POST", "/devhost/clock", {"advanceSeconds": 0}).json["now"]
    host.instance_in("Completed")
    failed, waiting = host.instance_in("Failed"), host.waiting()
    purged = host.sdk("purge_instance_history_by", created_time_from=start, runtime_status=["Failed", "Running"])
    assert purged == 1
    assert [host.webhook("GET", f"instances/{one}").status for one in (failed, waiting)] == [404, 202]
    assert host.sdk("purge_instance_history_by", created_time_from=start, runtime_status=["Completed"]) == 1
    assert host.sdk("purge_instance_history_by", created_time_from=start) == 1
    assert host.webhook("GET", f"instances/{waiting}").status == 404


def read(host: ContractHost, name: str, key: str) -> Any:
    return host.sdk("read_entity_state", "EveryFeature", "Storage", entity=(name, key))


def test_sdk_signals_an_entity_and_reads_its_state(host: ContractHost, new_id: str) -> None:
    assert read(host, "Note", new_id) == {"exists": False, "state": None}
    assert host.sdk("signal_entity", "keep", {"a": 1}, "EveryFeature", "Storage", entity=("Note", new_id)) is None
    kept = {"exists": True, "state": [["keep", {"a": 1}]]}
    eventually(lambda: read(host, "Note", new_id) == kept, "the note is kept")


def test_sdk_reads_a_state_of_null_as_an_empty_text(host: ContractHost, new_id: str) -> None:
    host.sdk("signal_entity", "clear", entity=("note", new_id))
    eventually(lambda: read(host, "note", new_id) == {"exists": True, "state": ""}, "the note is cleared")


def test_sdk_raises_for_an_unknown_entity(host: ContractHost) -> None:
    refused = host.sdk("signal_entity", "add", 1, entity=("nobody", "one"))
    assert refused == "raised: The operation failed with an unexpected status code 400"
