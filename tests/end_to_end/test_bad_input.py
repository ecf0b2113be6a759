"""What is refused at the door: with a problem that names the field, and nothing started."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.end_to_end.client import Answer, Client

PDF = "application/pdf"


def problem(answer: Answer, status: int) -> dict[str, Any]:
    """The answer's problem, after checking its form and that it tells nothing of our insides."""
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    text = answer.body.decode()
    assert not [leak for leak in ("Traceback", 'File "', ".py", "sig=", "AccountKey") if leak in text]
    body: dict[str, Any] = answer.json
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    return body


def test_an_unknown_priority_is_refused(client: Client, a_document: Callable[[], bytes]) -> None:
    answer = client.upload(a_document(), priority="urgent")
    problem(answer, 400)
    assert answer.fields == ["priority"]


def test_a_missing_user_is_refused_in_both_forms(client: Client, a_document: Callable[[], bytes]) -> None:
    for answer in (
        client.upload(a_document(), userId=None),
        client.submit({"blobUrl": "https://example.com/a/b"}),
    ):
        problem(answer, 400)
        assert "userId" in answer.fields


@pytest.mark.parametrize("field", ["userId", "documentId"])
@pytest.mark.parametrize("wrong", ["a/b", "a#b", "a?b", "a\\b", "a\tb", "a\x00b", "x" * 300], ids=repr)
def test_an_id_that_no_table_or_instance_can_hold_is_refused(
    client: Client, a_document: Callable[[], bytes], field: str, wrong: str
) -> None:
    answer = client.upload(a_document(), PDF, None, **{field: wrong})
    problem(answer, 400)
    assert answer.fields == [field]


@pytest.mark.parametrize(
    "body", [b"[]", b'"text"', b"7", b"null", b"{", b"\xff\xfe", b'{"userId": NaN}'], ids=repr
)
def test_json_that_is_no_object_is_refused(client: Client, body: bytes) -> None:
    problem(client.submit(body, headers={"Content-Type": "application/json"}), 400)


def test_an_unknown_key_is_refused_since_it_is_most_likely_a_typing_error(client: Client) -> None:
    answer = client.submit({"userID": "anna", "blobUrl": "https://example.com/a/b"})
    problem(answer, 400)
    assert "userID" in answer.fields


@pytest.mark.parametrize("content_type", [PDF, "application/json"])
def test_an_empty_body_is_refused(client: Client, content_type: str) -> None:
    problem(client.upload(b"", content_type), 400)


@pytest.mark.parametrize("content_type", ["text/plain", "application/msword", "application/octet-stream", ""])
def test_a_content_type_we_do_not_read_is_refused(
    client: Client, a_document: Callable[[], bytes], content_type: str
) -> None:
    problem(client.upload(a_document(), content_type), 415)


@pytest.mark.parametrize(
    ("content", "claimed"),
    [(b"GIF89a" + b"0" * 100, PDF), (b"\x89PNG\r\n\x1a\n" + b"0" * 100, PDF), (b"hello, I am text", "image/png")],
    ids=["gif as pdf", "png as pdf", "text as png"],
)
def test_content_that_lies_about_its_type_is_refused(client: Client, content: bytes, claimed: str) -> None:
    assert claimed in problem(client.upload(content, claimed), 415)["detail"]


def test_a_file_above_the_limit_is_refused(client: Client) -> None:
    assert "2" in problem(client.upload(b"%PDF-1.7\n" + b"0" * 2_097_152), 413)["detail"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/incoming/a.pdf",
        "http://acct.blob.core.windows.net/incoming/a.pdf",
        "https://169.254.169.254/latest/meta-data",
        "http://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/devstoreaccount1/incoming/a.pdf",
        "file:///etc/passwd",
        "https://acct.blob.core.windows.net@evil.example.com/incoming/a.pdf",
        "https://evil.example.com\\.blob.core.windows.net/incoming/a.pdf",
        "not a url",
        "",
    ],
)
def test_a_blob_url_elsewhere_is_refused_without_being_asked(client: Client, url: str) -> None:
    answer = client.submit({"blobUrl": url, "userId": "anna"})
    problem(answer, 400)
    assert answer.fields == ["blobUrl"]


def test_a_refused_blob_url_with_a_sas_is_not_repeated(client: Client) -> None:
    answer = client.submit({"blobUrl": "https://evil.example.com/a/b?sv=1&sig=SECRET", "userId": "anna"})
    assert "SECRET" not in problem(answer, 400)["detail"]
    assert "SECRET" not in client.stack.logs("devhost")


def test_a_blob_that_is_not_there_is_refused(client: Client) -> None:
    base = client.stack.storage_connection_string.partition("BlobEndpoint=")[2].partition(";")[0]
    answer = client.submit({"blobUrl": f"{base}/scans/nothing-here.pdf", "userId": "anna"})
    problem(answer, 400)
    assert answer.fields == ["blobUrl"]


@pytest.mark.parametrize(
    "query", ["status=lost", "limit=0", "limit=ten", "limit=9999", "continuationToken=nonsense"]
)
def test_a_list_that_makes_no_sense_is_refused(client: Client, query: str) -> None:
    problem(client.get(f"/documents?{query}"), 400)


def test_nothing_refused_was_counted(client: Client, a_document: Callable[[], bytes]) -> None:
    before = client.wait_for_no_pending()
    client.upload(a_document(), priority="urgent")
    client.upload(b"", PDF)
    assert client.counters() == before
