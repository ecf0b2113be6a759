"""The pages that orchestrators get with ``call_http``."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT_SETTING = "FIDELITY_HTTP"
_JSON, _PLAIN = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
_PAGES: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "/ok": (200, b'{"a": 1.0, "d": "2026-01-01T00:00:00Z"}', _JSON | {"X-Own": "1"}),
    "/text": (200, "plain é".encode(), {"Content-Type": "text/plain; charset=utf-8"}),
    "/missing": (404, b"no", _PLAIN),
    "/error": (500, b"oops", _PLAIN),
    "/empty": (200, b"", {}),
}


class _Handler(BaseHTTPRequestHandler):
    polls = 0

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer with a page of the table, or with one that wants to be asked again."""
        if self.path == "/nocontent":
            self.send_response(204)
            self.end_headers()
        elif self.path in ("/poll", "/polled"):
            self._poll()
        else:
            self._answer(*_PAGES.get(self.path, (404, b"", {})))

    def do_POST(self) -> None:
        """Tell what was sent."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        kind, one = self.headers.get("Content-Type"), self.headers.get("X-One")
        told = {"body": body, "type": kind, "one": one, "agent": self.headers.get("User-Agent", "")[:20]}
        self._answer(200, json.dumps(told).encode(), _JSON)

    def _poll(self) -> None:
        """Ask for patience twice, then be done."""
        _Handler.polls = 0 if self.path == "/poll" else _Handler.polls + 1
        if _Handler.polls == 2:
            self._answer(200, b'{"done": true}', _JSON)
            return
        address = f"http://127.0.0.1:{self.connection.getsockname()[1]}/polled"
        body = b"wait" if self.path == "/poll" else b""
        self._answer(202, body, {"Location": address, "Retry-After": "1"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def called_server() -> Iterator[str]:
    """Serve the pages; yields the server's origin, which the app finds in the setting FIDELITY_HTTP."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, name="called-server", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
