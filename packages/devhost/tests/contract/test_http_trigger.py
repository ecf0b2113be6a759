"""HTTP functions of a running host: who gets a request, what it sees, what becomes of its result, and keys."""

import http.client
import json
from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.contract.functions_process import host, keys
from tests.end_to_end.devhost_process import DevhostProcess
from tests.unit.functions.http_client import Answer, ask

__all__ = ["host", "keys"]


def answered(host: DevhostProcess, **response: Any) -> Answer:
    """What the client gets for a ``func.HttpResponse`` of these arguments."""
    return host.ask("POST", "/v1/answer", response)


# What a function sees.


def test_request_is_seen_as_the_client_sent_it(host: DevhostProcess) -> None:
    path = "/v1/see/a/b%20c?q=1&q=2&empty=&flag&sp%61ce=a%20b"
    seen = ask(host.origin, "PUT", path, b"\x00\xff", {"X-One": "1"}).json
    assert (seen["method"], seen["url"]) == ("PUT", f"{host.origin}{path}")
    assert seen["headers"] == {"x-one": "1"}
    assert seen["params"] == {"q": "1,2", "space": "a b"}
    assert seen["route"] == {"rest": "a/b c"}
    assert seen["body"].encode("latin-1") == b"\x00\xff"


def test_address_of_a_request_is_the_one_that_its_host_header_names(host: DevhostProcess) -> None:
    seen = ask(host.origin, "GET", "/v1/see?x=%20", headers={"Host": "localhost:81"}).json
    assert seen["url"] == "http://localhost:81/v1/see?x=%20"


def test_repeated_header_is_joined_by_commas_and_found_in_any_case(host: DevhostProcess) -> None:
    connection = http.client.HTTPConnection(host.origin.removeprefix("http://"), timeout=60)
    connection.putrequest("GET", "/v1/see")
    for value in ("a", "b"):
        connection.putheader("X-Twice", value)
    connection.endheaders()
    seen = json.loads(connection.getresponse().read())
    connection.close()
    assert seen["headers"] == {"x-twice": "a,b"}


def test_request_without_a_body_has_an_empty_one_and_no_json(host: DevhostProcess) -> None:
    seen = host.ask("GET", "/v1/see").json
    assert (seen["body"], seen["json"]) == ("", "ValueError: no JSON")
    assert host.ask("POST", "/v1/see", {"a": [1]}).json["json"] == {"a": [1]}


# What becomes of a result.


@pytest.mark.parametrize(
    ("response", "content_type"),
    [
        ({"body": "x"}, "text/plain; charset=utf-8"),
        ({"body": "x", "mimetype": "text/html"}, "text/html; charset=utf-8"),
        ({"body": "x", "mimetype": "text/csv", "charset": "latin-1"}, "text/csv; charset=latin-1"),
        ({"body": "{}", "mimetype": "application/json"}, "application/json"),
        ({"body": "x", "headers": {"Content-Type": "image/png"}, "mimetype": "text/html"}, "image/png"),
    ],
)
def test_content_type_is_the_mimetype_with_a_charset_for_text_unless_a_header_says_it(
    host: DevhostProcess, response: dict[str, Any], content_type: str
) -> None:
    assert answered(host, **response).headers["Content-Type"] == content_type


def test_status_headers_body_and_cookies_of_a_response_go_out(host: DevhostProcess) -> None:
    answer = answered(
        host,
        body="grüße",
        charset="latin-1",
        status_code=418,
        headers={"X-Pot": "yes"},
        cookies=["a=1; Path=/", "b=2; HttpOnly; Max-Age=60"],
    )
    assert (answer.status, answer.headers["X-Pot"], answer.body) == (418, "yes", "grüße".encode("latin-1"))
    cookies: SimpleCookie = SimpleCookie()
    for cookie in answer.headers.get_all("Set-Cookie", []):
        cookies.load(cookie)
    assert (cookies["a"].value, cookies["a"]["path"]) == ("1", "/")
    assert (cookies["b"].value, cookies["b"]["httponly"], cookies["b"]["max-age"]) == ("2", True, "60")


@pytest.mark.parametrize(
    ("text", "status", "body"),
    [
        (b"just a text", 200, "just a text"),
        (b"17", 200, "17"),
        (b'  {"b":1,\n"a": ["\xc3\xbc"]}', 200, '{"b": 1, "a": ["ü"]}'),
        (b"[ 1,2 ]", 200, "[1, 2]"),
        (b'{"statusCode": 404, "headers": {"X-A": 1}, "body": "no"}', 404, "no"),
        (b'{"status": 202, "body": {"id": 7}}', 202, '{"id": 7}'),
        (b'{"body": null}', 200, "null"),
    ],
)
def test_text_is_sent_as_text_but_json_anew_and_a_described_response_as_such(
    host: DevhostProcess, text: bytes, status: int, body: str
) -> None:
    answer = ask(host.origin, "POST", "/v1/return/text", text)
    assert (answer.status, answer.body.decode()) == (status, body)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers.get("X-A") == ("1" if status == 404 else None)


@pytest.mark.parametrize("kind", ["none", "dict", "list", "bytes", "int"])
def test_any_other_result_is_an_empty_500(host: DevhostProcess, kind: str) -> None:
    answer = host.ask("GET", f"/v1/return/{kind}")
    assert (answer.status, answer.body) == (500, b"")


def test_exception_is_an_empty_500_and_told_in_the_log_only(host: DevhostProcess) -> None:
    answer = host.ask("GET", "/v1/raise")
    assert (answer.status, answer.body) == (500, b"")
    assert "ValueError: a secret detail" in host.output


def test_response_may_go_through_an_out_parameter_whose_last_value_counts(host: DevhostProcess) -> None:
    answer = host.ask("GET", "/v1/out?status=203")
    assert (answer.status, answer.body) == (203, b"None")
    assert host.ask("GET", "/v1/out").status == 204


# Which function gets a request.


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/typed/7/word", {"number": "7", "word": "word"}),
        ("/V1/TYPED/7", {"number": "7", "word": "none"}),
        ("/v1/typed/2", None),
        ("/v1/typed/seven", None),
        ("/v1/typed/7/w0rd", None),
        ("/v1/typed/7/word/more", None),
        ("/v1/typed", None),
        ("/typed/7", None),
        ("/api/typed/7", None),
    ],
)
def test_template_constraints_and_prefix_decide_and_no_match_is_an_empty_404(
    host: DevhostProcess, path: str, route: dict[str, str] | None
) -> None:
    answer = host.ask("GET", path)
    assert (answer.status, answer.body) == (404, b"") if route is None else answer.json == route


def test_method_that_no_function_takes_is_an_empty_404_and_one_without_a_list_takes_all(
    host: DevhostProcess,
) -> None:
    refused = host.ask("POST", "/v1/typed/7")
    assert (refused.status, refused.body, refused.headers["Allow"]) == (404, b"", None)
    assert host.ask("DELETE", "/v1/typed/7").status == 200
    assert {host.ask(method, "/v1/see").status for method in ("GET", "POST", "PATCH", "OPTIONS", "HEAD")} == {200}


def test_first_function_whose_template_and_method_match_gets_the_request(host: DevhostProcess) -> None:
    assert host.ask("GET", "/v1/things/7").json == "read_thing"
    assert host.ask("POST", "/v1/things/7").json == "any_thing"


def test_function_without_a_route_listens_at_its_name(host: DevhostProcess) -> None:
    assert host.ask("GET", "/v1/at_its_name").json == "at_its_name"


def test_function_that_is_switched_off_is_an_empty_404(host: DevhostProcess) -> None:
    answer = host.ask("GET", "/v1/switched_off")
    assert (answer.status, answer.body) == (404, b"")
    assert "switched_off:" not in host.output


# Keys.


OPENED_BY = {
    "/v1/see": {"none", "wrong", "function", "durable", "master"},
    "/v1/keyed": {"function", "master"},
    "/v1/admins": {"master"},
}


@pytest.mark.parametrize("path", OPENED_BY)
def test_each_level_takes_its_keys_from_the_header_or_the_query_and_refuses_others_with_an_empty_401(
    host: DevhostProcess, keys: dict[str, str], path: str
) -> None:
    for name, key in {"wrong": "wrong", **keys}.items():
        for answer in (
            host.ask("POST", path, {}, {"x-functions-key": key}),
            host.ask("POST", f"{path}?code={key}", {}),
        ):
            assert (answer.status, answer.body == b"") == (
                (200, False) if name in OPENED_BY[path] else (401, True)
            )
    assert host.ask("POST", path).status == (200 if "none" in OPENED_BY[path] else 401)


def test_key_in_the_header_wins_over_the_one_in_the_query(host: DevhostProcess, keys: dict[str, str]) -> None:
    right, wrong = keys["function"], "wrong"
    assert host.ask("POST", f"/v1/keyed?code={right}", headers={"x-functions-key": wrong}).status == 401
    assert host.ask("POST", f"/v1/keyed?code={wrong}", headers={"x-functions-key": right}).status == 200


def test_wrong_method_is_404_before_the_key_is_looked_at(host: DevhostProcess) -> None:
    assert host.ask("GET", "/v1/keyed").status == 404
