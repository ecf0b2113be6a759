"""Whatever bytes come in, in headers, cookies, query, path or body: the answer is a refusal, never a 500.

A 500 tells a developer that the host is broken, and leaves a traceback in its log for what a client got wrong.
"""

import pytest

from tests.contract.contract_host import WEBHOOKS, ContractHost
from tests.unit.functions.http_client import ask_raw

HOOKS = WEBHOOKS.encode()
INSTANCE, ENTITY = HOOKS + b"/instances/nobody", HOOKS + b"/entities/tally/odd"
ROUTES = [
    (b"GET", HOOKS + b"/instances"),
    (b"DELETE", HOOKS + b"/instances"),
    (b"GET", INSTANCE),
    (b"DELETE", INSTANCE),
    (b"POST", INSTANCE + b"/terminate"),
    (b"POST", INSTANCE + b"/suspend"),
    (b"POST", INSTANCE + b"/rewind"),
    (b"POST", INSTANCE + b"/restart"),
    (b"POST", INSTANCE + b"/raiseEvent/go"),
    (b"POST", HOOKS + b"/orchestrators/nothing"),
    (b"GET", HOOKS + b"/entities"),
    (b"GET", ENTITY),
    (b"POST", HOOKS + b"/entities/nothing/odd"),
    (b"GET", b"/admin/functions"),
    (b"POST", b"/admin/functions/nothing"),
    (b"GET", b"/admin/host/status"),
    (b"POST", b"/devhost/clock"),
    (b"GET", b"/devhost"),
    (b"GET", b"/devhost/entities"),
    (b"GET", b"/devhost/instances/nobody"),
    (b"GET", b"/devhost/api/instances"),
    (b"POST", b"/devhost/instances/nobody/terminate"),
    (b"POST", b"/devhost/sign-in"),
    (b"GET", b"/api/binding"),
]
ODD_BYTES = [b"", b"\xff", b"\xed\xa0\x80", "é²٣".encode(), b"9" * 5000]
HEADERS = [b"x-ms-continuation-token", b"Content-Type", b"traceparent", b"Expect"]
NUMBERS = ["0", "-1", "1e400", "nan", "%C2%B2", "9223372036854775807", "9223372036854775808", "9" * 5000]
TEXTS = ["", "%", "%ff", "%ed%a0%80", "%00", *NUMBERS]
QUERY = ["top", "timeout", "runtimeStatus", "instanceIdPrefix", "after"]
DATES = [
    "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:59-14:00",
    "Sun,%2031%20Dec%209999%2023:59:59%20-2359",
    "Tue,%201%20Jan%2099999999999999999999%2000:00:00%20GMT",
    "Mon,%201%20Jan%202024%2000:00:00%20%2B999999999999",
    "Mon,%2099%20Foo%202024%2099:99:99",
    "13/45/2024",
    "2024-02-30",
    "%ff",
    "0001-01-01",
    "9999-12-31T23:59:59Z",
]
MOMENTS = ["createdTimeFrom", "createdTimeTo", "lastOperationTimeFrom", "lastOperationTimeTo"]
BODIES = [
    b"\xff",
    b"[" * 100_000,
    b"9" * 5000,
    b'"\\ud800"',
    b"NaN",
    b'{"input": 1e999}',
    b'{"advanceSeconds": 1e308}',
    b"--x\r\nContent-Disposition: form-data",
    b"--x\r\n\r\n\xff\r\n--x--",
    b"token=%ed%a0%80&key=%ff",
]
CONTENT_TYPES = [b"application/json", b"application/json; charset=nope", b"text/plain; charset=utf-16"]
FORM_TYPES = [
    b"multipart/form-data",
    b"multipart/form-data; boundary=x",
    b"multipart/form-data; boundary=\xff",
    b"application/x-www-form-urlencoded; charset=nope",
    b"application/x-www-form-urlencoded",
]
PATHS = [b"%ff", b"%ed%a0%80", b"%00", b"%", b"\xff", b"%0d%0a", b"x" * 7000, b"..%2f..", b"%2f"]


# Method, target, header lines, body.
RawRequest = tuple[bytes, bytes, list[bytes], bytes]


def broken_by(host: ContractHost, *requests: RawRequest) -> list[object]:
    """Those of the requests that the host is broken by."""
    broken: list[object] = []
    for method, target, headers, body in requests:
        answer = ask_raw(host.origin, method, target, headers, body)
        if answer.status >= 500:
            broken.append((method, target[:100], headers, body[:100], answer))
    return broken


def body_of(method: bytes) -> bytes:
    return b"{}" if method == b"POST" else b""


@pytest.mark.parametrize("header", HEADERS)
def test_odd_bytes_in_a_header_break_no_route(host: ContractHost, header: bytes) -> None:
    requests: list[RawRequest] = [
        (method, path, [header + b": " + odd], body_of(method)) for method, path in ROUTES for odd in ODD_BYTES
    ]
    assert broken_by(host, *requests) == []


@pytest.mark.parametrize("header", [b"x-functions-key: ", b"Cookie: devhost_page=", b"Cookie: "])
def test_odd_bytes_in_a_key_or_a_cookie_are_refused(keyed_host: ContractHost, header: bytes) -> None:
    requests: list[RawRequest] = [
        (method, path, [header + odd], body_of(method)) for method, path in ROUTES for odd in ODD_BYTES
    ]
    assert broken_by(keyed_host, *requests) == []


def test_odd_bytes_in_a_key_of_the_query_are_refused(keyed_host: ContractHost) -> None:
    requests: list[RawRequest] = [
        (method, path + f"?code={text}".encode(), [], body_of(method)) for method, path in ROUTES for text in TEXTS
    ]
    assert broken_by(keyed_host, *requests) == []


@pytest.mark.parametrize("name", QUERY)
def test_odd_values_in_the_query_break_no_route(host: ContractHost, name: str) -> None:
    # A page of less than none is a 500, as on Azure; see test_listing.
    texts = [text for text in TEXTS if not (name == "top" and text.startswith("-"))]
    requests: list[RawRequest] = [
        (method, path + f"?{name}={text}".encode(), [], body_of(method))
        for method, path in ROUTES
        for text in texts
    ]
    assert broken_by(host, *requests) == []


@pytest.mark.parametrize("name", MOMENTS)
def test_odd_dates_break_no_list_and_no_purge(host: ContractHost, name: str) -> None:
    requests: list[RawRequest] = [
        (method, path + f"?{name}={date}&createdTimeFrom=9999-01-01".encode(), [], b"")
        for method, path in ROUTES
        if method != b"POST"
        for date in DATES
    ]
    assert broken_by(host, *requests) == []


def test_a_purge_up_to_a_date_that_cannot_be_told_in_utc_purges_nothing(host: ContractHost) -> None:
    """Leaving the limit out instead would purge everything."""
    finished = host.instance_in("Completed")
    window = "createdTimeFrom=2000-01-01&createdTimeTo=0001-01-01T00:00:00%2B14:00"

    answer = host.webhook("DELETE", f"instances?{window}")

    assert (answer.status, "createdTimeTo" in answer.json["Message"]) == (400, True)
    assert host.webhook("GET", f"instances/{finished}").status == 200


@pytest.mark.parametrize("content_type", [*CONTENT_TYPES, *FORM_TYPES])
def test_odd_bodies_break_no_route(host: ContractHost, content_type: bytes) -> None:
    requests: list[RawRequest] = [
        (method, path, [b"Content-Type: " + content_type], body)
        for method, path in ROUTES
        if method == b"POST"
        for body in BODIES
    ]
    assert broken_by(host, *requests) == []


def test_odd_paths_break_nothing(host: ContractHost) -> None:
    bases = {path for _, path in ROUTES} | {b"/api", b"", HOOKS + b"/orchestrators/wait_for_go"}
    requests: list[RawRequest] = [(b"GET", base + b"/" + odd, [], b"") for base in sorted(bases) for odd in PATHS]
    assert broken_by(host, *requests) == []


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(host: ContractHost) -> None:
    answer = ask_raw(host.origin, b"POST", b"/admin/functions/nothing", [b"Expect: 100-continue"], b"{}")
    refused = ask_raw(host.origin, b"POST", b"/admin/functions/nothing", [b"Expect: the unexpected"], b"{}")

    assert (answer.status, refused.status, refused.body) == (404, 417, b"")
