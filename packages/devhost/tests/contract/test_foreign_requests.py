"""Every door of a running host is closed to the pages of other sites, and its state to other users."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.contract.contract_host import WEBHOOKS, ContractHost
from tests.unit.functions.http_client import ask

FOREIGN = {
    "another site": {"Origin": "http://elsewhere.example"},
    "a sandbox": {"Origin": "null"},
    "a link or an image": {"Sec-Fetch-Site": "cross-site"},
    "another port": {"Sec-Fetch-Site": "same-site"},
    "another name for this machine": {"Host": "elsewhere.example"},
}
DOORS = [
    ("GET", "/devhost"),
    ("GET", "/devhost/style.css"),
    ("GET", "/devhost/api/instances"),
    ("POST", "/devhost/sign-in"),
    ("POST", "/devhost/clock"),
    ("GET", "/admin/host/status"),
    ("GET", "/admin/functions"),
    ("POST", "/admin/functions/tick"),
    ("GET", "/api/binding"),
    ("POST", "/api/client/terminate"),
    ("GET", "/no/such/path"),
    ("GET", f"{WEBHOOKS}/instances"),
    ("POST", f"{WEBHOOKS}/instances/{{}}/terminate"),
    ("DELETE", f"{WEBHOOKS}/instances/{{}}"),
]


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_page_of_another_site_can_do_nothing(host: ContractHost, headers: dict[str, str]) -> None:
    """Guards against a site that terminates, purges or reads instances of whoever visits it."""
    instance_id = host.waiting()
    sent = {"Content-Type": "text/plain", **headers}
    body = json.dumps({"args": [instance_id, "foreign"]}).encode()
    answers = [ask(host.origin, method, path.format(instance_id), body, sent) for method, path in DOORS]
    answers += [
        host.rpc(method, path.format(instance_id), body, headers=sent)
        for method, path in (("POST", "instances/{}/terminate"), ("DELETE", "instances/{}"), ("GET", "instances"))
    ]
    assert {answer.status for answer in answers} == {403}
    assert host.status(instance_id)["runtimeStatus"] == "Running"


def test_rpc_api_asks_for_the_token_of_the_client_binding(host: ContractHost, keyed_host: ContractHost) -> None:
    """Guards against programs that find the port: it asks for no key, even where all else does."""
    origin = "http://{0.hostname}:{0.port}".format(urlsplit(keyed_host.binding["rpcBaseUrl"]))
    keys = [None, *keyed_host.keys.values()]
    for key in keys:
        headers = {"x-functions-key": key} if key else {}
        answer = ask(origin, "POST", "/durabletask/orchestrators/describe", headers=headers)
        assert (answer.status, answer.body) == (401, b"")
    token = urlsplit(host.binding["rpcBaseUrl"]).path.split("/")[1]
    assert ask(origin, "POST", f"/{token}/durabletask/orchestrators/describe").status == 401


@pytest.mark.parametrize("api", ["public", "rpc"])
def test_malformed_request_leaves_nothing_of_itself_in_the_log(keyed_host: ContractHost, api: str) -> None:
    """Guards against keys in ``devhost.log``, which went there with the line that was not understood."""
    base = keyed_host.origin if api == "public" else keyed_host.binding["rpcBaseUrl"]
    key = keyed_host.keys["master"]
    with socket.create_connection(("127.0.0.1", urlsplit(base).port or 0), timeout=60) as connection:
        connection.sendall(f"GET /s3cr3t HTTP/1.1\r\nHost: localhost\r\nx-functions-key: {key}\0\r\n\r\n".encode())
        assert b"400" in connection.recv(65536).splitlines()[0]
    assert ask(keyed_host.origin, "GET", "/admin/host/status").status == 200
    assert not [word for word in ("s3cr3t", *keyed_host.keys.values()) if word in keyed_host.output]
    assert "A request was refused" in keyed_host.output
