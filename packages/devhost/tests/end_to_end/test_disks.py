"""Bad disks, and a second host on the same state: a message names the fault and the remedy; nothing is lost."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

import pytest

from tests.end_to_end.devhost_process import LAUNCHER, DevhostProcess
from tests.unit.engine.history_audit import DatabaseAudit
from tests.unit.functions.http_client import Answer
from tests.waiting import eventually

HUB = "DurableSample.db"
WEBHOOKS = "/runtime/webhooks/durabletask"
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
# Without these capabilities, file permissions bind the superuser too.
AS_ANYBODY = (
    "import ctypes, os, sys;"
    f"ctypes.CDLL(None).prctl({PR_CAPBSET_DROP}, {CAP_DAC_OVERRIDE}, 0, 0, 0) and sys.exit('cannot be dropped');"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
WITHOUT_PRIVILEGES = LAUNCHER if os.geteuid() else (sys.executable, "-c", AS_ANYBODY, *LAUNCHER)
IMPATIENT = (
    "import runpy; from devhost.engine import database; database._BUSY_TIMEOUT_SECONDS = 0.1;"
    "runpy.run_module('devhost', run_name='__main__')"
)
ON_A_DISK_OF_4_MB = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"'
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", ON_A_DISK_OF_4_MB)


class StartHost(Protocol):
    """Starts hosts; takes what ``DevhostProcess`` takes."""

    def __call__(self, folder: Path, *options: str, launcher: Sequence[str] = LAUNCHER) -> DevhostProcess: ...


@pytest.fixture
def start_host() -> Iterator[StartHost]:
    """Starts hosts; none outlives the test."""
    hosts: list[DevhostProcess] = []

    def start(folder: Path, *options: str, launcher: Sequence[str] = LAUNCHER) -> DevhostProcess:
        hosts.append(DevhostProcess(folder, *options, launcher=launcher))
        return hosts[-1]

    yield start
    for host in hosts:
        host.kill()


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a killed host: a finished instance, in the database and its write-ahead log."""
    folder = tmp_path_factory.mktemp("killed")
    host = DevhostProcess(folder)
    host.begin("greet_everyone", ["Ada"], "done")
    host.wait_for("done")
    host.kill()
    return folder / "state"


@pytest.fixture
def state(left_behind: Path, tmp_path: Path) -> Path:
    """A copy of that folder with every file that a host reads."""
    shutil.copytree(left_behind, tmp_path / "state")
    return tmp_path / "state" / "devhost"


def refusal(start_host: StartHost, folder: Path, launcher: tuple[str, ...] = LAUNCHER) -> str:
    """The one line in which a host says why it cannot start. The files of its database are as they were."""
    before = contents(folder / "state")
    host = start_host(folder, launcher=launcher)
    assert host.process.wait(60) == 1
    assert contents(folder / "state") == before
    # The app may have been listed by then.
    *listed, text = host.output.splitlines()
    assert not any("Traceback" in line or HUB in line for line in listed), host.output
    return text


def contents(state: Path) -> dict[str, bytes]:
    """Bytes of the files that hold instances."""
    files = [path for path in state.rglob(f"{HUB}*") if path.suffix in (".db", ".db-wal")]
    return {path.name: found for path in files if (found := path.read_bytes())}


def damage(database: Path, table: str) -> None:
    """Destroy the page on which a table begins."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


def test_a_state_folder_that_cannot_be_written_is_reported_and_nothing_is_lost(
    start_host: StartHost, state: Path, tmp_path: Path
) -> None:
    state.chmod(0o555)
    text = refusal(start_host, tmp_path, WITHOUT_PRIVILEGES)
    assert f"The state folder {state} cannot be written to: Permission denied." in text
    assert "--state-dir" in text


def test_a_database_file_that_cannot_be_written_is_reported_and_nothing_is_lost(
    start_host: StartHost, state: Path, tmp_path: Path
) -> None:
    (state / HUB).chmod(0o444)
    host = start_host(tmp_path, launcher=WITHOUT_PRIVILEGES)
    assert host.process.wait(60) == 1
    assert host.output.count("\n") == 1
    assert f"{HUB} cannot be used: attempt to write a readonly database. Give the host a folder" in host.output
    (state / HUB).chmod(0o644)
    host = start_host(tmp_path, launcher=WITHOUT_PRIVILEGES)
    assert host.status("done")["output"] == ["Hello Ada!"]
    assert start_one(host).status == 202
    assert host.stop() == 0


@pytest.mark.parametrize("part", ["header", "inbox_by_instance"])
def test_a_damaged_database_is_reported_and_left_as_it_is(
    start_host: StartHost, state: Path, tmp_path: Path, part: str
) -> None:
    if part == "header":
        (state / f"{HUB}-wal").unlink()
        (state / HUB).write_bytes(b"\xa5" * 100 + (state / HUB).read_bytes()[100:])
    else:
        damage(state / HUB, part)
    text = refusal(start_host, tmp_path)
    assert str(state / HUB) in text
    assert "Move the file and its -wal away to start afresh" in text


def test_a_damaged_page_in_the_middle_is_reported_when_it_is_read(
    start_host: StartHost, state: Path, tmp_path: Path
) -> None:
    damage(state / HUB, "history")
    host = start_host(tmp_path)
    assert host.status("done")["output"] == ["Hello Ada!"]
    answer = host.ask("GET", f"{WEBHOOKS}/instances/done?showHistory=true")
    assert_explained(answer, host, "malformed. Move the file")
    assert host.stop() == 0
    assert "Traceback" not in host.output


def test_a_second_host_on_the_same_state_is_refused_and_the_first_goes_on(
    start_host: StartHost, tmp_path: Path
) -> None:
    first = start_host(tmp_path)
    first.begin("hold", None, "held")
    (tmp_path / "second").mkdir()
    second = start_host(tmp_path / "second", "--state-dir", str(tmp_path / "state"))
    assert second.process.wait(60) == 1
    assert second.output.count("\n") == 1
    database = tmp_path / "state" / "devhost" / HUB
    assert f"The database {database} is in use by another running host." in second.output
    assert "Stop that host, or give this one a folder of its own with --state-dir." in second.output
    assert_it_goes_on(first)


def test_a_locked_database_is_reported_and_work_goes_on_once_it_is_free(
    start_host: StartHost, tmp_path: Path
) -> None:
    host = start_host(tmp_path, launcher=(sys.executable, "-c", IMPATIENT))
    host.begin("hold", None, "held")
    eventually(lambda: host.lines_of("attempts"), "the activity runs")
    with closing(sqlite3.connect(tmp_path / "state" / "devhost" / HUB, isolation_level=None)) as another_tool:
        another_tool.execute("BEGIN IMMEDIATE")
        assert_explained(start_one(host), host, "locked. End what else writes to the file")
        (tmp_path / "release").touch()
        eventually(lambda: "it will be tried again. The database" in host.output, "the failed write is reported")
    assert_it_goes_on(host)


@pytest.fixture
def small_disk(start_host: StartHost, tmp_path: Path) -> DevhostProcess:
    """A host whose state is on a disk of its own, which only the host's process sees."""
    if not shutil.which("unshare"):
        pytest.skip("This system has no unshare, which gives a process disks of its own.")
    (tmp_path / "state").mkdir()
    probe = subprocess.run([*UNSHARE, str(tmp_path / "state"), "true"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"No disk can be made here: {probe.stderr.strip()}")
    return start_host(tmp_path, launcher=(*UNSHARE, str(tmp_path / "state"), *LAUNCHER))


def test_a_full_disk_is_reported_and_work_goes_on_once_there_is_room(small_disk: DevhostProcess) -> None:
    host, folder = small_disk, small_disk.folder
    disk = Path(f"/proc/{host.process.pid}/root{folder}/state")
    host.begin("hold", None, "held")
    eventually(lambda: host.lines_of("attempts"), "the activity runs")
    fill(disk / "ballast")
    assert_explained(start_one(host), host, "full. Free some space on the disk")
    (folder / "release").touch()
    eventually(lambda: "it will be tried again. The database" in host.output, "the failed write is reported")
    (disk / "ballast").unlink()
    assert_it_goes_on(host, disk)


def fill(ballast: Path) -> None:
    """Write until there is no room for another byte."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"0" * 1024)


def start_one(host: DevhostProcess) -> Answer:
    """Start an instance through the host's own webhook, without the app."""
    return host.ask("POST", f"{WEBHOOKS}/orchestrators/greet_everyone/another", json.dumps(["Bob"]))


def assert_explained(answer: Answer, host: DevhostProcess, remedy: str) -> None:
    """The answer names the file and the remedy."""
    assert answer.status == 500, answer
    assert str(host.folder / "state" / "devhost" / HUB) in answer.body.decode()
    assert remedy in answer.body.decode()


def assert_it_goes_on(host: DevhostProcess, disk: Path | None = None) -> None:
    """Work from before completes and counts once, and new work can begin."""
    (host.folder / "release").touch()
    assert host.wait_for("held")["output"] == ["Hello before!", 1]
    assert start_one(host).status == 202
    assert host.wait_for("another")["output"] == ["Hello Bob!"]
    database = (disk or host.folder / "state") / "devhost" / HUB
    eventually(lambda: DatabaseAudit(database).look(is_finished=True) == [], "all has come to rest")
    assert host.stop() == 0
    assert "Traceback" not in host.output
