"""``--engine extension``: durable functions on Microsoft's extension, HTTP and all the rest on devhost."""

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil

from tests.end_to_end.devhost_process import PACKAGE, SAMPLE_APP, DevhostProcess
from tests.extension.conftest import StartHost
from tests.unit.functions.http_client import ask
from tests.waiting import eventually

WORKER_APP = PACKAGE / "tests" / "apps" / "worker_sample"
PAGE = "/devhost/instances"


def program_of(host: DevhostProcess) -> psutil.Process:
    """The extension's process, a child of the host's."""
    children = psutil.Process(host.process.pid).children()
    (found,) = [child for child in children if "DurableExtensionHost" in " ".join(child.cmdline())]
    return found


def has_ended(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE
    return True


def with_hub(folder: Path, section: dict[str, object], app: Path = SAMPLE_APP) -> Path:
    """A copy of an app whose host.json has this section for durable functions."""
    copy = folder / f"app-{uuid4().hex}"
    shutil.copytree(app, copy)
    document = json.loads((copy / "host.json").read_text())
    document["extensions"] = {"durableTask": section}
    (copy / "host.json").write_text(json.dumps(document))
    return copy


def test_the_sdks_client_the_durable_api_and_the_page_see_the_same_instances(start_host: StartHost) -> None:
    host = start_host()

    greeted = host.begin("greet_everyone", ["Ada", "Bob"])
    waiting = host.begin("wait_for_approval")

    assert host.wait_for(greeted, "Completed")["output"] == ["Hello Ada!", "Hello Bob!"]
    assert greeted in host.ask("GET", f"{PAGE}/{greeted}").body.decode()
    listed = host.ask("GET", "/devhost/api/instances?top=1000").json["instances"]
    assert {greeted, waiting} <= {each["instanceId"] for each in listed}
    host.client("raise_event", waiting, "approval", True)
    assert host.wait_for(waiting, "Completed")["output"] is not None


def test_an_instance_is_ended_from_its_page(start_host: StartHost) -> None:
    host = start_host()
    waiting = host.begin("wait_for_approval")
    page = host.ask("GET", f"{PAGE}/{waiting}").body.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token, page

    form = f"token={token[1]}&reason=enough".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = host_form(host, f"{PAGE}/{waiting}/terminate", form, headers)

    assert answer == 303
    assert host.wait_for(waiting, "Terminated")["output"] == "enough"


def host_form(host: DevhostProcess, path: str, form: bytes, headers: dict[str, str]) -> int:
    return ask(host.origin, "POST", path, body=form, headers=headers).status


def test_the_links_and_the_list_of_functions_name_no_port_but_the_hosts(start_host: StartHost) -> None:
    host = start_host()
    program = program_of(host)
    ports = {connection.laddr.port for connection in program.net_connections() if connection.status == "LISTEN"}

    answer = host.ask("POST", "/runtime/webhooks/durabletask/orchestrators/wait_for_approval", "x")

    assert answer.status == 202
    assert len(ports) == 1
    assert all(link.startswith(host.origin) for name, link in answer.json.items() if name != "id")
    assert not any(str(port) in host.output for port in ports)


def test_the_durable_api_asks_for_its_key_and_refuses_other_sites(start_host: StartHost) -> None:
    host = start_host("--enable-auth")
    path = "/runtime/webhooks/durabletask/instances"
    key = json.loads((host.folder / "state" / "devhost" / "keys.json").read_text())["durable"]

    assert host.ask("GET", path).status == 401
    assert host.ask("GET", f"{path}?code={key}").status == 200
    assert host.ask("GET", f"{path}?code={key}", headers={"Host": "evil.example"}).status in (400, 403, 421)
    assert host.ask("GET", f"{path}?code={key}", headers={"Origin": "http://evil.example"}).status == 403
    started = host.ask("POST", f"/runtime/webhooks/durabletask/orchestrators/greet_everyone?code={key}", [])
    assert f"code={key}" in started.json["statusQueryGetUri"]


def test_functions_are_run_for_the_extension_only(start_host: StartHost) -> None:
    """Whoever finds the port at which functions are called still does not know the path."""
    host = start_host()
    command = program_of(host).cmdline()
    invoke = command[command.index("--invoke") + 1]
    origin, _, token = invoke.rpartition("/")

    assert ask(origin, "POST", "/activity/greet", document="Eve").status == 401
    assert ask(origin, "POST", f"/{token}x/activity/greet", document="Eve").status == 401
    assert ask(origin, "POST", f"/{token}/secret/greet", document="Eve").status == 404
    assert len(token) > 30


def test_the_extension_ends_with_a_host_that_is_killed(start_host: StartHost) -> None:
    host = start_host()
    program = program_of(host)

    host.kill()

    eventually(lambda: has_ended(program), "the extension has ended")


def test_the_host_ends_with_an_extension_that_is_killed_and_says_so(start_host: StartHost) -> None:
    host = start_host()

    program_of(host).kill()

    assert host.process.wait(timeout=30) == 1
    assert "The durable extension has ended by itself (exit code -9)" in host.output


def test_what_ends_with_its_worker_has_failed_with_the_functions_hosts_text_and_is_not_run_again(
    start_host: StartHost, tmp_path: Path
) -> None:
    host = start_host("--workers", "1", app=with_hub(tmp_path, {"hubName": f"hub{uuid4().hex[:8]}"}, WORKER_APP))

    killed = begin(host, "call", {"activity": "crash", "input": {"name": "killed", "signal": "SIGKILL"}})
    died = (
        "failed: Activity function 'crash' failed:  WorkerProcessExitException: python exited with code 137 (0x89)"
    )
    assert host.wait_for(killed)["output"].startswith(f"{died} \n")

    hanging = begin(host, "call", {"activity": "hang"})
    eventually(lambda: "hang" in host.lines_of("effects"), "it hangs")
    neighbour = begin(host, "call", {"activity": "stay_beside", "input": "neighbour"})
    late = "FunctionTimeoutException: Timeout value of 00:00:03 was exceeded by function: Functions.hang \n"
    assert late in host.wait_for(hanging)["output"]
    assert late in host.wait_for(neighbour)["output"]

    crashing = begin(host, "crashing_orchestrator")
    status = host.wait_for(crashing)
    assert status["runtimeStatus"] == "Failed"
    assert "WorkerProcessExitException: python exited with code 4 (0x4)" in status["output"]
    assert host.lines_of("effects") == ["crash killed", "hang", "beside neighbour", "crashing_orchestrator"]


def begin(host: DevhostProcess, orchestrator: str, given: object = None) -> str:
    """Start an instance through the webhook: a request to the app could meet the end of its process."""
    answer = host.ask("POST", f"/runtime/webhooks/durabletask/orchestrators/{orchestrator}", given)
    identifier: str = answer.json["id"]
    return identifier


def test_what_the_extension_refuses_in_host_json_is_said_in_its_own_words(
    start_host: StartHost, tmp_path: Path
) -> None:
    app = with_hub(tmp_path, {"storageProvider": {"controlQueueVisibilityTimeout": "00:00:10"}})

    host = start_host(app=app)

    assert host.process.wait(timeout=30) == 1
    assert "refuses to start: ControlQueueVisibilityTimeout must be between 1 and 60 minutes." in host.output
    assert "Traceback" not in host.output


def test_time_cannot_be_skipped_on_the_extension(start_host: StartHost) -> None:
    host = start_host("--clock", "virtual")
    assert host.process.wait(timeout=30) == 1
    assert "The durable extension runs on real time only." in host.output


def test_nothing_is_left_behind_by_a_host_that_is_stopped(start_host: StartHost) -> None:
    host = start_host()
    program = program_of(host)
    assert host.stop() == 0
    assert has_ended(program)
    assert os.listdir(host.folder / "state" / "devhost")
