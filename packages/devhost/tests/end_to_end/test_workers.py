"""Functions run in their own processes: whatever they do to these, the host and its other work go on."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end_to_end.devhost_process import PACKAGE, DevhostProcess
from tests.unit.functions.http_client import ask
from tests.waiting import eventually

APP = PACKAGE / "tests" / "apps" / "worker_sample"
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevhostProcess]:
    """One host with one worker for all tests of this module; each uses functions or names of its own."""
    host = DevhostProcess(tmp_path_factory.mktemp("workers"), "--workers", "1", app=APP)
    yield host
    assert host.stop() == 0, host.output


@pytest.fixture
def own_host(tmp_path: Path) -> Iterator[DevhostProcess]:
    """A host with two workers that the test may kill."""
    host = DevhostProcess(tmp_path, "--workers", "2", app=APP)
    yield host
    host.stop()


def start(host: DevhostProcess, orchestrator: str, given: Any = None) -> str:
    """Start an instance through the host's own webhook: a request to the app could meet a crash of its process."""
    answer = host.ask("POST", f"/runtime/webhooks/durabletask/orchestrators/{orchestrator}", given)
    identifier: str = answer.json["id"]
    return identifier


def begin(host: DevhostProcess, activity: str, given: Any = None) -> str:
    return start(host, "call", {"activity": activity, "input": given})


def run(host: DevhostProcess, activity: str, given: Any = None) -> Any:
    return host.wait_for(begin(host, activity, given))["output"]


def workers_of(host: DevhostProcess) -> list[psutil.Process]:
    children = psutil.Process(host.process.pid).children()
    return [child for child in children if "devhost.worker" in child.cmdline()]


def test_functions_run_in_a_process_of_their_own(host: DevhostProcess) -> None:
    (worker,) = workers_of(host)
    assert run(host, "show_pid") == worker.pid


@pytest.mark.parametrize(
    ("how", "ending"),
    [
        ({"code": 3}, "python exited with code 3 (0x3)"),
        ({"signal": "SIGSEGV"}, "python exited with code 139 (0x8B)"),
    ],
)
def test_activity_that_crashes_its_process_fails_after_three_attempts(
    host: DevhostProcess, how: dict[str, Any], ending: str
) -> None:
    name = next(iter(how))
    output = run(host, "crash", {"name": name, **how})
    reason = (
        f"Activity function 'crash' failed:  WorkerProcessExitException: {ending}. The function was run 3 times"
    )
    assert output.startswith(f"failed: {reason}")
    assert host.lines_of("effects").count(f"crash {name}") == 3
    assert run(host, "show_pid") != host.process.pid


def test_activity_that_crashes_once_is_run_again(host: DevhostProcess) -> None:
    assert run(host, "crash", {"name": "once", "once": True}) == "survived"
    assert host.lines_of("effects").count("crash once") == 2


def test_activity_beside_a_crashing_one_does_not_fail_with_it(host: DevhostProcess) -> None:
    beside = begin(host, "stay_beside", "neighbour")
    eventually(lambda: "beside neighbour" in host.lines_of("effects"), "the neighbour runs")
    assert run(host, "crash", {"name": "evil"}).startswith("failed: ")
    assert host.wait_for(beside)["output"] == "neighbour is done"
    # The last try is alone in its process; the tries before can die with their neighbour.
    assert host.lines_of("effects").count("beside neighbour") in (2, 3)


def test_hanging_activity_fails_in_time_and_its_neighbour_is_run_again(host: DevhostProcess) -> None:
    hanging = begin(host, "hang")
    eventually(lambda: "hang" in host.lines_of("effects"), "it hangs")
    (old,) = workers_of(host)
    beside = begin(host, "stay_beside", "patient")
    text = "Activity function 'hang' failed: Timeout value of 00:00:03 was exceeded by function: Functions.hang"
    assert host.wait_for(hanging)["output"].startswith(f"failed: {text}")
    assert host.wait_for(beside)["output"] == "patient is done"
    assert host.lines_of("effects").count("hang") == 1
    assert run(host, "show_pid") != old.pid


def test_orchestrator_that_crashes_its_process_fails_after_three_attempts(host: DevhostProcess) -> None:
    status = host.wait_for(start(host, "crashing_orchestrator"))
    assert status["runtimeStatus"] == "Failed"
    assert (
        "WorkerProcessExitException: python exited with code 4 (0x4). The function was run 3 times"
        in status["output"]
    )
    assert host.lines_of("effects").count("crashing_orchestrator") == 3


def test_operation_that_crashes_its_process_fails_and_the_entity_goes_on(host: DevhostProcess) -> None:
    first, second, third = host.wait_for(start(host, "ask_entity"))["output"]
    assert (first, third) == (1, 2)
    assert "python exited with code 5 (0x5). The function was run 3 times" in second
    assert host.lines_of("effects").count("fragile") == 3


def test_activity_that_takes_too_much_memory_fails_alone(host: DevhostProcess) -> None:
    output = run(host, "allocate")
    assert "MemoryError" in output or "WorkerProcessExitException" in output
    assert isinstance(run(host, "show_pid"), int)


def test_request_whose_process_dies_is_answered_with_502(host: DevhostProcess) -> None:
    assert host.ask("POST", "/api/crash").status == 502
    assert "Executed 'Functions.crash_request' (Failed)" in host.output
    assert "python exited with code 6 (0x6)" in host.output


def test_result_that_is_no_answer_is_explained_in_the_log(host: DevhostProcess) -> None:
    assert host.ask("GET", "/api/dictionary").status == 500
    explained = "Functions.dictionary (Failed): dictionary returned dict. Return func.HttpResponse (or str)."
    assert host.output.count(explained) == 1


def test_large_bodies_go_both_ways_and_leave_no_file(host: DevhostProcess) -> None:
    answer = ask(host.origin, "POST", f"/api/size?answer={5 * MEGABYTE}", b"y" * (7 * MEGABYTE))
    assert answer.status == 200
    assert answer.headers["X-Size"] == str(7 * MEGABYTE)
    assert answer.body == b"x" * (5 * MEGABYTE)
    spool = host.folder / "state" / "devhost" / "spool"
    assert [path for path in spool.rglob("*") if path.is_file()] == []


def test_functions_run_in_the_hosts_own_process_on_request(tmp_path: Path) -> None:
    host = DevhostProcess(tmp_path, "--workers", "0", app=APP)
    assert workers_of(host) == []
    assert run(host, "show_pid") == host.process.pid
    assert host.stop() == 0


def test_work_spreads_over_the_workers_and_their_log_lines_name_them(own_host: DevhostProcess) -> None:
    first, second = workers_of(own_host)
    held = begin(own_host, "hang")
    eventually(lambda: "hang" in own_host.lines_of("effects"), "one worker is busy")
    assert run(own_host, "show_pid") in (first.pid, second.pid)
    assert "failed: " in own_host.wait_for(held)["output"]
    assert {first.pid, second.pid} & {worker.pid for worker in workers_of(own_host)}
    assert "{worker 1}" in own_host.output or "{worker 2}" in own_host.output


def test_workers_die_with_a_killed_host_and_what_they_ran_is_run_again(own_host: DevhostProcess) -> None:
    workers = workers_of(own_host)
    assert len(workers) == 2
    interrupted = begin(own_host, "stay_beside", "interrupted")
    eventually(lambda: "beside interrupted" in own_host.lines_of("effects"), "it runs")
    own_host.kill()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []
    own_host.start()
    assert own_host.wait_for(interrupted)["output"] == "interrupted is done"


def test_stopped_host_leaves_no_worker(own_host: DevhostProcess) -> None:
    workers = workers_of(own_host)
    assert own_host.stop() == 0
    assert not any(worker.is_running() for worker in workers)


def test_app_that_cannot_be_loaded_is_explained_by_its_worker(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text("import no_such_module\n")
    host = DevhostProcess(tmp_path, "--workers", "2", app=app)
    assert host.process.wait(60) == 1
    assert "function_app.py cannot be imported: No module named 'no_such_module'" in host.output
    assert "devhost/worker" not in host.output


def test_process_that_ends_while_it_loads_the_app_is_reported(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text("import os\nos._exit(9)\n")
    host = DevhostProcess(tmp_path, "--workers", "1", app=app)
    assert host.process.wait(60) == 1
    assert "The worker process ended while it loaded the app: python exited with code 9" in host.output


def test_unusable_number_of_workers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCTIONS_WORKER_PROCESS_COUNT", "many")
    host = DevhostProcess(tmp_path, app=APP)
    assert host.process.wait(60) == 1
    assert 'FUNCTIONS_WORKER_PROCESS_COUNT is "many". Give a whole number from 0 to 32' in host.output
    assert os.environ["FUNCTIONS_WORKER_PROCESS_COUNT"] == "many"
