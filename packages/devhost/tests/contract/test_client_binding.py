"""The host's value for a durable client parameter, and the SDK's client that is made from it."""

import re
from typing import Any

import pytest

from tests.contract.contract_host import WEBHOOKS, ContractHost
from tests.unit.functions.http_client import ask


def expected_binding(host: ContractHost, key: str) -> dict[str, Any]:
    base = f"{host.origin}{WEBHOOKS}"
    create = f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]"
    instance, code = f"{base}/instances/INSTANCEID", f"&code={key}" if key else ""
    query = f"taskHub=EveryFeature&connection=Storage{code}"
    return {
        "taskHubName": "EveryFeature",
        "connectionName": None,
        "creationUrls": {
            "createNewInstancePostUri": create + code.replace("&", "?"),
            "createAndWaitOnNewInstancePostUri": (
                f"{create}?timeout={{timeoutInSeconds}}&pollingInterval={{intervalInSeconds}}{code}"
            ),
        },
        "managementUrls": {
            "id": "INSTANCEID",
            "statusQueryGetUri": f"{instance}?{query}",
            "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}?{query}",
            "terminatePostUri": f"{instance}/terminate?reason={{text}}&{query}",
            "rewindPostUri": f"{instance}/rewind?reason={{text}}&{query}",
            "purgeHistoryDeleteUri": f"{instance}?{query}",
            "restartPostUri": f"{instance}/restart?{query}",
            "suspendPostUri": f"{instance}/suspend?reason={{text}}&{query}",
            "resumePostUri": f"{instance}/resume?reason={{text}}&{query}",
        },
        "baseUrl": base,
        "requiredQueryStringParameters": code.removeprefix("&"),
        "httpBaseUrl": None,
    }


def test_binding_names_the_hub_and_all_urls(host: ContractHost) -> None:
    given = dict(host.binding)
    del given["rpcBaseUrl"]
    assert given == expected_binding(host, "")


def test_urls_of_the_binding_carry_the_system_key(keyed_host: ContractHost) -> None:
    given = dict(keyed_host.binding)
    del given["rpcBaseUrl"]
    assert given == expected_binding(keyed_host, keyed_host.keys["durable"])


def test_rpc_base_is_local_and_ends_with_a_slash(host: ContractHost) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}/durabletask/", host.binding["rpcBaseUrl"])
    assert host.rpc("GET", "instances/nobody").status == 404


def test_every_management_url_is_a_text_with_the_placeholder(host: ContractHost) -> None:
    assert all("INSTANCEID" in url for url in host.binding["managementUrls"].values())


def test_names_of_hub_and_connection_in_the_decorator_are_ignored(host: ContractHost) -> None:
    # The function behind `sdk` asks for a hub and a connection of other names.
    links = host.sdk("create_http_management_payload", "one")
    assert "taskHub=EveryFeature&connection=Storage" in links["statusQueryGetUri"]
    assert host.sdk("get_status", host.waiting())["runtimeStatus"] == "Running"


def test_check_status_response_has_the_origin_of_the_request(host: ContractHost, new_id: str) -> None:
    path = f"/api/start/wait_for_go?id={new_id}"
    answer = ask(host.origin, "POST", path, b"", {"Host": "localhost:8443"})
    expected = {
        name: url.replace(host.origin, "http://localhost:8443").replace("INSTANCEID", new_id)
        for name, url in host.binding["managementUrls"].items()
    }
    assert (answer.status, answer.json) == (202, expected)
    assert answer.json["sendEventPostUri"].endswith(
        "/raiseEvent/{eventName}?taskHub=EveryFeature&connection=Storage"
    )
    assert "reason={text}&" in answer.json["terminatePostUri"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Location"] == expected["statusQueryGetUri"]
    assert answer.headers["Retry-After"] == "10"


def test_management_payload_keeps_the_origin_of_the_host(host: ContractHost) -> None:
    links = host.sdk("create_http_management_payload", "one")
    assert links == {
        name: url.replace("INSTANCEID", "one") for name, url in host.binding["managementUrls"].items()
    }


def wait(host: ContractHost, instance_id: str, timeout: int = 10_000) -> Any:
    return host.ask("GET", f"/api/wait/{instance_id}?timeout={timeout}")


@pytest.mark.parametrize(
    ("output", "body"), [("just text", b"just text"), ({"a": [1, None]}, b'{"a": [1, null]}')]
)
def test_waiting_for_a_completed_instance_answers_with_its_output(
    host: ContractHost, output: Any, body: bytes
) -> None:
    answer = wait(host, host.begin("give_back", output))
    assert (answer.status, answer.body) == (200, body)


def test_waiting_for_a_terminated_instance_answers_with_its_status(host: ContractHost) -> None:
    answer = wait(host, host.instance_in("Terminated"))
    assert (answer.status, answer.json["runtimeStatus"], answer.json["output"]) == (200, "Terminated", "because")


def test_waiting_for_a_failed_instance_answers_500_with_its_status(host: ContractHost) -> None:
    answer = wait(host, host.begin("fail_by_code", "sorry"))
    assert answer.status == 500
    times = {"createdTime", "lastUpdatedTime"}
    rest = {name: value for name, value in answer.json.items() if name not in times}
    assert rest == {
        "name": "fail_by_code",
        "instanceId": rest["instanceId"],
        "runtimeStatus": "Failed",
        "input": '"sorry"',
        "output": "Orchestrator function 'fail_by_code' failed: sorry",
        "customStatus": "failing",
        "history": None,
    }
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z", answer.json[time]) for time in times)


def test_waiting_in_vain_answers_as_a_start_does(host: ContractHost) -> None:
    for instance_id in (host.waiting(), "nobody"):
        answer = wait(host, instance_id, timeout=10)
        assert (answer.status, answer.json["id"], answer.headers["Retry-After"]) == (202, instance_id, "10")
