"""Kills engines in their own processes by SIGKILL, and audits their databases."""

import json
import os
import random
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from tests.crashes.every_commit_load import EveryCommitLoad
from tests.crashes.lives import DATABASE, Ends
from tests.crashes.program_load import ProgramLoad
from tests.unit.engine.history_audit import DatabaseAudit

PACKAGE = Path(__file__).parents[2]
_MOST_REPORTS, _MOST_SPINS = 60, 200_000
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="This system has neither fork nor SIGKILL.")


@dataclass(frozen=True)
class DeathAtCommit:
    """A process kills itself just before or just after one of its commits, counted from 1."""

    commit: int
    is_after: bool


@dataclass(frozen=True)
class DeathAtAnyMoment:
    """A process is killed from outside, some turns of a loop after a number of reports (two for each commit)."""

    reports: int
    spins: int

    @classmethod
    def drawn(cls, chance: random.Random) -> Self:
        """Draw a moment: one death in six comes while the database is opened or soon after, the others later."""
        return cls(
            chance.choice([0, *(chance.randrange(_MOST_REPORTS) for _ in range(5))]), chance.randrange(_MOST_SPINS)
        )


class Killer:
    """Runs lives in processes of their own and kills them.

    Args:
        log: receives the engines' errors and Python's warnings.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        # The durable SDK warns of an event that comes before an orchestrator waits for it.
        quiet = "ignore:Potential duplicate Task completion:UserWarning"
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-W", quiet, "-m", "tests.crashes.killer"],
                cwd=PACKAGE,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Without more orders, the process ends once its current life has ended.
        self._process.communicate()

    @property
    def log(self) -> str:
        """The engines' errors and Python's warnings."""
        return self._log.read_text()

    def order(self, **order: Any) -> dict[str, Any]:
        """Order a life and return its outcome."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or '{"error": "The killer is dead."}')
        assert "error" not in answer, f"{answer['error']}\n{self.log[-5000:]}"
        return answer


class Lives:
    """The lives of one database; each death is followed by an audit.

    Args:
        killer: runs and ends them.
        folder: where the database and the journals are.
        load: the engine's work.

    Attributes:
        kills: number of deaths so far.
        commits: number of commits of the last life.
    """

    def __init__(self, killer: Killer, folder: Path, load: ProgramLoad | EveryCommitLoad) -> None:
        self._killer, self._folder = killer, folder
        self._load = {"part": load.part} if isinstance(load, EveryCommitLoad) else {"programs": load.programs}
        self._audit = DatabaseAudit(folder / DATABASE)
        self.kills = self.commits = 0

    def live(self, death: DeathAtCommit | DeathAtAnyMoment | None = None) -> Ends | None:
        """Live once more; returns the load's outcome, or None if the process was killed before its end."""
        ended = self._killer.order(folder=str(self._folder), death=death and asdict(death), **self._load)
        self.commits = ended["commits"]
        ends: Ends | None = ended.get("ends")
        assert (ends is None) == ended["is_killed"], f"{ended}\n{self._killer.log[-5000:]}"
        faults = self._audit.look(is_finished=ends is not None)
        assert not faults, "\n".join([f"after {self.kills} kills and then {death}:", *faults])
        self.kills += ends is None
        return ends

    def live_to_the_end(self) -> Ends:
        """Live without a death."""
        ends = self.live()
        assert ends is not None
        return ends
