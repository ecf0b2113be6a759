"""Who may see the page, and which forms are accepted."""

from html import unescape

import pytest

from tests.unit.functions.http_client import ask
from tests.unit.page.conftest import KEYS, OpenPage, Page
from tests.unit.page.sample_orders import ORDER_ID, begin_order

LINK = f"/devhost/instances/{ORDER_ID}"


@pytest.mark.parametrize("token", ["", "guessed"])
def test_form_without_the_page_s_token_changes_nothing(page: Page, token: str) -> None:
    begin_order(page.engine)
    answer = page.post(f"{LINK}/terminate", {"token": token})
    assert (answer.status, b"send the form from there" in answer.body) == (403, True)
    page.engine.wait_quiescent()
    assert (page.engine.status(ORDER_ID) or {})["runtimeStatus"] == "Running"


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_form_from_another_site_is_refused_even_with_the_token(page: Page, headers: dict[str, str]) -> None:
    begin_order(page.engine)
    assert page.post(f"{LINK}/terminate", {"token": page.token}, headers).status == 403
    own = {"Origin": page.origin, "Sec-Fetch-Site": "same-origin"}
    assert page.post(f"{LINK}/terminate", {"token": page.token}, own).status == 303


@pytest.mark.parametrize("path", ["/devhost", LINK, "/devhost/api/instances", "/devhost/style.css"])
def test_name_that_another_site_points_here_is_refused(page: Page, path: str) -> None:
    assert page.get(path, {"Host": "elsewhere.example:7071"}).status == 403


@pytest.mark.parametrize("host", ["localhost:7071", "127.0.0.1", "[::1]:7071", "LOCALHOST"])
def test_names_of_this_machine_are_accepted(page: Page, host: str) -> None:
    assert page.get("/devhost", {"Host": host}).status == 200


def test_host_with_keys_asks_for_the_master_key(open_page: OpenPage) -> None:
    page = open_page(KEYS)
    begin_order(page.engine)
    for path in ("/devhost", LINK, "/devhost/entities"):
        answer = page.get(path)
        assert (answer.status, b"Master key" in answer.body, ORDER_ID.encode() in answer.body) == (
            401,
            True,
            False,
        )
    assert page.get("/devhost/api/instances").status == 401
    assert page.post(f"{LINK}/terminate", {"token": page.token}).status == 401


@pytest.mark.parametrize("key", ["", "wrong", KEYS.function, KEYS.durable])
def test_other_keys_do_not_sign_in(open_page: OpenPage, key: str) -> None:
    answer = open_page(KEYS).post("/devhost/sign-in", {"key": key})
    assert (answer.status, "not the host's master key" in unescape(answer.body.decode())) == (401, True)
    assert "Set-Cookie" not in answer.headers


def test_master_key_signs_in_for_pages_and_forms(open_page: OpenPage) -> None:
    page = open_page(KEYS)
    begin_order(page.engine)
    answer = page.post("/devhost/sign-in", {"key": f" {KEYS.master} "})
    cookie = str(answer.headers["Set-Cookie"])
    assert (answer.status, "HttpOnly" in cookie, "SameSite=Strict" in cookie) == (303, True, True)
    assert KEYS.master not in cookie
    signed_in = {"Cookie": cookie.partition(";")[0]}
    assert ORDER_ID.encode() in page.get("/devhost", signed_in).body
    assert page.post(f"{LINK}/terminate", {"token": page.token}, signed_in).status == 303
    assert page.get("/devhost", {"Cookie": "devhost_page=guessed"}).status == 401


def test_command_line_gives_the_master_key_as_a_header(open_page: OpenPage) -> None:
    page = open_page(KEYS)
    assert page.get("/devhost/api/instances", {"x-functions-key": KEYS.master}).status == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"s3cr3t"),
        ("multipart/form-data; boundary=s3cr3t", b"--s3cr3t\r\ns3cr3t"),
        ("application/x-www-form-urlencoded; charset=s3cr3t", b"token=s3cr3t"),
        ("application/x-www-form-urlencoded", b"token=s3cr3t\xff"),
    ],
)
@pytest.mark.parametrize("path", [f"{LINK}/terminate", "/devhost/sign-in"])
def test_form_that_cannot_be_read_is_refused_and_not_logged(
    page: Page, path: str, content_type: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Guards against an answer of 500 and a log that quotes the form, the key in it included."""
    answer = ask(page.origin, "POST", path, body, {"Content-Type": content_type})
    assert answer.status in (400, 401, 403)
    assert "s3cr3t" not in caplog.text


def test_cookie_of_any_bytes_is_no_session(open_page: OpenPage) -> None:
    assert open_page(KEYS).get("/devhost", {"Cookie": "devhost_page=\xff"}).status == 401
