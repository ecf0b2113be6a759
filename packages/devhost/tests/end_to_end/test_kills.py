"""A host that is killed again and again, at random moments under load, loses nothing and does nothing twice."""

import http.client
import os
import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.devhost_process import PACKAGE, DevhostProcess
from tests.unit.engine.history_audit import DatabaseAudit
from tests.unit.functions.http_client import ask
from tests.waiting import eventually

KILLS = int(os.environ.get("DEVHOST_SIGKILLS", "30"))
ROUNDS = 2
STARTED_PER_LIFE = 4
WEBHOOKS = "/runtime/webhooks/durabletask"


class Load:
    """Starts instances and raises their events from a thread of its own, whether or not the host is alive."""

    def __init__(self, host: DevhostProcess) -> None:
        self._host = host
        self.accepted: list[str] = []

    def begin_life(self) -> threading.Thread:
        """Send this life's requests until the host dies."""
        thread = threading.Thread(target=self._send, args=(self._host.origin, len(self.accepted)))
        thread.start()
        return thread

    def _send(self, origin: str, first: int) -> None:
        try:
            for number in range(first, first + STARTED_PER_LIFE):
                instance_id = f"journey-{number}"
                # An earlier life may have accepted this start without answering it; it must not be repeated.
                if ask(origin, "GET", f"{WEBHOOKS}/instances/{instance_id}").status == 404:
                    answer = ask(origin, "POST", f"{WEBHOOKS}/orchestrators/journey/{instance_id}", document="0")
                    assert answer.status == 202, answer
                self.accepted.append(instance_id)
            for instance_id in self.accepted[-2 * STARTED_PER_LIFE :]:
                ask(origin, "POST", f"{WEBHOOKS}/instances/{instance_id}/raiseEvent/go", document=True)
        except (OSError, http.client.HTTPException):
            pass  # The host was killed.


@pytest.fixture
def host(tmp_path: Path) -> Iterator[DevhostProcess]:
    host = DevhostProcess(tmp_path, app=PACKAGE / "tests" / "apps" / "crash_sample")
    yield host
    host.kill()


@pytest.mark.timeout(60 + 20 * KILLS)
def test_kills_at_random_moments_lose_nothing_and_double_nothing(host: DevhostProcess, tmp_path: Path) -> None:
    chance = random.Random(int(os.environ.get("DEVHOST_KILLS_SEED", "17")))
    load, database = Load(host), tmp_path / "state" / "devhost" / "CrashSample.db"
    audit = DatabaseAudit(database)
    for _ in range(KILLS):
        sending = load.begin_life()
        _wait_for_progress(host, database, chance.randrange(1, 60))
        host.kill()
        sending.join()
        assert audit.look() == []
        host.start()
    load.begin_life().join()

    assert len(load.accepted) > KILLS
    for instance_id in load.accepted:
        status = host.wait_for(instance_id)
        assert (status["runtimeStatus"], status["output"]) == ("Completed", [2 * ROUNDS - 1, 2 * ROUNDS])
    assert _counted(host, "all") == len(load.accepted) * ROUNDS
    assert host.stop() == 0
    assert audit.look(is_finished=True) == []
    traces = {f"work {instance_id}-{number}" for instance_id in load.accepted for number in range(ROUNDS)}
    expected = {f"{trace}-{part}" for trace in traces for part in ("0", "1", "child")}
    assert {line for line in host.lines_of("effects") if line.startswith("work ")} == expected
    assert "will be tried again" not in (tmp_path / "host.log").read_text()


def _wait_for_progress(host: DevhostProcess, database: Path, messages: int) -> None:
    """Wait until the host has taken some more messages."""
    begun_at = _messages_so_far(database)
    eventually(lambda: _messages_so_far(database) >= begun_at + messages, f"{messages} more messages")


def _messages_so_far(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'inbox'").fetchone()
    return int(row[0]) if row else 0


def _counted(host: DevhostProcess, key: str) -> int:
    total: int = host.ask("GET", f"{WEBHOOKS}/entities/counter/{key}").json
    return total
