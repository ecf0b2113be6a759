"""What another site's page has a browser send is refused before anything sees it.

Guards against a web page that terminates instances, or reads them, on the machine of whoever looks at it.
"""

import pytest
from aiohttp.test_utils import make_mocked_request

from devhost.protection import request_guard
from tests.unit.protection.conftest import Door

GET, POST = "GET /x HTTP/1.1", "POST /x HTTP/1.1"
HOST = "Host: 127.0.0.1:7071"


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
@pytest.mark.parametrize("port", ["", ":80", ":7071"])
def test_names_of_this_machine_are_accepted_with_any_port(door: Door, name: str, port: str) -> None:
    assert door.status(GET, f"Host: {name}{port}") == 200


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example", "elsewhere.example:7071", "localhost.elsewhere.example",
        "127.0.0.1.elsewhere.example", "elsewhere.example@localhost", "localhost@elsewhere.example",
        "localhost:7071:1", "localhost:", "::1", "[::1", "[::2]", "127.0.0.2", "0.0.0.0", "192.168.0.7", "0x7f.1",
        "2130706433", "localhost/x", "localhost,x", "local\x7fhost", "lo\u212aalhost",
    ],
)  # fmt: skip
def test_any_other_name_is_refused(door: Door, host: str) -> None:
    """A site may point a name of its own at 127.0.0.1, and its pages are then of the server's own origin."""
    assert door.status(GET, f"Host: {host}") in (400, 403)
    assert door.passed == []


@pytest.mark.parametrize(
    "lines",
    [
        (GET,),
        (GET, "Host:"),
        ("GET /x HTTP/1.0",),
        (GET, HOST, "Host: elsewhere.example"),
        (GET, "Host: elsewhere.example", HOST),
        (GET, HOST, HOST),
        (GET, "X-Forwarded-Host: localhost", "Forwarded: host=localhost"),
        ("GET http://elsewhere.example/x HTTP/1.1", HOST),
        ("GET http://127.0.0.1:7071/x HTTP/1.1", HOST),
        ("GET http://127.0.0.1:7071/x HTTP/1.1", "Host: elsewhere.example"),
        ("OPTIONS * HTTP/1.1", HOST),
        ("CONNECT 127.0.0.1:7071 HTTP/1.1", HOST),
        ("GET x HTTP/1.1", HOST),
    ],
    ids=lambda lines: " | ".join(lines),
)
def test_request_without_exactly_one_host_and_a_path_is_refused(door: Door, lines: tuple[str, ...]) -> None:
    assert door.status(*lines) in (400, 403)
    assert door.passed == []


FOREIGN = [
    "Origin: http://elsewhere.example",
    "Origin: https://127.0.0.1:7071",
    "Origin: http://127.0.0.1",
    "Origin: http://127.0.0.1:3000",
    "Origin: http://localhost:7071",
    "Origin: http://127.0.0.1:7071.elsewhere.example",
    "Origin: http://[::1]:7071",
    "Origin: null",
    "Origin: file://",
    "Origin: chrome-extension://abc",
    "Origin:",
    "Origin: http://127.0.0.1:7071 http://elsewhere.example",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Site: same-site",
    "Sec-Fetch-Site: of-tomorrow",
    "Sec-Fetch-Site:",
]


@pytest.mark.parametrize("line", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PURGE"])
def test_what_another_page_sends_is_refused_whatever_the_method(door: Door, line: str, method: str) -> None:
    """Simple requests come without asking first, and pages of other ports are of another origin too."""
    assert door.status(f"{method} /x HTTP/1.1", HOST, "Content-Type: text/plain", line) == 403
    assert door.passed == []


@pytest.mark.parametrize("own", ["Origin: http://127.0.0.1:7071", "Sec-Fetch-Site: same-origin"])
@pytest.mark.parametrize("foreign", ["Origin: null", "Sec-Fetch-Site: cross-site"])
def test_one_foreign_header_among_own_ones_counts(door: Door, own: str, foreign: str) -> None:
    assert [door.status(POST, HOST, *two) for two in ((own, foreign), (foreign, own))] == [403, 403]


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Origin: http://127.0.0.1:7071",),
        ("Origin: HTTP://127.0.0.1:7071", "Sec-Fetch-Site: same-origin"),
        ("Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"),
        ("Referer: http://elsewhere.example/",),
    ],
)
def test_own_pages_the_address_bar_and_programs_pass(door: Door, lines: tuple[str, ...]) -> None:
    assert door.status(POST, HOST, *lines) == 200


def test_refusal_says_what_to_do_and_repeats_nothing(door: Door) -> None:
    name = door.send(b"GET /secret HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n")
    page = door.send(b"GET /secret HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nConnection: close\r\n\r\n")
    assert b"answers only at 127.0.0.1, localhost, [::1]" in name
    assert b"Type the address" in page
    assert not [word for word in (b"secret", b"elsewhere") if word in name + page]


@pytest.mark.parametrize(
    ("address", "host", "passes"),
    [
        ("192.168.0.7", "192.168.0.7:7080", True),
        ("192.168.0.7", "localhost:7080", True),
        ("192.168.0.7", "192.168.0.8:7080", False),
        ("fd00::7", "[fd00::7]:7080", True),
        ("Emulators", "emulators:7080", True),
        ("0.0.0.0", "192.168.0.8:7080", True),
        ("::", "[fd00::8]:7080", True),
        ("0.0.0.0", "elsewhere.example:7080", False),
    ],
)
def test_server_on_another_address_answers_to_it_too(address: str, host: str, passes: bool) -> None:
    """Listening on all addresses must not mean answering to all names."""
    request = make_mocked_request("GET", "/x", {"Host": host})
    assert (request_guard._refusal(request, address) is None) is passes
