"""Starting an instance: names, ids, versions, duplicates, and the answer."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, unquote

import pytest

from tests.contract.conftest import Api
from tests.contract.contract_host import JSON, WEBHOOKS, ContractHost
from tests.waiting import eventually


@pytest.mark.parametrize("name", ["nobody", "say_hello"], ids=["unknown", "activity"])
def test_start_of_an_unknown_orchestrator_fails_and_lists_the_known_ones(
    api: Api, host: ContractHost, name: str
) -> None:
    answer = api("POST", f"orchestrators/{name}")
    assert answer.status == 202
    failed = host.wait_for(answer.json["id"])
    assert failed["runtimeStatus"] == "Failed"
    assert re.match(
        rf"Orchestrator function '{name}' failed: "
        rf"The function '{name}' doesn't exist, is disabled, or is not an orchestrator function\. "
        r"Additional info: The following are the known orchestrator functions: 'announce_all', .*'wait_for_go'\.$",
        failed["output"],
    )


def test_case_of_an_orchestrators_name_does_not_matter(api: Api, host: ContractHost) -> None:
    answer = api("POST", "orchestrators/GIVE_Back", b'"1"', headers=JSON)
    assert host.wait_for(answer.json["id"])["output"] == 1


def test_instance_without_an_id_gets_32_hexadecimal_digits(api: Api) -> None:
    for path in ("orchestrators/describe", "orchestrators/describe/"):
        assert re.fullmatch("[0-9a-f]{32}", api("POST", path).json["id"])


@pytest.mark.parametrize("character", ["%23", "%3F", "%09", "%C2%85"])
def test_id_with_forbidden_characters_is_a_400(api: Api, character: str) -> None:
    answer = api("POST", f"orchestrators/describe/a{character}b")
    assert (answer.status, "is not allowed" in answer.json["ExceptionMessage"]) == (400, True)


def test_slash_in_an_id_is_a_path_that_does_not_exist(api: Api) -> None:
    answer = api("POST", "orchestrators/describe/a%2Fb")
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("oddity", ["@", "%5C", "%C3%BC", "x" * 300])
def test_id_with_an_odd_beginning_or_of_any_length_is_accepted(
    api: Api, host: ContractHost, new_id: str, oddity: str
) -> None:
    instance_id = unquote(oddity) + new_id
    assert api("POST", f"orchestrators/describe/{oddity}{new_id}").json["id"] == instance_id
    assert host.wait_for(quote(instance_id, safe=""))["instanceId"] == instance_id


@pytest.mark.parametrize("runtime_status", ["Pending", "Running", "Suspended"])
def test_live_instance_keeps_its_id(api: Api, host: ContractHost, runtime_status: str) -> None:
    instance_id = host.instance_in(runtime_status)
    answer = api("POST", f"orchestrators/describe/{instance_id}")
    message = f"An Orchestration instance with the status {runtime_status} already exists."
    assert (answer.status, answer.json) == (409, {"Message": message})
    assert host.status(instance_id)["name"] == "wait_for_go"


@pytest.mark.parametrize("runtime_status", ["Completed", "Failed", "Terminated"])
def test_finished_instance_is_replaced_with_its_history_and_time(
    api: Api, host: ContractHost, runtime_status: str
) -> None:
    before = host.status(host.instance_in(runtime_status))
    host.skip(2)
    instance_id = before["instanceId"]
    assert api("POST", f"orchestrators/describe/{instance_id}").status == 202
    after = host.wait_for(instance_id, "Completed")
    assert (after["name"], after["customStatus"]) == ("describe", None)
    assert after["createdTime"] > before["createdTime"]
    events = host.status(instance_id, "?showHistory=true")["historyEvents"]
    assert [event["EventType"] for event in events] == ["ExecutionStarted", "ExecutionCompleted"]


@pytest.mark.parametrize("body", [b"{", b"NaN", b"plain", b"\xff"])
def test_body_that_is_no_json_is_a_400(api: Api, body: bytes) -> None:
    answer = api("POST", "orchestrators/describe", body, headers=JSON)
    assert (answer.status, answer.json["Message"][:20]) == (400, "Invalid JSON content")
    assert answer.json["ExceptionMessage"] == answer.json["Message"]


@pytest.mark.parametrize(("query", "version"), [("?version=1.1", "1.1"), ("", "1.2")])
def test_version_is_the_one_asked_for_or_that_of_host_json(
    api: Api, host: ContractHost, query: str, version: str
) -> None:
    answer = api("POST", f"orchestrators/describe{query}")
    assert host.wait_for(answer.json["id"])["output"]["version"] == version


def test_accepted_start_answers_with_links_but_none_for_rewind(api: Api, host: ContractHost, new_id: str) -> None:
    answer = api("POST", f"orchestrators/wait_for_go/{new_id}")
    instance, query = f"{host.origin}{WEBHOOKS}/instances/{new_id}", "taskHub=EveryFeature&connection=Storage"
    assert (answer.status, answer.headers["Retry-After"]) == (202, "10")
    assert answer.headers["Location"] == answer.json["statusQueryGetUri"]
    assert answer.json == {
        "id": new_id,
        "statusQueryGetUri": f"{instance}?{query}",
        "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}?{query}",
        "terminatePostUri": f"{instance}/terminate?reason={{text}}&{query}",
        "purgeHistoryDeleteUri": f"{instance}?{query}",
        "restartPostUri": f"{instance}/restart?{query}",
        "suspendPostUri": f"{instance}/suspend?reason={{text}}&{query}",
        "resumePostUri": f"{instance}/resume?reason={{text}}&{query}",
    }


def test_links_lead_to_an_id_that_needs_escaping(api: Api, host: ContractHost, new_id: str) -> None:
    answer = api("POST", f"orchestrators/wait_for_go/{new_id}%20%25%C3%A4")
    assert answer.json["id"] == f"{new_id} %ä"
    link = answer.json["statusQueryGetUri"].removeprefix(host.origin)
    assert host.ask("GET", link).json["instanceId"] == f"{new_id} %ä"


WAITING = "timeout=20&pollingInterval=0.05"


def test_start_that_waits_answers_with_the_output(api: Api) -> None:
    answer = api("POST", f"orchestrators/give_back?{WAITING}", rb'"{\"a\": [1]}"', headers=JSON)
    assert (answer.status, answer.json) == (200, {"a": [1]})


def test_start_that_waits_answers_with_the_status_of_a_failure(api: Api) -> None:
    path = f"orchestrators/fail_by_code?{WAITING}&returnInternalServerErrorOnFailure=true&showInput=false"
    answer = api("POST", path, rb'"\"sorry\""', headers=JSON)
    assert (answer.status, answer.json["runtimeStatus"], answer.json["input"]) == (200, "Failed", None)


def test_start_that_waits_answers_with_the_status_of_a_terminated_instance(
    api: Api, host: ContractHost, new_id: str
) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(api, "POST", f"orchestrators/wait_for_go/{new_id}?{WAITING}")
        eventually(lambda: host.webhook("GET", f"instances/{new_id}").status == 202, "it has started")
        assert host.webhook("POST", f"instances/{new_id}/terminate").status == 202
        answer = waiting.result()
    assert (answer.status, answer.json["runtimeStatus"]) == (200, "Terminated")


def test_start_that_waited_in_vain_answers_with_the_links(api: Api, new_id: str) -> None:
    answer = api("POST", f"orchestrators/wait_for_go/{new_id}?timeout=0.1&pollingInterval=0.05")
    assert (answer.status, answer.json["id"], answer.headers["Retry-After"]) == (202, new_id, "10")


@pytest.mark.parametrize("query", ["timeout=20", "pollingInterval=1", "timeout=soon&pollingInterval=1"])
def test_start_waits_only_if_both_times_are_given(api: Api, query: str) -> None:
    assert api("POST", f"orchestrators/describe?{query}").status == 202


def test_pause_longer_than_the_wait_is_a_400(api: Api) -> None:
    answer = api("POST", "orchestrators/describe?timeout=5&pollingInterval=7.5")
    message = "Total timeout 5 should be bigger than retry timeout 7.5"
    assert (answer.status, answer.json) == (400, {"Message": message})
