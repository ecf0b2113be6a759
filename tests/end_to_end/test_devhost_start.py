"""What a developer sees when the host starts, serves HTTP and timers, and cannot start."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.devhost_process import DevhostProcess
from tests.waiting import eventually


@pytest.fixture
def host(tmp_path: Path) -> Iterator[DevhostProcess]:
    host = DevhostProcess(tmp_path, "--enable-auth")
    yield host
    assert host.stop() == 0, host.output


def test_host_lists_its_functions_and_asks_for_keys(host: DevhostProcess) -> None:
    assert f"start: [POST] {host.origin}/api/start/{{name}}" in host.output
    assert "tick: timerTrigger" in host.output
    assert "switched_off" not in host.output
    master, key, durable = (
        host.output.split(f"\t{name}: ")[1].split()[0] for name in ("master", "functions", "durable")
    )
    assert host.ask("POST", "/api/start/greet_everyone", ["Ada"]).status == 401
    started = host.ask("POST", "/api/start/greet_everyone", ["Ada"], {"x-functions-key": key})
    assert started.status == 202
    link = started.json["statusQueryGetUri"].removeprefix(host.origin)
    assert link.endswith(f"&code={durable}")
    eventually(lambda: host.ask("GET", link).json["runtimeStatus"] == "Completed", "the link leads to the end")
    assert host.ask("GET", link.split("&code=")[0]).status == 401
    assert host.ask("GET", "/admin/functions", headers={"x-functions-key": master}).status == 200
    assert host.ask("GET", "/api/switched_off").status == 404
    assert "ValueError: a secret detail" not in host.ask("GET", "/api/broken").body.decode()
    assert "ValueError: a secret detail" in host.output


def test_timer_runs_by_hand(tmp_path: Path) -> None:
    host = DevhostProcess(tmp_path)
    assert host.ask("POST", "/admin/functions/tick", {"input": ""}).status == 202
    eventually(lambda: host.lines_of("ticks") == ["past due: False"], "the timer has run")
    assert host.wait_for("tick-False")["output"] == ["Hello timer!"]
    assert host.stop() == 0
    assert "Traceback" not in host.output


def test_port_in_use_is_one_line_that_names_the_port_and_the_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        host = DevhostProcess(tmp_path, "--port", str(port))
    assert host.process.wait(10) == 1
    assert host.output.count("\n") == 1
    assert f"Port {port} " in host.output
    assert "--port" in host.output


def test_app_that_cannot_be_loaded_is_explained(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text(
        "import azure.functions as func\napp = func.FunctionApp()\n"
        "@app.route(route='x')\ndef page(request: func.HttpRequest) -> func.HttpResponse: ...\n"
    )
    host = DevhostProcess(tmp_path, app=app)
    assert host.process.wait(10) == 1
    assert "function_app.py:3" in host.output
    assert "declared in Python but not in function.json: request" in host.output
    assert "Traceback" not in host.output


def test_host_json_that_cannot_be_read_is_one_line_that_does_not_blame_the_app(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text("import azure.durable_functions as df\napp = df.DFApp()\n")
    (app / "host.json").write_text("{")
    host = DevhostProcess(tmp_path, app=app)
    assert host.process.wait(10) == 1
    assert host.output.count("\n") == 1
    assert f"{app / 'host.json'} is not valid JSON" in host.output
    assert "(line 1, column 2)" in host.output


def test_state_folder_that_cannot_be_written_is_one_line_that_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    host = DevhostProcess(tmp_path)
    assert host.process.wait(10) == 1
    assert host.output.count("\n") == 1
    assert "cannot be written to: Not a directory. " in host.output
    assert "--state-dir" in host.output
