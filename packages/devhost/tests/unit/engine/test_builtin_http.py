import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from devhost.engine.builtin_http import call_http
from devhost.engine.functions import FunctionFailed


class Echo(BaseHTTPRequestHandler):
    """Answers with the request's method, type and body; ``/missing`` with 404."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        text = f"{self.command} {self.headers.get('Content-Type')} {body}".encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("X-Two", "a")
        self.send_header("X-Two", "b")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """A server on a free port."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


def call(**request: Any) -> dict[str, Any]:
    answered: dict[str, Any] = json.loads(call_http(json.dumps(request)))
    return answered


def test_the_answer_has_status_headers_and_content(server: str) -> None:
    answered = call(method="POST", uri=server, content="hello", headers=None)
    assert (answered["statusCode"], answered["content"]) == (200, "POST text/plain hello")
    assert answered["headers"]["X-Two"] == ["a", "b"]
    assert "Content-Type" not in answered["headers"]


def test_an_error_status_is_an_answer(server: str) -> None:
    assert call(method="GET", uri=f"{server}/missing")["statusCode"] == 404


@pytest.mark.parametrize("uri", ["http://127.0.0.1:1/", "file:///etc/hostname", "nonsense"])
def test_what_cannot_be_called_fails_and_names_the_address(uri: str) -> None:
    with pytest.raises(FunctionFailed, match=uri):
        call(method="GET", uri=uri)


def test_managed_identities_are_refused_with_the_way_out() -> None:
    with pytest.raises(FunctionFailed, match="leave token_source out"):
        call(method="GET", uri="http://127.0.0.1:1/", tokenSource={"kind": "AzureManagedIdentity"})


def test_multipart_content_is_refused_with_the_way_out(server: str) -> None:
    with pytest.raises(FunctionFailed, match="let an activity do it"):
        call(method="POST", uri=server, content="--b--", headers={"content-type": "multipart/mixed; boundary=b"})


def test_a_content_type_of_ones_own_is_sent_as_it_is(server: str) -> None:
    answered = call(method="POST", uri=server, content="{}", headers={"content-type": "application/json"})
    assert answered["content"] == "POST application/json {}"
