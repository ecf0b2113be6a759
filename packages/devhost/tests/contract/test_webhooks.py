"""The public webhooks alone: keys, origins, and the routes of entities that the SDK does not use."""

from typing import Any

import pytest

from tests.contract.conftest import Api
from tests.contract.contract_host import JSON, WEBHOOKS, ContractHost
from tests.unit.functions.http_client import ask
from tests.waiting import eventually

TEXT = {"Content-Type": "text/plain"}
TOKEN = "x-ms-continuation-token"
ENDPOINTS = [
    ("POST", "orchestrators/describe"),
    ("GET", "instances/one"),
    ("GET", "instances"),
    ("DELETE", "instances/one"),
    ("DELETE", "instances"),
    ("POST", "instances/one/raiseEvent/go"),
    ("POST", "instances/one/terminate"),
    ("POST", "instances/one/suspend"),
    ("POST", "instances/one/resume"),
    ("POST", "instances/one/rewind"),
    ("POST", "instances/one/restart"),
    ("GET", "entities"),
    ("GET", "entities/counter/one"),
    ("POST", "entities/counter/one"),
    ("DELETE", "entities/counter/one"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_no_endpoint_opens_without_the_right_key(keyed_host: ContractHost, method: str, path: str) -> None:
    for query in ("", "?code=wrong", f"?code={keyed_host.keys['function']}"):
        answer = keyed_host.webhook(method, f"{path}{query}")
        assert (answer.status, answer.body) == (401, b"")


@pytest.mark.parametrize("name", ["durable", "master"])
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_endpoint_opens_with_the_system_and_the_master_key(
    keyed_host: ContractHost, method: str, path: str, name: str
) -> None:
    key = keyed_host.keys[name]
    assert keyed_host.webhook(method, f"{path}?code={key}").status != 401
    assert keyed_host.webhook(method, path, headers={"x-functions-key": key}).status != 401


def test_links_of_a_keyed_host_open_what_they_lead_to(keyed_host: ContractHost) -> None:
    key = keyed_host.keys["durable"]
    links = keyed_host.webhook("POST", f"orchestrators/wait_for_go?code={key}").json
    for link in (links["statusQueryGetUri"], links["purgeHistoryDeleteUri"]):
        assert ask(keyed_host.origin, "GET", link.removeprefix(keyed_host.origin)).status == 202
    terminate = links["terminatePostUri"].replace("{text}", "because").removeprefix(keyed_host.origin)
    assert ask(keyed_host.origin, "POST", terminate).status == 202


def test_no_key_is_asked_for_without_the_option(host: ContractHost) -> None:
    assert host.keys == {}
    assert host.webhook("GET", "instances").status == 200


@pytest.mark.parametrize("path", ["orchestrators/wait_for_go", "instances/{}/restart"])
def test_links_have_the_origin_of_the_request(host: ContractHost, path: str) -> None:
    headers = {"Host": "localhost:8443"}
    answer = host.webhook("POST", path.format(host.instance_in("Completed")), headers=headers)
    base = f"http://localhost:8443{WEBHOOKS}/instances/{answer.json['id']}"
    assert answer.headers["Location"] == f"{base}?taskHub=EveryFeature&connection=Storage"
    links = {name: link for name, link in answer.json.items() if name != "id"}
    assert all(link.startswith(base) for link in links.values())


def test_location_of_a_status_has_the_origin_of_the_request(host: ContractHost) -> None:
    path = f"instances/{host.waiting()}?code=&showInput=false"
    answer = host.webhook("GET", path, headers={"Host": "localhost:8443"})
    assert answer.headers["Location"] == f"http://localhost:8443{WEBHOOKS}/{path}"


def keep(host: ContractHost, key: str, value: int = 1) -> None:
    """Create the entity `note` with this key."""
    assert host.webhook("POST", f"entities/note/{key}?op=keep", str(value).encode(), headers=TEXT).status == 202
    eventually(lambda: host.webhook("GET", f"entities/note/{key}").status == 200, "the note is kept")


def keys(listed: list[dict[str, Any]], prefix: str) -> list[str]:
    found = [entity["entityId"]["key"] for entity in listed]
    return [key for key in found if key.startswith(prefix)]


def test_state_of_an_entity_is_its_json(api: Api, host: ContractHost, new_id: str) -> None:
    keep(host, new_id)
    answer = api("GET", f"entities/NOTE/{new_id}")
    assert (answer.status, answer.json) == (200, [["keep", 1]])
    assert answer.headers["Content-Type"].startswith("application/json")


def test_entity_that_does_not_exist_is_an_empty_404(api: Api, host: ContractHost, new_id: str) -> None:
    keep(host, new_id)
    for path in ("note/nobody", f"note/{new_id.upper()}", f"nobody/{new_id}"):
        answer = api("GET", f"entities/{path}")
        assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("path", ["entities/counter/$", "entities/counter"])
def test_dollar_sign_or_nothing_stands_for_the_empty_key(api: Api, path: str) -> None:
    before = api("GET", "entities/counter/$")
    total = before.json if before.body else 0
    assert api("POST", f"{path}?op=add", b"1", headers=TEXT).status == 202
    eventually(lambda: api("GET", "entities/counter/$").body == str(total + 1).encode(), "it counts")
    assert api("GET", "entities/counter?top=1").json[0]["entityId"] == {"name": "counter", "key": ""}


def test_list_of_entities_names_them_with_time_and_without_state(
    api: Api, host: ContractHost, new_id: str
) -> None:
    keep(host, new_id)
    for path in ("entities", "entities/", "entities/Note"):
        entities = {one["entityId"]["key"]: one for one in api("GET", f"{path}?top=1000").json}
        assert entities[new_id]["entityId"] == {"name": "note", "key": new_id}
        assert entities[new_id]["state"] is None
        assert len(entities[new_id]["lastOperationTime"]) == len("2024-01-01T00:00:00Z")


def test_list_of_entities_can_hold_their_states(api: Api, host: ContractHost, new_id: str) -> None:
    keep(host, new_id)
    listed = api("GET", "entities/note?fetchState=True&top=1000").json
    assert [one["state"] for one in listed if one["entityId"]["key"] == new_id] == [[["keep", 1]]]


def test_list_of_entities_keeps_to_one_name(api: Api, host: ContractHost, new_id: str) -> None:
    keep(host, new_id)
    assert keys(api("GET", "entities/counter?top=1000").json, new_id) == []
    assert api("GET", "entities/nobody").json == []


def test_list_of_entities_keeps_to_a_window_of_last_operations(api: Api, host: ContractHost, new_id: str) -> None:
    times = []
    for number in range(3):
        keep(host, f"{new_id}-{number}")
        host.skip(10)
        times.append(host.ask("POST", "/devhost/clock", {"advanceSeconds": 0}).json["now"])
    window = f"lastOperationTimeFrom={times[0]}&lastOperationTimeTo={times[1]}"
    assert keys(api("GET", f"entities/note?{window}&top=1000").json, new_id) == [f"{new_id}-1"]


def test_pages_of_entities_follow_each_other_by_token(api: Api, host: ContractHost, new_id: str) -> None:
    names = [f"{new_id}-{number}" for number in range(3)]
    for name in names:
        keep(host, name)
    seen: list[str] = []
    sizes: list[int] = []
    headers: dict[str, str] = {}
    while len(sizes) < 999:
        answer = api("GET", "entities/note?top=2", headers=headers)
        seen += keys(answer.json, new_id)
        sizes.append(len(answer.json))
        if TOKEN not in answer.headers:
            break
        headers = {TOKEN: answer.headers[TOKEN]}
    assert seen == names
    assert set(sizes[:-1]) == {2}


@pytest.mark.parametrize("send", ["delete", "signal"])
def test_deleted_entity_is_null_and_stays_listed(api: Api, host: ContractHost, new_id: str, send: str) -> None:
    path = f"entities/counter/{new_id}"
    api("POST", f"{path}?op=add", b"1", headers=TEXT)
    eventually(lambda: api("GET", path).status == 200, "it counts")
    answer = api("DELETE", path) if send == "delete" else api("POST", f"{path}?op=delete")
    assert (answer.status, answer.body) == (202, b"")
    eventually(lambda: api("GET", path).body == b"null", "it is deleted")
    assert keys(api("GET", "entities/counter?top=1000").json, new_id) == [new_id]


def test_signal_without_an_operation_has_an_empty_name(api: Api, host: ContractHost, new_id: str) -> None:
    assert api("POST", f"entities/note/{new_id}", b"1", headers=TEXT).status == 202
    eventually(lambda: api("GET", f"entities/note/{new_id}").body == b'[["", 1]]', "the note is kept")


@pytest.mark.parametrize(
    "path", ["nobody/one", "note/a%2Fb", "note/a%5Cb", "note/a%23b", "note/a%3Fb", "note/a%09b"]
)
def test_signal_to_an_unknown_entity_or_a_bad_key_is_a_400(api: Api, path: str) -> None:
    answer = api("POST", f"entities/{path}?op=keep", b"1", headers=TEXT)
    assert (answer.status, "nobody" in answer.json["Message"] or "must not contain" in answer.json["Message"]) == (
        400,
        True,
    )


def test_signal_with_a_body_that_should_be_json_but_is_not_is_a_400(api: Api, new_id: str) -> None:
    answer = api("POST", f"entities/note/{new_id}?op=keep", b"{", headers=JSON)
    assert (answer.status, answer.json["Message"]) == (400, "Invalid JSON content")
