"""The life of the process: start, stop, kill, and what it resumes."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import psutil

from tests.unit.emulators import sample_documents
from tests.unit.emulators.emulator_process import READY, EmulatorProcess
from tests.waiting import eventually


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_ready_line_names_the_free_port_and_sigterm_ends_it_with_its_workers(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path) as emulators:
        emulators.analyze(sample_documents.digital_pdf())
        workers = emulators.children()
        exit_code = emulators.end(signal.SIGTERM)

    assert emulators.first_line.startswith(READY + "http://127.0.0.1:")
    assert exit_code == 0
    assert workers
    assert not any(map(is_alive, workers))


def test_files_are_for_their_owner_only_and_nothing_that_is_refused_is_logged(tmp_path: Path) -> None:
    """Guards against documents that other users of the machine can read, and against keys in the log."""
    before = os.umask(0)
    (tmp_path / "emulators" / "results").mkdir(parents=True)
    (tmp_path / "emulators" / "lock").touch()
    try:
        emulators = EmulatorProcess(tmp_path)
    finally:
        os.umask(before)
    with emulators:
        operation = emulators.submit(sample_documents.digital_pdf())
        eventually(lambda: emulators.poll(operation)["status"] == "succeeded", "it is done")
        with socket.create_connection(("127.0.0.1", int(emulators.url.rpartition(":")[2]))) as connection:
            connection.sendall(
                b"GET /s3cr3t HTTP/1.1\r\nHost: localhost\r\nOcp-Apim-Subscription-Key: s3cr3t\0\r\n\r\n"
            )
            assert b"400" in connection.recv(65536).splitlines()[0]
        folder = tmp_path / "emulators"
        modes = {path.relative_to(folder).as_posix(): path.stat().st_mode for path in (folder, *folder.rglob("*"))}
        emulators.process.send_signal(signal.SIGTERM)
        _, logged = emulators.process.communicate(timeout=60)
    assert {"lock", "emulators.sqlite3", "emulators.sqlite3-wal", "results"} <= modes.keys()
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
    assert ("A request was refused" in logged, "s3cr3t" in logged) == (True, False)


def test_port_in_use_is_one_line_that_names_port_and_setting(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "first") as first:
        port = first.url.rpartition(":")[2]
        second = EmulatorProcess(tmp_path / "second", port=int(port))
        _, complaint = second.process.communicate(timeout=60)

    assert second.process.returncode == 1
    assert complaint.count("\n") == 1
    assert port in complaint
    assert "EMULATOR_PORT" in complaint


def test_kill_leaves_no_worker_and_the_next_start_finishes_what_was_submitted(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path) as killed:
        finished = killed.submit(sample_documents.digital_pdf())
        eventually(lambda: killed.poll(finished)["status"] == "succeeded", "the first operation is done")
        # Many pages, so that the kill comes during the work.
        unfinished = killed.submit(sample_documents.digital_pdf(page_count=1500))
        workers = killed.children()
        killed.end(signal.SIGKILL)

    eventually(lambda: not any(map(is_alive, workers)), "the orphaned workers are gone")
    with EmulatorProcess(tmp_path) as restarted:
        assert restarted.poll(finished)["status"] == "succeeded"
        assert restarted.poll(unfinished)["status"] == "running"
        eventually(lambda: restarted.poll(unfinished)["status"] == "succeeded", "the resumed operation is done")
        usage = restarted.get("/usage")["documentIntelligence"]
        leftovers = list((tmp_path / "emulators" / "documents").iterdir())
    assert (usage["submissions"], usage["pages"]) == (2, 1501)
    assert leftovers == []
