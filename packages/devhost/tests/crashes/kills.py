"""Engines that are killed by SIGKILL, in processes of their own, and what is found in their databases."""

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
    """A process kills itself at one of its commits, counted from 1, just before it or just after."""

    commit: int
    is_after: bool


@dataclass(frozen=True)
class DeathAtAnyMoment:
    """A process is killed from outside, some turns of a loop after so many reports (two for each commit)."""

    reports: int
    spins: int

    @classmethod
    def drawn(cls, chance: random.Random) -> Self:
        """Draw a moment: of six deaths one comes while the database is opened or soon after, the others later."""
        return cls(
            chance.choice([0, *(chance.randrange(_MOST_REPORTS) for _ in range(5))]), chance.randrange(_MOST_SPINS)
        )


class Killer:
    """Runs lives in processes of their own and kills them.

    Args:
        log: gets what the engines log as errors, and what Python warns of.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        # What the durable SDK says of an event that comes before anybody waits for it.
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
        # No more orders: it ends by itself, after the life that it may be at.
        self._process.communicate()

    @property
    def log(self) -> str:
        """What went wrong inside the engines, though the load may not have noticed."""
        return self._log.read_text()

    def order(self, **order: Any) -> dict[str, Any]:
        """Have a life lived; returns what became of it."""
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
        load: what the engine is to do.

    Attributes:
        kills: so many deaths were there.
        commits: so many commits had the last life.
    """

    def __init__(self, killer: Killer, folder: Path, load: ProgramLoad | EveryCommitLoad) -> None:
        self._killer, self._folder = killer, folder
        self._load = {"part": load.part} if isinstance(load, EveryCommitLoad) else {"programs": load.programs}
        self._audit = DatabaseAudit(folder / DATABASE)
        self.kills = self.commits = 0

    def live(self, death: DeathAtCommit | DeathAtAnyMoment | None = None) -> Ends | None:
        """Live once more; returns what came of the load, or None when death came before."""
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
