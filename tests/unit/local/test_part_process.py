"""One part as a process, shown on small programs."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psutil
import pytest

from local.errors import PartDied, PartNotReady
from local.part_process import Part, PartProcess
from tests.unit.local.waiting import wait_until

ROOT = Path(__file__).parents[3]
READY_THEN_WAIT = (
    "import pathlib, time; print('at work', flush=True); pathlib.Path('ready').touch(); time.sleep(60)"
)


class PartFactory(Protocol):
    """Makes a part from Python source. It is ready once the file `ready` exists."""

    def __call__(
        self, source: str, ready_within_seconds: float = 60.0, stop_within_seconds: float = 15.0
    ) -> PartProcess: ...


@pytest.fixture
def make_part(tmp_path: Path) -> Iterator[PartFactory]:
    """Makes parts, and kills them at the end of the test."""
    made: list[PartProcess] = []

    def make(source: str, ready_within_seconds: float = 60.0, stop_within_seconds: float = 15.0) -> PartProcess:
        command, is_ready = [sys.executable, "-c", source], (tmp_path / "ready").exists
        part = Part("helper", command, is_ready, ready_within_seconds, stop_within_seconds)
        made.append(PartProcess(part, tmp_path / "logs" / "helper.log", os.environ, tmp_path))
        return made[-1]

    yield make
    for process in made:
        process.kill()


def is_gone(pid: int) -> bool:
    """Whether no such process runs; one that only waits to be collected does not run."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_part_starts_writes_its_log_and_stops_on_sigterm(make_part: PartFactory) -> None:
    process = make_part(READY_THEN_WAIT)
    process.start()
    process.wait_until_ready()
    pid = process.pid
    assert pid is not None

    process.stop()

    assert is_gone(pid)
    assert process.pid is None
    assert process.log.read_text() == "at work\n"


def test_the_log_of_a_part_is_for_its_owner_only_also_one_from_before(make_part: PartFactory) -> None:
    """Guards against documents' names and errors that other users of the machine can read."""
    process = make_part(READY_THEN_WAIT)
    process.log.parent.mkdir()
    process.log.touch(0o666)
    process.log.chmod(0o666)
    process.start()
    assert [oct(path.stat().st_mode & 0o777) for path in (process.log.parent, process.log)] == ["0o700", "0o600"]


def test_a_part_keeps_the_process_id_it_was_started_with(make_part: PartFactory, tmp_path: Path) -> None:
    process = make_part(
        "import os, pathlib, time; pathlib.Path('ready').write_text(str(os.getpid())); time.sleep(60)"
    )
    process.start()
    process.wait_until_ready()

    wait_until(lambda: (tmp_path / "ready").read_text() != "", "the part wrote its id")
    assert process.pid == int((tmp_path / "ready").read_text())


def test_a_part_that_dies_is_named_with_its_exit_code_and_the_end_of_its_log(make_part: PartFactory) -> None:
    process = make_part("import sys; print('no disk left', flush=True); sys.exit(3)")
    process.start()

    with pytest.raises(
        PartDied, match=r"(?s)helper ended by itself \(exit code 3\).*helper\.log:\n  \| no disk left"
    ):
        process.wait_until_ready()


def test_a_part_that_was_killed_is_noticed(make_part: PartFactory) -> None:
    process = make_part(READY_THEN_WAIT)
    process.start()
    process.wait_until_ready()
    process.check_running()

    pid = process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    wait_until(lambda: is_gone(pid), "the part is gone")
    with pytest.raises(PartDied, match="signal 9"):
        process.check_running()


def test_a_part_that_never_answers_is_given_up(make_part: PartFactory) -> None:
    process = make_part("import time; time.sleep(60)", ready_within_seconds=0.2)
    process.start()

    with pytest.raises(PartNotReady, match=r"(?s)helper was not ready after 0 s.*\(empty\)"):
        process.wait_until_ready()


def test_a_part_deaf_to_sigterm_is_killed_after_its_grace(make_part: PartFactory) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    process = make_part(deaf + READY_THEN_WAIT, stop_within_seconds=0.2)
    process.start()
    process.wait_until_ready()
    pid = process.pid
    assert pid is not None

    process.stop()

    assert is_gone(pid)
    assert "helper did not stop within 0 s and was killed" in process.log.read_text()


def test_helpers_of_a_part_go_with_it(make_part: PartFactory, tmp_path: Path) -> None:
    process = make_part(
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path('child').write_text(str(child.pid)); pathlib.Path('ready').touch(); time.sleep(60)"
    )
    process.start()
    process.wait_until_ready()

    process.stop()

    child = int((tmp_path / "child").read_text())
    wait_until(lambda: is_gone(child), "the part's own child is gone")


def test_a_part_outlives_the_thread_that_started_it(make_part: PartFactory) -> None:
    process = make_part(READY_THEN_WAIT)
    thread = threading.Thread(target=process.start)
    thread.start()
    thread.join()

    process.wait_until_ready()
    process.check_running()


def test_stopping_twice_and_stopping_what_never_started_do_nothing(make_part: PartFactory) -> None:
    process = make_part(READY_THEN_WAIT)
    process.stop()
    process.start()
    process.stop()
    process.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot tie a process to its starter")
def test_a_part_goes_when_its_supervisor_is_killed_outright(tmp_path: Path) -> None:
    supervisor_source = (
        "import os, pathlib, sys, time\n"
        "from local.part_process import Part, PartProcess\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        f"part = Part('helper', [sys.executable, '-c', {READY_THEN_WAIT!r}], (folder / 'ready').exists)\n"
        "process = PartProcess(part, folder / 'helper.log', os.environ, folder)\n"
        "process.start(); process.wait_until_ready()\n"
        "print(process.pid, flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", supervisor_source]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        assert not is_gone(pid)
        supervisor.kill()

    wait_until(lambda: is_gone(pid), "the part went with its supervisor")
