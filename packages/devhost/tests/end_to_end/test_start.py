"""What a developer sees when the host starts, serves HTTP and timers, and cannot start."""

import itertools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.devhost_process import LAUNCHER, PACKAGE, SAMPLE_APP, DevhostProcess
from tests.waiting import eventually


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevhostProcess]:
    """A host with keys, under a umask that hides nothing, on a state folder that all may read."""
    folder, before = tmp_path_factory.mktemp("keyed"), os.umask(0)
    (folder / "state" / "devhost" / "timers").mkdir(parents=True)
    (folder / "state" / "devhost" / "timers" / "old.json").touch()
    try:
        host = DevhostProcess(folder, "--enable-auth")
    finally:
        os.umask(before)
    yield host
    assert host.stop() == 0, host.output


def test_host_lists_its_functions_and_asks_for_keys(host: DevhostProcess) -> None:
    assert f"start: [POST] {host.origin}/api/start/{{name}}" in host.output
    assert "tick: timerTrigger" in host.output
    assert "switched_off" not in host.output
    master, key, durable = keys_of(host.folder)
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


def test_keys_go_to_a_terminal_and_to_no_log(host: DevhostProcess, tmp_path: Path) -> None:
    """Guards against keys in a log, which is read by more people than the file they are kept in."""
    assert f"Keys (x-functions-key or ?code=): {host.folder}/state/devhost/keys.json\n" in host.output
    assert not [key for key in keys_of(host.folder) if key in host.output]
    shown = seen_on_a_terminal(tmp_path / "state")
    assert [key for key in keys_of(tmp_path) if key not in shown] == []


def test_state_is_for_its_owner_only_whatever_the_umask(host: DevhostProcess) -> None:
    """Guards against inputs and keys that other users of the machine can read, files from before included."""
    host.ask("POST", "/api/start/greet_everyone", ["Ada"], {"x-functions-key": keys_of(host.folder)[1]})
    folder = host.folder / "state" / "devhost"
    files = {path.relative_to(folder).as_posix(): path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    assert {"keys.json", "timers/old.json", "DurableSample.db", "DurableSample.db-wal", "spool"} <= files.keys()
    assert {name: oct(mode) for name, mode in files.items() if mode & 0o077} == {}


def keys_of(folder: Path) -> list[str]:
    """The master, function and durable key of a host on this folder."""
    keys = json.loads((folder / "state" / "devhost" / "keys.json").read_text())
    return [keys[name] for name in ("master", "function", "durable")]


def seen_on_a_terminal(state: Path) -> str:
    """What a host with keys shows to a person until it is ready."""
    ours, theirs = os.openpty()
    command = [*LAUNCHER, "start", "--app", str(SAMPLE_APP), "--port", "0", "--rpc-port", "0", "--enable-auth"]
    environ = {**os.environ, "SAMPLE_FOLDER": str(state)}
    with subprocess.Popen(
        [*command, "--workers", "0", "--state-dir", str(state)], cwd=PACKAGE, stdout=theirs, env=environ
    ) as process:
        os.close(theirs)
        with open(ours, encoding="utf-8") as terminal:
            lines = list(itertools.takewhile(lambda line: "Host ready" not in line, terminal))
            process.terminate()
            process.wait(20)
    return "".join(lines)


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
    assert host.process.wait(60) == 1
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
    assert host.process.wait(60) == 1
    assert "function_app.py:3" in host.output
    assert "declared in Python but not in function.json: request" in host.output
    assert "Traceback" not in host.output


def test_host_json_that_cannot_be_read_is_one_line_that_does_not_blame_the_app(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text("import azure.durable_functions as df\napp = df.DFApp()\n")
    (app / "host.json").write_text("{")
    host = DevhostProcess(tmp_path, app=app)
    assert host.process.wait(60) == 1
    assert host.output.count("\n") == 1
    assert f"{app / 'host.json'} is not valid JSON" in host.output
    assert "(line 1, column 2)" in host.output


def test_state_folder_that_cannot_be_written_is_one_line_that_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    host = DevhostProcess(tmp_path)
    assert host.process.wait(60) == 1
    assert host.output.count("\n") == 1
    assert "cannot be written to: Not a directory. " in host.output
    assert "--state-dir" in host.output


@pytest.mark.parametrize("launcher", [LAUNCHER, (str(Path(sys.executable).parent / "devhost"),)])
def test_a_thread_of_the_app_that_never_ends_does_not_hold_up_the_end_of_the_host(
    tmp_path: Path, launcher: tuple[str, ...]
) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text(
        "import threading\nimport azure.functions as func\napp = func.FunctionApp()\n"
        "@app.route(route='x')\ndef page(req: func.HttpRequest) -> str: return 'x'\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
    )
    host = DevhostProcess(tmp_path, "--workers", "0", app=app, launcher=launcher)
    assert host.stop() == 0
