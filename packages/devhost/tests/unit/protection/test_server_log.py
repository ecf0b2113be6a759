"""Nothing of a refused request is logged.

Guards against keys and documents in ``devhost.log``: the errors of the HTTP server quote what they could
not understand.
"""

import logging

import pytest

from tests.unit.protection.conftest import Door

SECRET = b"s3cr3t"
HEAD = b"POST /x HTTP/1.1\r\nHost: localhost\r\n"
MALFORMED = {
    "no HTTP at all": SECRET + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01" + SECRET,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\n" + SECRET,
    "version": b"GET /" + SECRET + b" HTTP/9\r\n\r\n",
    "method": b"G\x00T /" + SECRET + b" HTTP/1.1\r\n\r\n",
    "path": b"GET /\xff" + SECRET + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "address": b"GET http://[" + SECRET + b"/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "port": b"GET http://x:" + SECRET + b"/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "header without a colon": HEAD + b"x-functions-key " + SECRET + b"\r\n\r\n",
    "header with a zero": HEAD + b"x-functions-key: " + SECRET + b"\x00\r\n\r\n",
    "header name": HEAD + b"\x01" + SECRET + b": 1\r\n\r\n",
    "header that is too long": HEAD + b"x-functions-key: " + SECRET * 4000 + b"\r\n\r\n",
    "length": HEAD + b"Content-Length: " + SECRET + b"\r\n\r\n",
    "length and chunks": HEAD + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n" + SECRET,
    "chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + SECRET + b"\r\n" + SECRET,
    "chunk after one": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n" + SECRET + b"\r\n",
    "expectation": HEAD + b"Connection: close\r\nExpect: " + SECRET + b"\r\n\r\n",
    "another name": b"GET /" + SECRET + b" HTTP/1.1\r\nHost: " + SECRET + b"\r\nConnection: close\r\n\r\n",
    "another page": HEAD + b"Connection: close\r\nOrigin: " + SECRET + b"\r\n\r\n",
    "failure": b"GET /?fail=" + SECRET + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
def test_no_byte_of_what_is_refused_is_logged(
    door: Door, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        status = int(door.send(request_bytes).split(b" ")[1])
        # Answered after it, so all has been logged.
        assert door.status("GET /y HTTP/1.1", "Host: localhost") == 200
    assert status >= 400
    logged = "\n".join(caplog.handler.format(record) for record in caplog.records)
    assert SECRET.decode() not in logged


def test_malformed_request_is_no_error_and_a_failure_says_where_it_came_from(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        door.send(MALFORMED["header with a zero"])
        door.send(MALFORMED["failure"])
    (refused, failed) = [record for record in caplog.records if record.name == "devhost.http"]
    assert (refused.levelname, "not valid HTTP" in refused.getMessage()) == ("INFO", True)
    assert failed.levelname == "ERROR"
    assert "LookupError" in failed.getMessage()
    assert "conftest.py" in failed.getMessage()
