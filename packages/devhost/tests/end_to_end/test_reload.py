"""With ``--reload`` the host runs a file as soon as it is saved, and never a broken one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.devhost_process import DevhostProcess
from tests.waiting import eventually

APP = """
import azure.functions as func
import words

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="greet")
def greet(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(words.GREETING)
"""
MORE = """
@app.route(route="leave")
def leave(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("bye")
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text(APP)
    (app / "words.py").write_text("GREETING = 'hello'\n")
    return app


@pytest.fixture
def host(tmp_path: Path, app: Path) -> Iterator[DevhostProcess]:
    host = DevhostProcess(tmp_path, "--reload", app=app)
    yield host
    assert host.stop() == 0, host.output


def answer_of(host: DevhostProcess, path: str) -> str:
    return host.ask("GET", path).body.decode()


def test_changed_module_runs_from_the_next_request_on(host: DevhostProcess, app: Path) -> None:
    assert answer_of(host, "/api/greet") == "hello"
    (app / "words.py").write_text("GREETING = 'good morning'\n")
    eventually(lambda: answer_of(host, "/api/greet") == "good morning", "the new code runs")
    # Reported once the old worker has ended; the answer does not wait for that.
    eventually(lambda: "The workers run the changed code" in host.output, "the change is reported")


def test_broken_code_is_explained_and_the_old_goes_on(host: DevhostProcess, app: Path) -> None:
    (app / "words.py").write_text("GREETING = = 'oops'\n")
    eventually(lambda: "the old code goes on" in host.output, "the error is shown")
    assert "SyntaxError" in host.output
    assert answer_of(host, "/api/greet") == "hello"
    (app / "words.py").write_text("GREETING = 'repaired'\n")
    eventually(lambda: answer_of(host, "/api/greet") == "repaired", "the new code runs")


def test_new_function_is_served_after_the_host_has_started_anew(host: DevhostProcess, app: Path) -> None:
    assert host.ask("GET", "/api/leave").status == 404
    (app / "function_app.py").write_text(APP + MORE)
    eventually(lambda: host.output.count("Host ready on ") == 2, "the host has started anew")
    assert answer_of(host, "/api/leave") == "bye"


def test_wrong_declaration_is_explained_and_the_old_goes_on(host: DevhostProcess, app: Path) -> None:
    (app / "function_app.py").write_text(APP + MORE.replace('"leave"', '"leave/{"'))
    eventually(lambda: "the old code goes on" in host.output, "the error is shown")
    assert "leave" in host.output.split("the old code goes on")[1]
    assert answer_of(host, "/api/greet") == "hello"
